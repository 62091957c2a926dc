#!/usr/bin/env bash
# Sourced by the other scripts: makes .venv once, from nothing but Python.
#
# CYCLEGAN_PYTHON names the interpreter to take, else it is the newest of
# _PYTHONS on the PATH, or elsewhere if the PATH has none. CYCLEGAN_STACK=keras3
# takes the newer stack on Python 3.10 and 3.11 too (setup.py). With
# CYCLEGAN_UNCOMPILED=1 modules are compiled when they are first imported, not all
# of them here, which takes half a minute to a minute and a half of processor
# time; not where PYTHONDONTWRITEBYTECODE is set for what runs later.
# Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.

_NEEDED_MB=4000  # what the environment and a first run take, with some room
_PYTHONS="3.13 3.12 3.11 3.10 3.9"

fail() {
  echo "${0##*/}: error: $*" >&2
  exit 2
}

# Prints the version of an interpreter that can make environments: 3.12.
python_version() {
  "$1" -c 'import ensurepip, sys, venv
print("%d.%d" % sys.version_info[:2])' 2>/dev/null
}

# search_python VERSION...: prints the first interpreter of the first of these
# versions on the PATH; if there is none, of the system's and of pyenv's own.
search_python() {
  local version candidate
  for version; do
    for candidate in "python$version" python3; do
      is_python "$version" "$candidate" && command -v "$candidate" && return
    done
  done
  for version; do
    for candidate in "/usr/bin/python$version" \
      "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python; do
      is_python "$version" "$candidate" && echo "$candidate" && return
    done
  done
  return 1
}
is_python() {
  [[ $(python_version "$2") == "$1" ]]
}

# Prints the interpreter to take.
find_python() {
  if [[ -n ${CYCLEGAN_PYTHON:-} ]]; then
    [[ " $_PYTHONS " == *" $(python_version "$CYCLEGAN_PYTHON") "* ]] ||
      fail "CYCLEGAN_PYTHON=$CYCLEGAN_PYTHON is no Python 3.9 to 3.13 with venv."
    echo "$CYCLEGAN_PYTHON"
    return
  fi
  # shellcheck disable=SC2086  # several words
  search_python $_PYTHONS && return
  fail "Python 3.9 to 3.13 with venv is needed (tensorflow has no release for" \
    "a newer one yet); found $(python3 --version 2>&1 || echo none)." \
    "Install one, e.g. apt-get install python3.13-venv."
}

# Prints the stack that setup.py installs for an interpreter.
stack_of() {
  local version
  version=$(python_version "$1")
  if [[ ${CYCLEGAN_STACK:-} == keras3 || ${version#3.} -ge 12 ]]; then
    echo keras3
  else
    echo keras2
  fi
}

# lock_of PYTHON: the name of the lock file with the package's requirements.
lock_of() {
  local version
  version=$(python_version "$1")
  if [[ ${CYCLEGAN_STACK:-} == keras3 && ${version#3.} -lt 12 ]]; then
    echo "py${version/./}-keras3"
  else
    echo "py${version/./}"
  fi
}

# install FOLDER ARGUMENT...: lets pip install what has the right checksum.
install() {
  local folder=$1
  shift
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check \
    ${CYCLEGAN_UNCOMPILED:+--no-compile} --require-hashes "$@"
}

# make_env FOLDER WHAT...: a virtual environment, installed only if FOLDER does
# not hold this already. WHAT is package, this package with all it needs; dev,
# what its tests need; or the name of a file in requirements/. All is installed
# from these files, every archive with its checksum.
make_env() {
  local folder=$1 wanted python what name package=
  local -a locks=()
  shift
  python=$(find_python) || exit 2
  for name; do
    case $name in
      package) package=1 locks+=("$(lock_of "$python")") ;;
      dev) locks+=("$(lock_of "$python")-dev") ;;
      *) locks+=("$name") ;;
    esac
  done
  locks=("${locks[@]/#/requirements/}")
  locks=("${locks[@]/%/.txt}")
  wanted="$* $(cat setup.py "${locks[@]}" | cksum)${CYCLEGAN_STACK:-} $python"
  if [[ -f $folder/.installed && $(<"$folder/.installed") == "$wanted" ]]; then
    return
  fi
  local free
  free=$(df -Pm . | awk 'NR == 2 { print $4 }')
  if ((free < _NEEDED_MB)); then
    fail "$free MB are free here, $_NEEDED_MB MB are needed. Free some space."
  fi
  what="Python $(python_version "$python")"
  if [[ -n $package ]]; then
    case $(stack_of "$python") in
      keras2) what+=", TensorFlow 2.15 and Keras 2" ;;
      keras3) what+=", TensorFlow 2.21 and Keras 3" ;;
    esac
  fi
  echo "Installing into $folder (once): $what ..."
  "$python" -m venv --clear "$folder" || fail "cannot create $folder."
  # Newer ones than come along: that of Python 3.9 takes many minutes.
  install "$folder" --upgrade -r requirements/pip.txt ||
    fail "pip cannot be upgraded. Check the network."
  # What has no wheel is built with what was just installed.
  install "$folder" --no-build-isolation "${locks[@]/#/-r}" ||
    fail "installing ${locks[*]} failed. Check the network and try again."
  if [[ -n $package ]]; then
    # Nothing of it is fetched: what builds it is among what is locked.
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check \
      --no-index --no-deps --no-build-isolation -e . ||
      fail "this package cannot be installed into $folder."
  fi
  echo "$wanted" > "$folder/.installed"
}

# check_types FOLDER: checks the types of the whole package with what make_env
# put there. What mypy remembers of one environment is of no use for another.
check_types() {
  if [[ -x $1/bin/mypy ]]; then
    "$1/bin/mypy" --cache-dir=".mypy_cache/${1##*/}"
  else
    echo "mypy needs Python 3.10: types are not checked."
  fi
}
