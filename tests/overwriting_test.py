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
"""No command writes over, or into, what it reads."""

import os
import pathlib

import PIL.Image
import pytest
from absl import flags
from absl.testing import flagsaver

from official.cyclegan import distill
from official.cyclegan import evaluate
from official.cyclegan import export
from official.cyclegan import prepare
from official.cyclegan import train
from official.cyclegan import translate
from official.cyclegan import tune
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import files
from tests import conftest

_MODULES = {
  "distill": distill,
  "evaluate": evaluate,
  "export": export,
  "prepare": prepare,
  "train": train,
  "translate": translate,
  "tune": tune,
}
_SET, _TWO = "--dataset={set}", "--domain_a={set}/A --domain_b={set}/B"
# A command, what it reads, its option for what it writes, and what of its input
# that is: the same in other words, see `_WAYS`. `download` reads no file and
# `demo` writes none.
_TABLE = [
  ("prepare", _SET, "output_dir", "set"),
  ("prepare", _TWO, "output_dir", "set/A"),
  ("prepare", _TWO, "output_dir", "set/B/new"),
  ("prepare", _SET, "preview", "set/A/0.png"),
  ("prepare", _SET, "preview", "set/new.png"),
  ("train", _SET, "model_dir", "set"),
  ("train", _TWO, "model_dir", "set/B"),
  ("train", _TWO, "model_dir", "set/A/new"),
  ("train", "--config_file={run}/config.json", "model_dir", "run"),
  ("train", "--flagfile={run}/config.json", "model_dir", "run"),
  ("train", "--domain_a={run}/samples --domain_b={set}/B", "model_dir", "run"),
  ("distill", "--teacher={run}", "model_dir", "run"),
  ("distill", "--teacher={run}", "model_dir", "run/checkpoints/new"),
  ("distill", f"--teacher={{run}} {_SET}", "model_dir", "set"),
  ("tune", _SET, "tuner_dir", "set"),
  ("tune", _TWO, "tuner_dir", "set/A"),
  (
    "tune",
    f"--teacher={{run}} --space=architecture {_SET}",
    "tuner_dir",
    "run",
  ),
  ("evaluate", f"--model_dir={{run}} {_SET}", "output_dir", "run"),
  ("evaluate", f"--model_dir={{run}} {_SET}", "output_dir", "set/A"),
  ("evaluate", f"--model={{model}} {_SET}", "output_dir", "model"),
  ("export", f"--model_dir={{run}} {_SET}", "output_dir", "run"),
  ("export", f"--model_dir={{run}} {_SET}", "output_dir", "run/checkpoints"),
  ("export", f"--model_dir={{run}} {_SET}", "output_dir", "set"),
  ("export", f"--model_dir={{run}} {_SET}", "output_dir", "."),
  ("translate", "--model={model} --input={set}/A", "output", "set/A"),
  ("translate", "--model={model} --input={set}/A", "output", "set/A/new"),
  ("translate", "--model={model} --input={set}/A/0.png", "output", "set/A"),
  (
    "translate",
    "--model={model} --input={set}/A/0.png",
    "output",
    "set/A/0.png",
  ),
  ("translate", "--model={model} --input={set}/A/*.png", "output", "set/A"),
  ("translate", "--model={model} --input={set}/**/*.png", "output", "set/new"),
  ("translate", "--model={model} --input={set}/A/0.png", "output", "model"),
  ("translate", "--model={model} --input={set}", "output", "set/B"),
  ("translate", "--model={model} --input={clip}", "output", "clip"),
  ("translate", "--model={run} --input={set}/A", "output", "run/checkpoints"),
]


def _link(path, tmp_path):
  link = tmp_path / f"link_{path.name}"
  if not link.is_symlink():
    link.symlink_to(path)
  return link


# How the same place can be named.
_WAYS = {
  "same": lambda path, tmp_path: path,
  "spelling": lambda path, tmp_path: f"{path.parent}/./x/../{path.name}",
  "relative": lambda path, tmp_path: os.path.relpath(path),
  "link": lambda path, tmp_path: _link(path, tmp_path),
  "link above": lambda path, tmp_path: _link(path.parent, tmp_path) / path.name,
  "case": lambda path, tmp_path: path.with_name(path.name.swapcase()),
}


