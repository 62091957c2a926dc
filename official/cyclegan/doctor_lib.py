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
"""Examines a machine: versions, pins, features, devices, and a tiny training.

What may be broken is imported by other processes, so that a package that ends
its process, as those compiled for another numpy do, is one line of the result.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from official.cyclegan.core import cpu_tuning
from official.cyclegan.core import errors
from official.cyclegan.core import memory

OK, NOTE, BROKEN = "ok", "note", "BROKEN"
_DISTRIBUTION = "cyclegan-garden"
_INSTALL = "pip install -e . in the folder of this package"
# Named at the top; where this package is not installed, the packages whose own
# requirements are looked through.
_SHOWN = (
  "tensorflow",
  "keras",
  "tensorflow-addons",
  "numpy",
  "ai-edge-litert",
  "keras-tuner",
  "tensorflow-datasets",
  "pillow",
  "protobuf",
)
_GB = 1e9
_LITTLE_MEMORY = 2.0  # GB: a training at 256 pixels takes about that
_LITTLE_DISK = 4.0  # GB: an environment and a first run
_IMPORT_SECONDS = 900.0  # a machine may be busy
_STEP_SECONDS = 900.0  # of the self-test, on a machine that is busy
_PROCESSOR_FILE = pathlib.Path("/proc/cpuinfo")
# NVIDIA's cards compute float16 by tensor cores from this on (Volta).
_HALF_PRECISION_CAPABILITY = [7, 0]


@dataclasses.dataclass(frozen=True)
class Feature:
  """Something that this package can do.

  Attributes:
    name: What, for people.
    modules: What is imported for it; of alternatives in one string, divided by
      `|`, one is enough.
    needed: Whether doing without is a fault.
    remedy: What to do if it is missing.
  """

  name: str
  modules: tuple[str, ...]
  needed: bool
  remedy: str


# Modules of this package bring in all that they need of others.
FEATURES = (
  Feature(
    "train, distill, evaluate",
    ("tensorflow", "official.cyclegan.train_lib"),
    True,
    f'{_INSTALL}; README, "Two stacks", says for which Python',
  ),
  Feature("export", ("official.cyclegan.export_lib",), True, _INSTALL),
  Feature(
    "translate with .tflite files",
    (
      "official.cyclegan.translate_lib",
      "ai_edge_litert.interpreter|tensorflow.lite",
    ),
    True,
    "pip install ai-edge-litert",
  ),
  Feature(
    "export of int4, int8_mixed and int16x8",
    ("litert_quantizer.quantizer",),
    False,
    "pip install litert-quantizer; Python 3.10 or newer",
  ),
  Feature("tune", ("official.cyclegan.tune_lib",), False, _INSTALL),
  Feature(
    "studio",
    ("starlette", "uvicorn"),
    False,
    "pip install -e .[studio]",
  ),
  Feature("reports and model cards", ("jinja2", "matplotlib"), False, _INSTALL),
  Feature(
    "HEIC pictures",
    ("pillow_heif|pi_heif",),
    False,
    "pip install pillow-heif",
  ),
  Feature("AVIF pictures", ("PIL._avif",), False, "pip install -U pillow"),
  Feature("TIFF of every kind", ("tifffile",), False, "pip install tifffile"),
  Feature("videos and cameras", ("av",), False, "pip install av"),
  Feature("shell completion", ("shtab",), False, "pip install shtab"),
)


@dataclasses.dataclass(frozen=True)
class Finding:
  """One line of the result.

  Attributes:
    topic: The heading that it belongs to.
    name: What was looked at.
    state: `OK`; `NOTE` for what is missing but need not be there; `BROKEN`.
    text: What was found, in one line.
    remedy: What to do about it; empty if nothing needs to be done.
  """

  topic: str
  name: str
  state: str
  text: str
  remedy: str = ""


def examine(self_test: bool = False) -> list[Finding]:
  """Looks at everything.

  Args:
    self_test: Whether to draw, train, export and translate as well.

  Returns:
    What was found, in the order in which it is shown.
  """
  findings = [*_machine(), *_packages(), *_pins()]
  answers = _import_all(
    name for feature in FEATURES for name in _names(feature)
  )
  findings += [_feature(feature, answers) for feature in FEATURES]
  findings.append(_page_runtime())
  devices = answers.get("tensorflow", {}).get("devices")
  if devices is not None:
    findings += _accelerators(devices)
  findings.append(_half_precision(devices or []))
  if self_test:
    findings += _self_test()
  return findings


def is_well(findings: Sequence[Finding]) -> bool:
  """Returns whether nothing that is needed is broken."""
  return all(finding.state != BROKEN for finding in findings)


def table(findings: Sequence[Finding]) -> str:
  """Returns the findings as text with a line for each.

  Args:
    findings: From `examine`.
  """
  width = max(len(finding.name) for finding in findings)
  lines: list[str] = []
  topic = ""
  for finding in findings:
    if finding.topic != topic:
      topic = finding.topic
      lines += ["", topic] if lines else [topic]
    mark = "" if finding.state == OK else f"{finding.state}: "
    remedy = f" -> {finding.remedy}" if finding.remedy else ""
    lines.append(f"  {finding.name:<{width}}  {mark}{finding.text}{remedy}")
  broken = sum(finding.state == BROKEN for finding in findings)
  lines += ["", f"{broken} broken." if broken else "Nothing is broken."]
  return "\n".join(lines)


def answer(path: str, *names: str) -> None:
  """Imports modules one after the other, and writes how each went.

  For the processes that `examine` starts.

  Args:
    path: The file for the answers, a line of JSON each: first that a module is
      begun, then how it went.
    *names: The modules.
  """
  with open(path, "a", encoding="utf-8") as file:
    for name in names:
      _write_line(file, {"name": name, "begun": True})
      found: dict[str, Any] = {"name": name}
      try:
        importlib.import_module(name)
        if name == "tensorflow":
          found["devices"] = _tensorflow_devices()
      except ModuleNotFoundError as error:
        found["missing"] = error.name or name
      except Exception as error:  # whatever a package's import raises
        found["error"] = f"{type(error).__name__}: {errors.first_line(error)}"
      _write_line(file, found)


def _write_line(file: TextIO, values: dict[str, Any]) -> None:
  """Writes a line that is on disk even if the process ends at once."""
  file.write(json.dumps(values) + "\n")
  file.flush()


# What is here.


def _machine() -> Iterator[Finding]:
  """Yields what the machine is, and what is free on it."""
  topic = "machine"
  yield Finding(topic, "system", OK, platform.platform())
  cores = _usable_cores()
  yield Finding(topic, "processor", OK, f"{_processor()}, {cores} cores")
  free = memory.free_memory() / _GB if _knows_memory() else None
  if free is None:
    yield Finding(topic, "free memory", NOTE, "unknown", "pip install psutil")
  else:
    little = free < _LITTLE_MEMORY
    yield Finding(
      topic,
      "free memory",
      NOTE if little else OK,
      f"{free:.1f} GB",
      "close other programs, or use a smaller --crop_size" if little else "",
    )
  for name, folder in (
    ("free disk here", os.curdir),
    ("free disk for temporary files", tempfile.gettempdir()),
  ):
    try:
      free_disk = shutil.disk_usage(folder).free / _GB
    except OSError as error:
      yield Finding(topic, name, NOTE, f"unknown ({error.strerror})")
      continue
    little = free_disk < _LITTLE_DISK
    yield Finding(
      topic,
      name,
      NOTE if little else OK,
      f"{free_disk:.1f} GB",
      "free some space" if little else "",
    )


def _knows_memory() -> bool:
  """Returns whether the free memory can be found out."""
  try:
    memory.free_memory()
  except ModuleNotFoundError:
    return False
  return True


def _usable_cores() -> int:
  """Returns how many cores this process may use."""
  try:
    return len(os.sched_getaffinity(0))
  except AttributeError:  # not on macOS
    return os.cpu_count() or 1


def _processor() -> str:
  """Returns the processor's name."""
  try:
    text = _PROCESSOR_FILE.read_text(encoding="utf-8", errors="replace")
    found = re.search(r"^model name\s*:\s*(.+)", text, re.MULTILINE)
  except OSError:
    found = None
  name = found[1] if found else platform.processor()
  return name or platform.machine()


