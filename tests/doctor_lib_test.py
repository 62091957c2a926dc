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
import pathlib
import subprocess
import sys

import pytest

from official.cyclegan import doctor_lib
from official.cyclegan.doctor_lib import BROKEN
from official.cyclegan.doctor_lib import Feature
from official.cyclegan.doctor_lib import NOTE
from official.cyclegan.doctor_lib import OK
from tests import conftest


@pytest.fixture
def packages(monkeypatch, tmp_path):
  """A folder from which this process and those it starts import first."""
  monkeypatch.syspath_prepend(tmp_path)
  monkeypatch.setenv("PYTHONPATH", str(tmp_path))
  return tmp_path


def _install(
  folder: pathlib.Path, name: str, version: str, *needed: str
) -> None:
  """Pretends that a distribution is installed."""
  info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
  info.mkdir()
  lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
  lines += [f"Requires-Dist: {text}" for text in needed]
  (info / "METADATA").write_text("\n".join(lines) + "\n")


def _states(findings, topic):
  return {f.name: f.state for f in findings if f.topic == topic}


def test_a_module_that_ends_its_process_is_one_line(packages):
  (packages / "aborts.py").write_text("import os\nos.abort()\n")
  (packages / "leaves.py").write_text("import os\nos._exit(3)\n")
  (packages / "raises.py").write_text(
    "raise ImportError('bad' + chr(10) + 'ABI')\n"
  )
  (packages / "needs.py").write_text("import not_there_at_all\n")
  (packages / "fine.py").write_text("print('noise')\n")
  names = ["fine", "aborts", "raises", "leaves", "needs", "json"]
  answers = doctor_lib._import_all(names)
  assert sorted(answers) == sorted(names)
  assert answers["aborts"]["error"].endswith("(SIGABRT)")
  assert answers["leaves"]["error"] == "exit status 3"
  assert answers["raises"]["error"] == "ImportError: bad"
  assert answers["needs"]["missing"] == "not_there_at_all"
  for name in ("fine", "json"):
    assert not {"error", "missing"} & set(answers[name])


@pytest.mark.slow
@pytest.mark.one_stack
def test_a_module_that_never_ends_does_not_hold_it_up(packages, monkeypatch):
  monkeypatch.setattr(doctor_lib, "_IMPORT_SECONDS", 2.0)
  (packages / "hangs.py").write_text("import time\ntime.sleep(600)\n")
  answers = doctor_lib._import_all(["hangs"])
  assert "longer than 2 s" in answers["hangs"]["error"]


@pytest.mark.parametrize(
  ("modules", "needed", "state", "text"),
  [
    (("works",), True, OK, "works"),
    (("works", "works|lacks"), True, OK, "works"),
    (("lacks|works",), True, OK, "works"),
    (("lacks",), True, BROKEN, "the package x is not installed"),
    (("lacks",), False, NOTE, "the package x is not installed"),
    (("works", "breaks"), False, BROKEN, "ABI"),
    (("lacks|breaks",), False, BROKEN, "ABI"),
  ],
)
def test_a_feature_needs_all_modules_or_one_of_alternatives(
  modules, needed, state, text
):
  answers = {
    "works": {},
    "lacks": {"missing": "x"},
    "breaks": {"error": "ABI"},
  }
  feature = Feature("it", modules, needed, "do this")
  found = doctor_lib._feature(feature, answers)
  assert (found.state, found.text) == (state, text)
  assert found.remedy == ("" if state == OK else "do this")


def test_pins_of_this_package_that_do_not_hold_are_broken(packages):
  _install(
    packages,
    "cyclegan-garden",
    "0.7.0",
    "low>=2",
    "absent-one",
    "Fine_Too<2",
    "other-system>=9; sys_platform == 'none'",
    "extra-only>=9; extra == 'dev'",
  )
  _install(packages, "low", "1.9")
  _install(packages, "fine-too", "1.0rc1", "deep==2")
  _install(packages, "deep", "1.0")
  found = list(doctor_lib._pins())
  assert _states(found, "pins") == {
    "low": BROKEN,
    "absent-one": BROKEN,
    "deep": NOTE,  # works, as far as this package knows
  }
  texts = {finding.name: finding.text for finding in found}
  assert texts["low"] == "1.9 is installed, but cyclegan-garden needs >=2"
  assert texts["absent-one"] == "not installed, but cyclegan-garden needs it"
  assert texts["deep"] == "1.0 is installed, but fine-too needs ==2"
  assert not doctor_lib.is_well(found)