@pytest.fixture
def places(tmp_path):
  """A data set, a run and a model that are never really opened."""
  for name in ("set/A", "set/B", "run/checkpoints", "run/samples"):
    (tmp_path / name).mkdir(parents=True)
  for i, name in enumerate(("set/A/0", "set/A/1", "set/B/0", "set/B/1")):
    PIL.Image.new("RGB", (40, 40), (60 * i, 9, 9)).save(
      tmp_path / f"{name}.png"
    )
  PIL.Image.new("RGB", (40, 40)).save(tmp_path / "run" / "samples" / "1.png")
  config = config_lib.Config(
    data=config_lib.DataConfig(dataset=str(tmp_path / "set"), crop_size=32)
  )
  config_file.save(config_checks.resolve(config), str(tmp_path / "run"))
  (tmp_path / "model.tflite").write_bytes(b"model")
  (tmp_path / "clip.mp4").write_bytes(b"clip")
  return {
    "set": tmp_path / "set",
    "run": tmp_path / "run",
    "model": tmp_path / "model.tflite",
    "clip": tmp_path / "clip.mp4",
  }


# Commands that write what is taken for the run's in whose folder it lies.
_OF_A_RUN = ("export", "evaluate")
_OF_ANOTHER = ("other", "other/export", "other/new/deeper", "other/inner/new")


@pytest.mark.parametrize("way", _WAYS)
@pytest.mark.parametrize("name", _OF_A_RUN)
def test_what_is_made_of_a_run_does_not_go_into_another_ones_folder(
  name, way, places, tmp_path
):
  """`inner` is a third run; that of `other` is one that is damaged."""
  for run in ("other", "other/inner"):
    (tmp_path / run / "checkpoints").mkdir(parents=True)
    (tmp_path / run / "config.json").write_text("{")
  (tmp_path / "other" / "export").mkdir()
  (tmp_path / "other" / "export" / "export.json").write_text("{}")
  for written in _OF_ANOTHER:
    output = tmp_path / written
    (output.parent / "x").mkdir(exist_ok=True, parents=True)
    spelled = str(_WAYS[way](output, tmp_path))
    if way == "case" and not files.ignores_case(str(output)):
      pytest.skip("This file system tells cases apart.")
    before = _all(tmp_path)
    error = _refusal(
      name, [f"--model_dir={places['run']}", f"--output_dir={spelled}"]
    )
    assert f"--output_dir={spelled}" in error and "another run, " in error
    assert "Give " in error and "\n" not in error
    assert ("an export is there" in error) == written.endswith("export")
    assert _all(tmp_path) == before


def _refusal(name, arguments):
  """Returns what a command says that refuses its flags."""
  with (
    flagsaver.flagsaver(),
    pytest.MonkeyPatch.context() as patch,
    pytest.raises(errors.UserError) as error,
  ):
    patch.setattr("sys.argv", [name, *arguments])
    # absl has put the content of a flagfile in its place by then.
    given = [a for a in arguments if not a.startswith("--flagfile")]
    flags.FLAGS([name, *given])
    _MODULES[name].main()
  return str(error.value)


def _all(folder):
  """What is in a folder and below: links, and the sums of files."""
  found = {}
  for path in sorted(pathlib.Path(folder).rglob("*")):
    found[path] = files.sha256(path) if path.is_file() else path.is_symlink()
  return found


@pytest.mark.parametrize("way", _WAYS)
@pytest.mark.parametrize(
  ("name", "reads", "option", "written"),
  _TABLE,
  ids=[" ".join(map(str, row)) for row in _TABLE],
)
def test_it_is_refused_before_anything_is_done(
  name, reads, option, written, way, places, tmp_path
):
  first, _, rest = written.partition("/")
  output = places.get(first, tmp_path / first) / rest
  (output.parent / "x").mkdir(exist_ok=True, parents=True)
  spelled = str(_WAYS[way](output, tmp_path))
  if way == "case" and not files.ignores_case(str(output)):
    pytest.skip("This file system tells cases apart.")
  arguments = [
    *reads.format_map(places).split(" "),
    f"--{option}={spelled}",
  ]
  before = _all(tmp_path)
  error = _refusal(name, arguments)
  assert f"--{option}={spelled}" in error
  assert "which is read" in error and "\n" not in error
  assert _all(tmp_path) == before


if __name__ == "__main__":
  conftest.main(__file__)
