#!/usr/bin/env bash
# Runs the lint and type checks and the test suite, setting up what they need.
#
#   tools/test.sh [--fast] [PYTEST ARGUMENT ...]
#
# --fast is for the daily loop: it leaves out the tests marked slow, and sets up
# only the main environment, so that tests which need another one are skipped.
# So does a choice of tests. Without either all tests run with the Python that
# env.sh finds, and those that touch TensorFlow again with the other stack
# (README); for CYCLEGAN_ONE_STACK=1, without. Those of the TFX pipeline and of
# what Beam does beside TensorFlow take an environment of 3 GB of their own, which
# tools/tfx_env.sh makes first; for CYCLEGAN_TFX=0 they are skipped.
# Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/env.sh

fast=
if [[ ${1:-} == --fast ]]; then
  fast=1
  shift
fi
both=
if [[ -z $fast && $# == 0 && ${CYCLEGAN_ONE_STACK:-} != 1 ]]; then
  both=1
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
  (make_env .venv-litert litert) || {
    echo "ai-edge-litert cannot be installed here: its test is skipped."
    return 1
  }
}

# Google's reader of metadata, which needs an old Python and protobuf, and libusb.
reads_metadata() {
  .venv-metadata/bin/python -c "import tflite_support" 2>/dev/null
}
make_metadata_env() {
  (CYCLEGAN_PYTHON=$(search_python 3.11 3.10 3.9) &&
    make_env .venv-metadata metadata) &&
    { reads_metadata || { install_package libusb-1.0-0 && reads_metadata; }; } || {
    echo "tflite-support cannot be installed or run here: its test is skipped."
    return 1
  }
}

# Sets other_python and other_stack to what runs the stack that the main
# environment does not have; other_python is empty if nothing does.
find_other_stack() {
  local main versions others version
  main=$(find_python) || exit 2
  if [[ $(stack_of "$main") == keras3 ]]; then
    other_stack=keras2
    versions="3.11 3.10 3.9"
    others=""
  else
    other_stack=keras3
    versions="3.13 3.12"
    others="3.11 3.10"  # which have it only if asked
  fi
  # shellcheck disable=SC2086  # several words
  other_python=$(search_python $versions) && return
  for version in $versions $others; do
    [[ -z $(apt-cache madison "python$version-venv" 2>/dev/null) ]] ||
      install_package "python$version-venv"
  done
  # shellcheck disable=SC2086
  other_python=$(search_python $versions || search_python $others) ||
    other_python=
}
make_other_env() {
  (export CYCLEGAN_PYTHON=$other_python CYCLEGAN_STACK=$other_stack
    make_env ".venv-test-$other_stack" package dev)
}

# What touches TensorFlow: nearly all but what reads text or draws, and what
# runs Beam in the environment of LITERT_PYTHON, the same for both stacks. What
# takes long beside little of TensorFlow, as pages in a browser and faults of
# disks do, is marked one_stack.
tensorflow_tests() {
  find tests -name '*_test.py' ! -path 'tests/core/*' ! -path 'tests/scenes/*' \
    ! -path tests/layering_test.py ! -path tests/translate_many_lib_test.py \
    ! -path tests/pipeline/restyling_test.py ! -path tests/tools/lock_test.py \
    ! -path tests/tools/scripts_test.py
  echo tests/core/{command,cpu_tuning,devices,stack}_test.py
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

# Most modules of the environments are never imported.
export CYCLEGAN_UNCOMPILED=1
# Where it is set, all that runs below would compile anew.
unset PYTHONDONTWRITEBYTECODE
# What the main environment does without is installed beside it: its packages
# take longest. Only one job calls apt-get, which lets no second one in.
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
if [[ -n $both ]]; then
  find_other_stack
fi
if [[ -z $fast ]]; then
  make_litert_env &
  litert_job=$!
  { status=0; make_metadata_env || status=1; install_page; exit $status; } &
  metadata_job=$!
fi
make_env .venv-test package dev
if [[ -n $both && -n $other_python ]]; then
  # The same folder is installed by both: one after the other.
  make_other_env
fi
if [[ -z $fast ]]; then
  if wait $litert_job; then
    export LITERT_PYTHON=$PWD/.venv-litert/bin/python
  fi
  if wait $metadata_job; then
    export METADATA_PYTHON=$PWD/.venv-metadata/bin/python
  fi
  if [[ $# == 0 && ${CYCLEGAN_TFX:-} != 0 ]]; then
    # Of a Python of its own: only some have TFX.
    (unset CYCLEGAN_PYTHON && tools/tfx_env.sh) ||
      echo "TFX cannot be installed here: its tests are skipped."
  fi
  if [[ -f .venv-tfx/.installed && ${CYCLEGAN_TFX:-} != 0 ]]; then
    export TFX_PYTHON=$PWD/.venv-tfx/bin/python
  fi
fi

.venv-test/bin/ruff check .
.venv-test/bin/ruff format --check .
types_job=
if [[ -n $both && -n $other_python ]]; then
  check_types ".venv-test-$other_stack" &
  types_job=$!
fi
check_types .venv-test
[[ -z $types_job ]] || wait $types_job
# A file's tests share what they have trained, so files are shared out whole,
# in the order of conftest: the longest first. Some tests wait more than they
# compute: three run on two cores.
workers=$(($(getconf _NPROCESSORS_ONLN) * 3 / 2))
run_tests() {
  local folder=$1
  shift
  "$folder/bin/python" -m pytest --numprocesses="$workers" \
    --dist=loadfile --no-loadscope-reorder "$@"
}
# What needs Beam beside TensorFlow, which only TFX's environment has.
beam_tests() {
  grep -rlE '"(apache_beam|google_crc32c)"' tests/pipeline
}
status=0
run_tests .venv-test ${fast:+-m "not slow"} "$@" || status=$?
if [[ -n ${TFX_PYTHON:-} && -z $fast && $# == 0 ]]; then
  echo "With Beam, in TFX's environment:"
  # shellcheck disable=SC2046  # several names
  "$TFX_PYTHON" -m pytest --quiet $(beam_tests) || status=$?
fi
if [[ -n $both && -n $other_python ]]; then
  echo "The other stack, $other_stack, with $("$other_python" --version):"
  unset TFX_PYTHON  # what it runs is the same for both stacks
  # shellcheck disable=SC2046  # many names
  run_tests ".venv-test-$other_stack" -m "not one_stack" \
    $(tensorflow_tests) || status=$?
elif [[ -n $both ]]; then
  echo "The stack $other_stack was NOT tested: no Python for it was found or" \
    "could be installed. CYCLEGAN_ONE_STACK=1 does without it." >&2
  status=1
fi
exit $status
