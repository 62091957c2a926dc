#!/usr/bin/env bash
# Sourced by the other scripts: makes .venv once, from nothing but python3.
# Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.

_NEEDED_MB=4000  # what the environment and a first run take, with some room

fail() {
  echo "${0##*/}: error: $*" >&2
  exit 2
}

# Prints the first interpreter of a supported version.
find_python() {
  local candidate
  for candidate in python3 python3.11 python3.10 python3.9; do
    if "$candidate" -c \
      'import sys, venv; sys.exit(not (3, 9) <= sys.version_info[:2] <= (3, 11))' \
      >/dev/null 2>&1; then
      echo "$candidate"
      return
    fi
  done
  fail "Python 3.9, 3.10 or 3.11 with venv is needed (tensorflow 2.15 has no" \
    "newer one); found $(python3 --version 2>&1 || echo none)." \
    "Install one, e.g. apt-get install python3.11-venv."
}

# make_env FOLDER PACKAGE...: a virtual environment, installed only if FOLDER
# does not hold these very packages already.
make_env() {
  local folder=$1 wanted python
  shift
  wanted="$* $(cksum < setup.py)"
  if [[ -f $folder/.installed && $(<"$folder/.installed") == "$wanted" ]]; then
    return
  fi
  python=$(find_python) || exit 2
  local free
  free=$(df -Pm . | awk 'NR == 2 { print $4 }')
  if ((free < _NEEDED_MB)); then
    fail "$free MB are free here, $_NEEDED_MB MB are needed. Free some space."
  fi
  echo "Installing into $folder (once) ..."
  "$python" -m venv --clear "$folder" || fail "cannot create $folder."
  # The pip that comes with Python 3.9 searches for many minutes where a newer
  # one finds the set of packages at once.
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check \
    --upgrade 'pip>=23.3' || fail "pip cannot be upgraded. Check the network."
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check \
    "$@" || fail "installing $* failed. Check the network and try again."
  echo "$wanted" > "$folder/.installed"
}

# Checks the types of the whole package with what make_env put into .venv-test.
check_types() {
  if [[ -x .venv-test/bin/mypy ]]; then
    .venv-test/bin/mypy
  else
    echo "mypy needs Python 3.10: types are not checked."
  fi
}
