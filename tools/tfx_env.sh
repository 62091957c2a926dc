#!/usr/bin/env bash
# Makes an environment in which the pipeline runs: TensorFlow Extended 1.15.
#
#   tools/tfx_env.sh [FOLDER]      (.venv-tfx)
#
# pip cannot resolve what TFX asks for: all is installed from a lock file, every
# archive with its checksum, and nobody's wishes are looked at. "pip check" has
# complaints, which are known: protobuf is newer than tensorflow-metadata likes,
# and Google's cloud is left out. Python 3.10 or 3.11, Linux on x86-64; 3 GB.
# Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
set -euo pipefail
start=$PWD
cd "$(dirname "$0")/.."
source tools/env.sh

folder=${1:-.venv-tfx}
[[ $folder == /* || $# == 0 ]] || folder=$start/$folder
[[ $(uname -sm) == "Linux x86_64" ]] ||
  fail "TFX's own libraries are for Linux on x86-64 only."
# As for the other environments CYCLEGAN_PYTHON names another interpreter.
python=${CYCLEGAN_PYTHON:-$(search_python 3.10 3.11)} ||
  fail "Python 3.10 or 3.11 with venv is needed."
version=$(python_version "$python") || version=none
[[ $version == 3.10 || $version == 3.11 ]] ||
  fail "$python is no Python 3.10 or 3.11 with venv, which TFX needs."
lock=requirements/tfx-$version.txt
wanted="$(cat setup.py "$lock" | cksum) $python"
if [[ -f $folder/.installed && $(<"$folder/.installed") == "$wanted" ]]; then
  exit
fi
free=$(df -Pm . | awk 'NR == 2 { print $4 }')
((free >= _NEEDED_MB)) ||
  fail "$free MB are free here, $_NEEDED_MB MB are needed. Free some space."
echo "Installing TFX into $folder (once), with Python $version ..."
"$python" -m venv --clear "$folder" || fail "cannot create $folder."
install "$folder" --upgrade -r requirements/pip.txt ||
  fail "pip cannot be upgraded. Check the network."
# TFX is plain Python and runs on 3.11, though it says that it does not.
install "$folder" --no-build-isolation --no-deps --ignore-requires-python \
  -r "$lock" || fail "installing $lock failed. Check the network and try again."
# Of another stack's choice there is nothing here.
env -u CYCLEGAN_STACK "$folder/bin/python" -m pip install --quiet \
  --disable-pip-version-check --no-index --no-deps --no-build-isolation -e . ||
  fail "this package cannot be installed into $folder."
echo "$wanted" > "$folder/.installed"
echo "Made. $folder/bin/python -m official.cyclegan.pipeline --help"
