# Copyright 2026 The CycleGAN Authors.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""Writes the lock files: every package with its version and its checksums.

  pip install uv
  python tools/lock.py [--upgrade] [NAME ...]

`requirements/py311.txt` is what setup.py asks for on Python 3.11, and
`py311-dev.txt` what its extra `dev` adds; `py311-keras3.txt` is of the newer
stack where that is not the interpreter's own. `tools/env.sh` installs from them
with `--require-hashes`. Versions that are locked already stay, unless they are
to be upgraded. After each change of setup.py run this: a file says of which
requirements it is made, and `tests/tools/lock_test.py` compares that.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pathlib
import runpy
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import Any
from unittest import mock

from packaging import requirements as packaging_requirements

ROOT = pathlib.Path(__file__).absolute().parents[1]
FOLDER = ROOT / "requirements"
# What installs all other packages, and builds those that have no wheels:
# without known holes.
_BUILD = ["setuptools>=78.1.1,<81", "wheel>=0.46.2"]
_PIP = ["pip>=26", *_BUILD]
# A machine without TensorFlow, such as a worker of Beam's; and Google's reader
# of .tflite files' metadata, which needs an old Python.
_METADATA = ["tflite-support==0.4.4", "numpy<2"]
# TFX 1.15, which asks for all of Google's cloud and for Jupyter, and which pip
# cannot resolve: what its local runner, and the compiler for Kubeflow, import.
# Put into an environment without looking at what packages ask for
# (tools/tfx_env.sh). docker and kubernetes are imported only.
_TFX = [
  "apache-beam==2.60.0",
  "attrs<24",
  "click<9",
  "docker<5",
  "google-api-core==2.30.3",  # those after it need a newer protobuf
  "google-api-python-client<2",
  "google-apitools<1",
  "googleapis-common-protos==1.75.0",
  "proto-plus==1.28.2",
  "ipykernel",  # which ipywidgets imports without asking for it
  "ipywidgets<8",
  "kfp-pipeline-spec==0.3.0",
  "kubernetes<13",
  "ml-metadata==1.15.0",
  "portpicker<2",
  "pyarrow<11",
  "scipy<1.13",
  "tensorflow-data-validation==1.15.1",
  "tensorflow-metadata==1.15.0",
  "tensorflow-model-analysis==0.46.0",
  "tensorflow-transform==1.15.0",
  "google-crc32c>=1.5",  # of evaluate_many and its kind
  "pytest>=7",  # for the tests that need Beam beside TensorFlow
  "tfx-bsl==1.15.1",
]
# Plain Python that runs on 3.11 as well, though it does not say so.
_TFX_ITSELF = ["ml-pipelines-sdk==1.15.1", "tfx==1.15.1"]
_TFX_PYTHONS = ("3.10", "3.11")
# Maps of what older ones write come in another order each time.
_TFX_OVERRIDES = [
  "protobuf==4.25.9",
  *(
    f"{name}; python_version<'3'"  # never
    for name in (
      "google-cloud-aiplatform",
      "google-cloud-bigquery",
      "google-cloud-bigquery-storage",
      "google-cloud-bigtable",
      "google-cloud-core",
      "google-cloud-datastore",
      "google-cloud-dlp",
      "google-cloud-language",
      "google-cloud-monitoring",
      "google-cloud-pubsub",
      "google-cloud-pubsublite",
      "google-cloud-recommendations-ai",
      "google-cloud-spanner",
      "google-cloud-storage",
      "google-cloud-videointelligence",
      "google-cloud-vision",
      "keyrings-google-artifactregistry-auth",
      "opentelemetry-resourcedetector-gcp",
      "widgetsnbextension",
    )
  ),
]
# uv takes no notice of Pythons that a package is too new for.
_LIMITS = ["backports-strenum<1.3; python_version>='3.11'"]
_PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
# Where there is a bash: on Windows a Linux inside of it.
_SYSTEMS = {"linux": "Linux", "darwin": "Darwin"}
_MACHINES = ("x86_64", "arm64", "aarch64")
_OF = "# Made by tools/lock.py of requirements with the SHA-256 "