def _packages() -> Iterator[Finding]:
  """Yields the versions of what computes."""
  topic = "versions"
  yield Finding(topic, "python", OK, platform.python_version())
  version = _version(_DISTRIBUTION)
  yield Finding(
    topic,
    _DISTRIBUTION,
    OK if version else NOTE,
    version or "not installed; it is run from its source",
    "" if version else f"{_INSTALL}, so that its pins can be checked",
  )
  for name in _SHOWN:
    version = _version(name)
    if version:
      yield Finding(topic, name, OK, version)


def _version(distribution: str) -> str | None:
  """Returns the version that is installed, if any."""
  try:
    return importlib.metadata.version(distribution)
  except importlib.metadata.PackageNotFoundError:
    return None


# Whether what is here fits together.


def _pins() -> Iterator[Finding]:
  """Yields which installed packages are not those that others ask for."""
  topic = "pins"
  try:
    conflicts = list(_conflicts())
  except ModuleNotFoundError:
    yield Finding(topic, "pins", NOTE, "unknown", "pip install packaging")
    return
  for name, by, found, asked in conflicts:
    own = by == _DISTRIBUTION
    text = f"{found}, but {by} needs {asked or 'it'}"
    remedy = f"{_INSTALL}, in an environment of its own"
    yield Finding(topic, name, BROKEN if own else NOTE, text, remedy)
  if not conflicts:
    yield Finding(topic, "pins", OK, "the installed packages fit together")


