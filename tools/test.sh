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
# A container gets what it lacks; on somebody's own machine the tests that need
# it are skipped, and say so.
install_package() {
  if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install \
      -qq --yes --no-install-recommends "$1") >/dev/null ||
      echo "$1 cannot be installed here: its tests are skipped."
  fi
}

# Google's reader of metadata, which needs an old protobuf, and libusb.
reads_metadata() {
  .venv-metadata/bin/python -c "import tflite_support" 2>/dev/null
}
if (make_env .venv-metadata tflite-support==0.4.4 'numpy<2') &&
  { reads_metadata || { install_package libusb-1.0-0 && reads_metadata; }; }; then
  export METADATA_PYTHON=$PWD/.venv-metadata/bin/python
else
  echo "tflite-support cannot be installed or run here: its test is skipped."
fi
# The page's runtime, and the browser that tests it.
for package in npm chromium chromium-driver; do
  command -v "${package/chromium-driver/chromedriver}" >/dev/null ||
    install_package "$package"
done
if command -v npm >/dev/null; then
  npm ci --silent --no-audit --no-fund --prefix official/cyclegan/web ||
    echo "LiteRT.js cannot be installed here: its tests are skipped."
fi
.venv-test/bin/ruff check .
.venv-test/bin/ruff format --check .
# A file's tests share what they have trained, so files are shared out whole.
exec .venv-test/bin/python -m pytest --numprocesses=auto --dist=loadfile "$@"