def names() -> list[str]:
  """Returns the names of all lock files, those of extras after their own."""
  found = ["pip", "litert", "metadata"]
  found += [f"tfx-{python}" for python in _TFX_PYTHONS]
  for python in _PYTHONS:
    base = f"py{python.replace('.', '')}"
    found += [base, f"{base}-dev"]
    if python in ("3.10", "3.11"):
      found += [f"{base}-keras3", f"{base}-keras3-dev"]
  return found


def wanted(name: str) -> list[str]:
  """Returns the requirements that a lock file is made of, sorted.

  Args:
    name: One of `names`. A `-dev` file has those of its own only.
  """
  if name == "pip":
    return _PIP
  if name == "metadata":
    return sorted(_METADATA)
  stack = "keras3" if "keras3" in name else ""
  asked = _setup(stack)
  if name == "litert":
    extras = asked["extras_require"]
    return sorted({*extras["ondevice"], *extras["beam"]})
  python = python_of(name)
  if name.startswith("tfx-"):
    every = [*asked["install_requires"], *_BUILD, *_TFX, *_TFX_ITSELF]
    return sorted(r for r in every if _applies(r, python))
  every = (
    asked["extras_require"]["dev"]
    if name.endswith("-dev")
    else [*asked["install_requires"], *_BUILD]
  )
  return sorted(r for r in every if _applies(r, python))


def python_of(name: str) -> str:
  """Returns the Python of a lock file; of those for several the lowest."""
  if name.startswith("tfx-"):
    return name.removeprefix("tfx-")
  if not name.startswith("py"):
    return _PYTHONS[0]
  digits = name.split("-")[0][2:]
  return f"{digits[0]}.{digits[1:]}"


def digest(name: str) -> str:
  """Returns the SHA-256 of the requirements that a lock file is made of."""
  every = [*wanted(name), *_LIMITS]
  if name.startswith("tfx-"):
    every += _TFX_OVERRIDES
  if name.endswith("-dev"):  # it must fit what it adds to
    every = [*every, digest(name[: -len("-dev")])]
  return hashlib.sha256("\n".join(every).encode()).hexdigest()


def locked(name: str) -> dict[str, list[str]]:
  """Returns the versions in a lock file by package, several by their marks.

  Raises:
    ValueError: If a package has no version or no checksum.
  """
  found: dict[str, list[str]] = {}
  text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
  for block in text.replace("\\\n", " ").splitlines():
    if not block.strip() or block.lstrip().startswith("#"):
      continue
    stated, *checksums = block.split("--hash=sha256:")
    if not checksums or any(len(c.strip()) != 64 for c in checksums):
      raise ValueError(f"{stated.strip()} has no checksum in {name}.txt.")
    requirement = packaging_requirements.Requirement(stated.strip())
    (pin,) = requirement.specifier
    if pin.operator != "==":
      raise ValueError(f"{stated.strip()} is no single version.")
    found.setdefault(_folded(requirement.name), []).append(pin.version)
  return found


def is_current(name: str) -> bool:
  """Says whether a lock file is made of what is asked for now."""
  path = FOLDER / f"{name}.txt"
  if not path.exists():
    return False
  with path.open(encoding="utf-8") as file:
    return file.readline() == f"{_OF}{digest(name)}.\n"


def _folded(name: str) -> str:
  return name.lower().replace("_", "-").replace(".", "-")


def _setup(stack: str) -> dict[str, Any]:
  """Returns what setup.py passes on for a stack, empty for the Python's own."""
  with (
    mock.patch("setuptools.setup") as call,
    mock.patch.dict(os.environ, CYCLEGAN_STACK=stack),
  ):
    runpy.run_path(str(ROOT / "setup.py"))
  return dict(call.call_args.kwargs)


def _applies(requirement: str, python: str) -> bool:
  """Says whether a requirement counts for a Python on any platform."""
  marker = packaging_requirements.Requirement(requirement).marker
  return marker is None or any(
    marker.evaluate(
      {
        "sys_platform": system,
        "platform_system": name,
        "platform_machine": machine,
        "python_version": python,
        "python_full_version": f"{python}.0",
      }
    )
    for system, name in _SYSTEMS.items()
    for machine in _MACHINES
  )