def _conflicts() -> Iterator[tuple[str, str, str, str]]:
  """Yields what does not suit who asks for it.

  Yields:
    A package, who asks for it, the version that is installed or that none is,
    and which is asked for.
  """
  from packaging import requirements

  roots = [_DISTRIBUTION] if _version(_DISTRIBUTION) else list(_SHOWN)
  waiting, seen = list(roots), set(roots)
  while waiting:
    by = waiting.pop(0)
    try:
      texts = importlib.metadata.requires(by) or []
    except importlib.metadata.PackageNotFoundError:
      continue  # said of who asks for it
    for text in texts:
      try:
        requirement = requirements.Requirement(text)
      except requirements.InvalidRequirement:  # of old packages
        continue
      if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
        continue
      name = re.sub(r"[-_.]+", "-", requirement.name).lower()
      version = _version(name)
      asked = str(requirement.specifier)
      if version is None:
        yield name, by, "not installed", asked
      elif not requirement.specifier.contains(version, prereleases=True):
        yield name, by, f"{version} is installed", asked
      if name not in seen:
        seen.add(name)
        waiting.append(name)


# What works.


def _names(feature: Feature) -> list[str]:
  """Returns all modules that a feature may import."""
  return [name for one in feature.modules for name in one.split("|")]


def _import_all(names: Iterable[str]) -> dict[str, dict[str, Any]]:
  """Imports modules in other processes; returns how each went, by name."""
  waiting = list(dict.fromkeys(names))
  answers: dict[str, dict[str, Any]] = {}
  with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "answers")
    while waiting:
      ended = _run_answer(path, waiting)
      for found in _read_answers(path):
        if not found.get("begun"):
          answers[found["name"]] = found
      left = [name for name in waiting if name not in answers]
      if left:  # it ended the process: the others get another one
        answers[left[0]] = {"error": ended}
      waiting = left[1:]
  return answers