def test_pins_that_hold_and_circles_are_well(packages):
  _install(packages, "cyclegan-garden", "0.7.0", "one")
  _install(packages, "one", "1.0", "two>=1", "not a requirement at all")
  _install(packages, "two", "1.0", "one<2")
  assert _states(doctor_lib._pins(), "pins") == {"pins": OK}


def test_without_packaging_pins_are_unknown(packages, monkeypatch):
  monkeypatch.setitem(sys.modules, "packaging", None)
  (found,) = doctor_lib._pins()
  assert (found.state, found.remedy) == (NOTE, "pip install packaging")


@pytest.mark.parametrize(
  ("devices", "words"),
  [
    ([{"type": "GPU", "compute_capability": [8, 0]}], "mixed_float16"),
    ([{"type": "GPU", "compute_capability": [6, 1]}], "float32 only"),
    ([{"type": "CPU"}, {"type": "TPU"}], "mixed_bfloat16"),
  ],
)
def test_half_precision_is_that_of_the_accelerator(devices, words):
  assert words in doctor_lib._half_precision(devices).text


def test_half_precision_of_processors(monkeypatch):
  for has, words in ((True, "mixed_bfloat16"), (False, "float32 is taken")):
    monkeypatch.setattr(doctor_lib.cpu_tuning, "has_bfloat16", lambda h=has: h)
    assert words in doctor_lib._half_precision([{"type": "CPU"}]).text


def test_a_driver_without_a_gpu_in_tensorflow_is_said(monkeypatch):
  monkeypatch.setattr(doctor_lib.shutil, "which", lambda name: f"/bin/{name}")
  (found,) = doctor_lib._accelerators([{"type": "CPU"}])
  assert found.state == NOTE and "and-cuda" in found.remedy
  (found,) = doctor_lib._accelerators([{"type": "GPU", "device_name": "T4"}])
  assert (found.state, found.text) == (OK, "T4")


def test_little_memory_and_disk_are_said(monkeypatch):
  monkeypatch.setattr(doctor_lib.memory, "free_memory", lambda: 10**9)
  found = {f.name: f for f in doctor_lib._machine()}
  assert found["free memory"].state == NOTE
  assert found["free memory"].text == "1.0 GB"

  def lacks():
    raise ModuleNotFoundError("psutil")

  monkeypatch.setattr(doctor_lib.memory, "free_memory", lacks)
  found = {f.name: f for f in doctor_lib._machine()}
  assert found["free memory"].text == "unknown"


@pytest.mark.slow
def test_the_self_test_trains_exports_and_translates(monkeypatch):
  ran = []

  def run(name, arguments):
    ran.append(name)  # forked from a process that has TensorFlow already
    done = conftest.run_binary(name, *arguments)
    return "" if done.returncode == 0 else doctor_lib._ending(done)

  monkeypatch.setattr(doctor_lib, "_run_command", run)
  found = list(doctor_lib._self_test())
  assert [f.state for f in found] == [OK] * 5, doctor_lib.table(found)
  assert ran == ["train", "export", "translate"]
  assert found[-1].text == "2 of 2 pictures were translated"


def test_the_self_test_ends_at_what_fails(monkeypatch):
  def run(name, arguments):
    return "disk on fire" if name == "export" else ""

  monkeypatch.setattr(doctor_lib, "_run_command", run)
  found = list(doctor_lib._self_test())
  assert [f.name for f in found] == ["draw", "train", "export"]
  assert (found[-1].state, found[-1].text) == (BROKEN, "disk on fire")


def test_a_command_that_fails_is_its_last_line(monkeypatch):
  failure = doctor_lib._run_command("translate", ["--model=nowhere"])
  assert "--input is missing" in failure and "\n" not in failure

  def late(*arguments, **options):
    raise subprocess.TimeoutExpired("x", 1)

  monkeypatch.setattr(doctor_lib.subprocess, "run", late)
  assert "longer than" in doctor_lib._run_command("train", [])


if __name__ == "__main__":
  conftest.main(__file__)
