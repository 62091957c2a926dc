#!/usr/bin/env bash
# Runs the lint check and the whole test suite, setting up what they need.
#
#   tools/test.sh [PYTEST ARGUMENT ...]
# Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/env.sh

make_env .venv-test -e '.[dev]'
# What a phone-sized machine has: no TensorFlow.
if (make_env .venv-litert ai-edge-litert==2.3.0 absl-py numpy pillow tqdm); then
  export LITERT_PYTHON=$PWD/.venv-litert/bin/python
else
  echo "ai-edge-litert cannot be installed here: its test is skipped."
fi
# Google's reader of metadata, which needs an old protobuf.
if (make_env .venv-metadata tflite-support==0.4.4 'numpy<2'); then
  export METADATA_PYTHON=$PWD/.venv-metadata/bin/python
else
  echo "tflite-support cannot be installed here: its test is skipped."
fi
# The page's runtime, and the browser that tests it. A container gets what it
# lacks; on somebody's own machine those tests are skipped, and say so.
for package in npm chromium chromium-driver; do
  if ! command -v "${package/chromium-driver/chromedriver}" >/dev/null &&
    [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install \
      -qq --yes --no-install-recommends "$package") >/dev/null ||
      echo "$package cannot be installed here: its tests are skipped."
  fi
done
if command -v npm >/dev/null; then
  npm ci --silent --no-audit --no-fund --prefix official/cyclegan/web ||
    echo "LiteRT.js cannot be installed here: its tests are skipped."
fi
.venv-test/bin/ruff check .
.venv-test/bin/ruff format --check .
# A file's tests share what they have trained, so files are shared out whole.
exec .venv-test/bin/python -m pytest --numprocesses=auto --dist=loadfile "$@"