def _run_answer(path: str, names: Sequence[str]) -> str:
  """Lets another process import modules; says how it ended."""
  module = __name__
  program = f"import sys; from {module.rpartition('.')[0]} import doctor_lib"
  program += "; doctor_lib.answer(*sys.argv[1:])"
  try:
    done = _run_python(["-c", program, path, *names], _IMPORT_SECONDS)
  except subprocess.TimeoutExpired:
    return f"importing it takes longer than {_IMPORT_SECONDS:.0f} s"
  return _ending(done)


def _run_python(
  arguments: Sequence[str], seconds: float
) -> subprocess.CompletedProcess:
  """Runs another process of this Python; raises `TimeoutExpired` if late."""
  return subprocess.run(
    [sys.executable, *arguments],
    env=_environment(),
    capture_output=True,
    text=True,
    errors="replace",
    check=False,
    timeout=seconds,
  )


def _read_answers(path: str) -> list[dict[str, Any]]:
  """Returns the answers so far."""
  try:
    lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
  except OSError:
    return []
  return [json.loads(line) for line in lines]


def _ending(done: subprocess.CompletedProcess) -> str:
  """Says in one line why a process failed."""
  if done.returncode < 0:
    name = signal.Signals(-done.returncode).name
    return f"importing or running it ends the process ({name})"
  lines = [line for line in done.stderr.splitlines() if line.strip()]
  return lines[-1].strip() if lines else f"exit status {done.returncode}"


