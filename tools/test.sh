#!/usr/bin/env bash
# Runs the lint and type checks and the test suite, setting up what they need.
#
#   tools/test.sh [--fast] [PYTEST ARGUMENT ...]
#
# --fast is for the daily loop: it leaves out the tests marked slow, and sets up
# only the main environment, so that tests which need another one are skipped.
# Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/env.sh

fast=
if [[ ${1:-} == --fast ]]; then
  fast=1
  shift
fi

# A container gets what it lacks; on somebody's own machine the tests that need
# it are skipped, and say so.
apt_updated=
install_package() {
  if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    { [[ -n $apt_updated ]] || apt-get update -qq; } >/dev/null &&
      apt_updated=1 &&
      DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes \
        --no-install-recommends "$1" >/dev/null ||
      echo "$1 cannot be installed here: its tests are skipped."
  fi
}

# What a phone-sized machine has: no TensorFlow.
make_litert_env() {
  (make_env .venv-litert ai-edge-litert==2.3.0 absl-py numpy pillow tqdm) || {
    echo "ai-edge-litert cannot be installed here: its test is skipped."
    return 1
  }
}

# Google's reader of metadata, which needs an old protobuf, and libusb.
reads_metadata() {
  .venv-metadata/bin/python -c "import tflite_support" 2>/dev/null
}
make_metadata_env() {
  (make_env .venv-metadata tflite-support==0.4.4 'numpy<2') &&
    { reads_metadata || { install_package libusb-1.0-0 && reads_metadata; }; } || {
    echo "tflite-support cannot be installed or run here: its test is skipped."
    return 1
  }
}

# The page's runtime, and the browser that tests it.
install_page() {
  local package
  for package in npm chromium chromium-driver; do
    command -v "${package/chromium-driver/chromedriver}" >/dev/null ||
      install_package "$package"
  done
  if command -v npm >/dev/null; then
    npm ci --silent --no-audit --no-fund --prefix official/cyclegan/web ||
      echo "LiteRT.js cannot be installed here: its tests are skipped."
  fi
}

# What the main environment does without is installed beside it: its packages
# take longest. Only one job calls apt-get, which lets no second one in.
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
if [[ -z $fast ]]; then
  make_litert_env &
  litert_job=$!
  { status=0; make_metadata_env || status=1; install_page; exit $status; } &
  metadata_job=$!
fi
make_env .venv-test -e '.[dev]'
if [[ -z $fast ]]; then
  if wait $litert_job; then
    export LITERT_PYTHON=$PWD/.venv-litert/bin/python
  fi
  if wait $metadata_job; then
    export METADATA_PYTHON=$PWD/.venv-metadata/bin/python
  fi
fi

.venv-test/bin/ruff check .
.venv-test/bin/ruff format --check .
check_types
# A file's tests share what they have trained, so files are shared out whole,
# in the order of conftest: the longest first. Some tests wait more than they
# compute: three run on two cores.
workers=$(($(getconf _NPROCESSORS_ONLN) * 3 / 2))
exec .venv-test/bin/python -m pytest --numprocesses="$workers" \
  --dist=loadfile --no-loadscope-reorder ${fast:+-m "not slow"} "$@"