def _places(name: str) -> list[str]:
  """Returns marks of the machines that a lock file is for."""
  if name.startswith("tfx-"):  # others have no ml-metadata
    return [
      f"python_version == '{python_of(name)}' and sys_platform == 'linux' and"
      " platform_machine == 'x86_64' and"
      " platform_python_implementation == 'CPython'"
    ]
  newer = "keras3" in name or python_of(name) in ("3.12", "3.13")
  places = []
  for system in _SYSTEMS:
    place = (
      f"python_version == '{python_of(name)}' and sys_platform == '{system}'"
      " and platform_python_implementation == 'CPython'"
    )
    if newer and system == "darwin":  # TensorFlow 2.21 has none for others
      place += " and platform_machine == 'arm64'"
    places.append(place)
  return places


def _resolve(uv: Sequence[str], name: str, upgrade: bool) -> str:
  """Returns a lock file's text."""
  python = python_of(name)
  with tempfile.TemporaryDirectory() as folder:
    given = pathlib.Path(folder, "asked.in")
    made = pathlib.Path(folder, "made.txt")
    earlier = FOLDER / f"{name}.txt"
    if earlier.exists() and not upgrade:
      made.write_text(earlier.read_text(encoding="utf-8"), encoding="utf-8")
    every = [r for r in wanted(name) if r not in _TFX_ITSELF]
    base = FOLDER / f"{name[: -len('-dev')]}.txt"
    if name.endswith("-dev"):
      every += wanted(base.stem)
    given.write_text("\n".join(every) + "\n", encoding="utf-8")
    limits = pathlib.Path(folder, "limits.txt")
    limits.write_text("\n".join(_LIMITS) + "\n", encoding="utf-8")
    command = [*uv, "pip", "compile", str(given), "--output-file", str(made)]
    command += ["--constraint", str(limits)]
    command += ["--universal", "--python-version", python, "--quiet"]
    command += ["--generate-hashes", "--no-header", "--no-annotate"]
    if name.startswith("tfx-"):
      other = pathlib.Path(folder, "overrides.txt")
      other.write_text("\n".join(_TFX_OVERRIDES) + "\n", encoding="utf-8")
      command += ["--override", str(other)]
    if name.startswith(("py", "tfx-")):  # else it is for several
      text = f"[tool.uv]\nenvironments = {json.dumps(_places(name))}\n"
      pathlib.Path(folder, "pyproject.toml").write_text(text, encoding="utf-8")
    if name.endswith("-dev"):
      command += ["--constraint", str(base)]
    if upgrade:
      command.append("--upgrade")
    subprocess.run(command, cwd=folder, check=True)
    text = made.read_text(encoding="utf-8")
    if name.startswith("tfx-"):
      text += _without_dependencies(uv, _TFX_ITSELF, folder)
  if name.endswith("-dev"):
    text = _without(text, locked(base.stem))
  return f"{_OF}{digest(name)}.\n{text}"


def _without_dependencies(
  uv: Sequence[str], packages: Sequence[str], folder: str
) -> str:
  """Returns lines of a lock file for these packages and nothing else."""
  given = pathlib.Path(folder, "alone.in")
  given.write_text("\n".join(packages) + "\n", encoding="utf-8")
  command = [*uv, "pip", "compile", str(given), "--no-deps", "--quiet"]
  command += ["--python-version", _TFX_PYTHONS[0]]
  command += ["--generate-hashes", "--no-header", "--no-annotate"]
  done = subprocess.run(
    command, cwd=folder, check=True, capture_output=True, text=True
  )
  return done.stdout


def _without(text: str, packages: dict[str, list[str]]) -> str:
  """Returns a lock file's text without the lines of some packages."""
  kept, keep = [], True
  for line in text.splitlines(keepends=True):
    if not line.startswith((" ", "\t")):
      keep = _folded(line.split("==")[0].strip()) not in packages
    if keep:
      kept.append(line)
  return "".join(kept)


def main() -> None:
  """Makes the files that are asked for, else all."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("names", nargs="*", metavar="NAME")
  parser.add_argument("--upgrade", action="store_true")
  arguments = parser.parse_args()
  found = shutil.which("uv")
  uv = [found] if found else [sys.executable, "-m", "uv"]
  for name in arguments.names or names():
    text = _resolve(uv, name, arguments.upgrade)
    (FOLDER / f"{name}.txt").write_text(text, encoding="utf-8")
    print(f"requirements/{name}.txt")


if __name__ == "__main__":
  main()