def _environment() -> dict[str, str]:
  """Returns variables with which a process finds this package."""
  root = str(pathlib.Path(__file__).absolute().parents[2])
  searched = [root, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
  return {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(filter(None, searched)),
    "TF_CPP_MIN_LOG_LEVEL": "3",
  }


def _feature(feature: Feature, answers: dict[str, dict[str, Any]]) -> Finding:
  """Returns whether a feature works."""
  for alternatives in feature.modules:
    found = [answers[name] for name in alternatives.split("|")]
    if any("missing" not in one and "error" not in one for one in found):
      continue
    # What is there but broken says more than what is not there.
    worst = next((one for one in found if "error" in one), found[0])
    if "error" in worst:
      state, text = BROKEN, worst["error"]
    else:
      state = BROKEN if feature.needed else NOTE
      text = f"the package {worst['missing']} is not installed"
    return Finding("features", feature.name, state, text, feature.remedy)
  return Finding("features", feature.name, OK, "works")


def _page_runtime() -> Finding:
  """Returns whether the page in the browser has what it runs on."""
  name = "the page (demo, export --format=web)"
  try:
    from official.cyclegan.serving import web_page

    web_page.require_runtime()
  except errors.UserError:
    return Finding(
      "features",
      name,
      NOTE,
      "LiteRT.js is not installed",
      "npm ci --prefix official/cyclegan/web",
    )
  except Exception as error:  # of what it imports
    return Finding("features", name, NOTE, errors.first_line(error), _INSTALL)
  return Finding("features", name, OK, "works")


# Devices.


def _tensorflow_devices() -> list[dict[str, Any]]:
  """Returns TensorFlow's devices; computes something first."""
  import tensorflow as tf

  tf.reduce_sum(tf.random.normal([8, 8]))
  return [
    {
      "type": device.device_type,
      **{
        key: value
        for key, value in tf.config.experimental.get_device_details(
          device
        ).items()
        if key in ("device_name", "compute_capability")
      },
    }
    for device in tf.config.list_physical_devices()
  ]


def _accelerators(devices: Sequence[dict[str, Any]]) -> Iterator[Finding]:
  """Yields the accelerators that TensorFlow uses."""
  topic = "devices"
  faster = [d for d in devices if d["type"] in ("GPU", "TPU")]
  for device in faster:
    name = device.get("device_name", "")
    yield Finding(topic, device["type"], OK, name or "found")
  if not faster:
    driver = shutil.which("nvidia-smi")
    yield Finding(
      topic,
      "accelerator",
      NOTE if driver else OK,
      "TensorFlow sees none"
      + (", but NVIDIA's driver is here" if driver else ""),
      "pip install 'tensorflow[and-cuda]' in the same version"
      if driver
      else "",
    )


def _half_precision(devices: Sequence[dict[str, Any]]) -> Finding:
  """Returns which half precision is fast here."""
  types = {device["type"] for device in devices}
  if "GPU" in types:
    gpu = next(device for device in devices if device["type"] == "GPU")
    capability = list(gpu.get("compute_capability") or [0, 0])
    fast = capability >= _HALF_PRECISION_CAPABILITY
    text = "mixed_float16 is fast here" if fast else "float32 only"
  elif "TPU" in types:
    text = "mixed_bfloat16 is fast here"
  elif cpu_tuning.has_bfloat16():
    text = "mixed_bfloat16 is fast here (AVX-512 BF16 or AMX)"
  else:
    text = "the processor has no bfloat16 arithmetic: float32 is taken"
  return Finding("devices", "half precision", OK, text)


# A tiny training.


def _self_test() -> Iterator[Finding]:
  """Yields how drawing, training, exporting and translating went."""
  topic = "self-test"
  with tempfile.TemporaryDirectory(prefix="cyclegan_doctor_") as folder:
    root = pathlib.Path(folder)
    begun = time.monotonic()
    try:
      _draw(root / "pictures")
    except Exception as error:  # of any package that draws
      yield Finding(topic, "draw", BROKEN, errors.first_line(error))
      return
    yield Finding(topic, "draw", OK, _seconds(begun))
    for name, arguments in _commands(root):
      begun = time.monotonic()
      failure = _run_command(name, arguments)
      if failure:
        yield Finding(topic, name, BROKEN, failure)
        return
      yield Finding(topic, name, OK, _seconds(begun))
    made = len(list((root / "translated").glob("*.png")))
    wanted = len(list((root / "pictures" / "testA").iterdir()))
    yield Finding(
      topic,
      "result",
      OK if made == wanted else BROKEN,
      f"{made} of {wanted} pictures were translated",
    )


def _seconds(begun: float) -> str:
  return f"works, {time.monotonic() - begun:.1f} s"


def _draw(folder: pathlib.Path) -> None:
  """Draws a data set of a few pictures."""
  from official.cyclegan.data import image_files
  from official.cyclegan.scenes import fruit_scenes

  for stream, (split, count) in enumerate(
    (("trainA", 8), ("trainB", 8), ("testA", 2), ("testB", 2))
  ):
    (folder / split).mkdir(parents=True)
    for i in range(count):
      image = fruit_scenes.draw((stream, i), domain=split[-1], size=32)["image"]
      image_files.write(str(folder / split / f"{i}.png"), image)


def _commands(root: pathlib.Path) -> list[tuple[str, list[str]]]:
  """Returns the commands of the self-test, with their arguments."""
  run, export = root / "run", root / "export"
  return [
    (
      "train",
      [
        f"--dataset={root / 'pictures'}",
        f"--model_dir={run}",
        "--crop_size=32",
        "--generator_type=mobile",
        "--gen_n_filters=4",
        "--disc_n_filters=4",
        "--disc_n_layers=1",
        "--n_res_blocks=1",
        "--train_steps=20",
        "--noprobe",
      ],
    ),
    (
      "export",
      [
        f"--model_dir={run}",
        f"--output_dir={export}",
        "--quantization=float32",
        "--test_images=2",
      ],
    ),
    (
      "translate",
      [
        f"--model={export / 'g_AB.tflite'}",
        f"--input={root / 'pictures' / 'testA'}",
        f"--output={root / 'translated'}",
      ],
    ),
  ]


def _run_command(name: str, arguments: Sequence[str]) -> str:
  """Runs a command; returns why it failed, empty if it did not."""
  module = f"{__name__.rpartition('.')[0]}.{name}"
  try:
    done = _run_python(["-m", module, *arguments], _STEP_SECONDS)
  except subprocess.TimeoutExpired:
    return f"it takes longer than {_STEP_SECONDS:.0f} s"
  return "" if done.returncode == 0 else _ending(done)
