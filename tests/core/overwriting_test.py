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
import os

import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import overwriting
from tests import conftest


@pytest.fixture
def read(tmp_path):
  """A folder that is read, with a file, a sub-folder and links elsewhere."""
  folder = tmp_path / "read"
  (folder / "below").mkdir(parents=True)
  (folder / "a.png").write_text("a")
  (tmp_path / "linked").mkdir()
  (tmp_path / "linked" / "b.png").write_text("b")
  (folder / "link").symlink_to(tmp_path / "linked")
  (tmp_path / "c.png").write_text("c")
  (folder / "c.png").symlink_to(tmp_path / "c.png")
  (folder / "loop").symlink_to(folder)
  (folder / "nowhere").symlink_to(tmp_path / "nothing")
  (tmp_path / "to_read").symlink_to(folder)
  os.link(folder / "a.png", tmp_path / "hard.png")
  return folder


def _check(read, output, **options):
  overwriting.check([read], "output", str(output), **options)


@pytest.mark.parametrize(
  "output",
  [
    "read",
    "read/",
    "./read/../read",
    "read/below/../../read",
    "to_read",
    "read/new",
    "read/new/deeper.png",
    "read/below",
    "to_read/new",
    "read/a.png",
    "hard.png",
    "linked",
    "linked/new/x.png",
    "linked/b.png",
    "read/link/x.png",
    "c.png",
    "read/nowhere",
  ],
)
def test_the_tree_that_is_read_is_seen_through_all_spellings(
  read, tmp_path, monkeypatch, output
):
  monkeypatch.chdir(tmp_path)
  for path in (output, tmp_path / output):
    with pytest.raises(errors.UserError, match="--output=.*which is read"):
      _check(overwriting.Read("read"), path)


@pytest.mark.parametrize("output", ["READ", "Read/new", "To_Read"])
def test_other_cases_are_seen_through_where_they_mean_the_same(
  read, tmp_path, output
):
  same = os.path.exists(tmp_path / output.split("/")[0])
  assert same == files.ignores_case(str(tmp_path))
  if same:
    with pytest.raises(errors.UserError, match="which is read"):
      _check(overwriting.Read(str(read)), tmp_path / output)
  else:
    _check(overwriting.Read(str(read)), tmp_path / output)


@pytest.mark.parametrize(
  "output", ["new", "reader", "read.partial", "new/read", "d.png", "."]
)
def test_what_lies_elsewhere_may_be_written(read, tmp_path, output):
  _check(overwriting.Read(str(read)), tmp_path / output)


def test_a_pipe_or_device_is_no_output(read, tmp_path):
  os.mkfifo(tmp_path / "report.json")
  for output, names in (("/dev/full", ()), (str(tmp_path), ["report.json"])):
    with pytest.raises(errors.UserError, match="--output: .* is a pipe, a dev"):
      _check(overwriting.Read(str(read)), output, names=names)


def test_what_is_replaced_must_not_hold_what_is_read(read, tmp_path):
  whole = overwriting.Read(str(read))
  with pytest.raises(errors.UserError, match="would replace"):
    _check(whole, tmp_path, replaced=True)
  with pytest.raises(errors.UserError, match=": .*read would overwrite"):
    _check(whole, tmp_path, names=["other", "read"])
  _check(whole, tmp_path, names=["other"])
  # A link in the output that leads to what is read.
  (tmp_path / "run").mkdir()
  (tmp_path / "run" / "samples").symlink_to(read)
  with pytest.raises(errors.UserError, match="samples would overwrite"):
    _check(whole, tmp_path / "run", names=["samples"])


def test_a_folder_that_is_read_in_part_takes_other_things(tmp_path):
  run = tmp_path / "run"
  (run / "checkpoints").mkdir(parents=True)
  (run / "config.json").write_text("{}")
  (read,) = overwriting.of_model(str(run))
  for output in (run / "export", run / "evaluation" / "x"):
    _check(read, output, replaced=True)
  for output in (run, run / "checkpoints" / "x", run / "config.json"):
    with pytest.raises(errors.UserError, match="which is read"):
      _check(read, output)
  with pytest.raises(errors.UserError, match="would replace"):
    _check(read, tmp_path, replaced=True)


def test_the_innermost_run_around_a_path_counts(tmp_path):
  for run in ("a", "a/student", "b"):
    (tmp_path / run / "checkpoints").mkdir(parents=True)
    (tmp_path / run / "config.json").write_text("{}")
  # Of a run that has just begun; of somebody else's program; no file.
  (tmp_path / "begun").mkdir()
  (tmp_path / "begun" / "config.json").write_text(
    '{"data": {}, "model": {}, "train": {}}'
  )
  (tmp_path / "site").mkdir()
  (tmp_path / "site" / "config.json").write_text('{"data": "x"}')
  (tmp_path / "odd" / "config.json").mkdir(parents=True)

  def around(path):
    return os.path.relpath(overwriting.run_around(str(path)), tmp_path)

  (tmp_path / "link").symlink_to(tmp_path / "a" / "student")
  for path, run in (
    ("a", "a"),
    ("a/export/web", "a"),
    ("a/student/export", "a/student"),
    ("link/export", "a/student"),
    ("begun/export", "begun"),
  ):
    assert around(tmp_path / path) == run
  for path in ("", "new", "site/export", "odd/export"):
    assert not overwriting.run_around(str(tmp_path / path))

  def check(model, output):
    overwriting.check_run(
      str(tmp_path / model), "output_dir", str(tmp_path / output)
    )

  for model, output in (
    ("a", "a/export"),
    ("a/student", "a/student/export"),
    ("a", "exports/b"),
    ("a/export/g_AB.tflite", "link/../evaluation"),
    ("model.tflite", "b/evaluation"),  # may be b's
  ):
    check(model, output)
  for model, output in (
    ("a", "b/export"),
    ("a", "a/student/export"),
    ("a/student", "a/export"),
    ("link", "b"),
    ("a/export/g_AB.tflite", "b/evaluation"),
  ):
    with pytest.raises(errors.UserError, match="another run, (a|b|student)"):
      check(model, output)


@pytest.mark.parametrize(
  ("names", "kind"),
  [
    (("config.json", "checkpoints/ckpt-1.index"), overwriting.Kind.RUN),
    (("search.json",), overwriting.Kind.SEARCH),
    (("export.json", "report.html"), overwriting.Kind.EXPORT),
    (("report.json", "report.html"), overwriting.Kind.EVALUATION),
  ],
)
def test_a_folder_of_results_is_not_taken_for_others(tmp_path, names, kind):
  for name in names:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("{}")
  for other in overwriting.Kind:
    if other is kind:
      overwriting.check_kind(other, "output_dir", str(tmp_path))
    else:
      with pytest.raises(errors.UserError, match=f"holds {kind.value},"):
        overwriting.check_kind(other, "output_dir", str(tmp_path))
    overwriting.check_kind(other, "output_dir", str(tmp_path / "new"))
  # As an earlier version may have left it: both go on.
  (tmp_path / "search.json").write_text("{}")
  overwriting.check_kind(kind, "output_dir", str(tmp_path))
  overwriting.check_kind(overwriting.Kind.SEARCH, "output_dir", str(tmp_path))


def test_what_a_model_is_made_of_is_known(tmp_path):
  export = tmp_path / "export"
  (export / "g_AB").mkdir(parents=True)
  (export / "g_AB" / "saved_model.pb").write_text("")
  for name in ("g_BA.tflite", "g_AB.tflite", "mine.tflite", "export.json"):
    (export / name).write_text("")

  def refused(model, output):
    with pytest.raises(errors.UserError, match="which is read"):
      overwriting.check(
        overwriting.of_model(str(model)), "output", str(export / output)
      )

  for output in (".", "g_AB/x", "g_BA.tflite", "mine.tflite", "export.json"):
    refused(export, output)
  refused(export / "g_AB", "g_AB/assets")
  refused(export / "mine.tflite", "mine.tflite")
  refused(export / "g_BA.tflite", "g_AB.tflite")  # the other direction's
  for model in (export, export / "g_AB", export / "mine.tflite"):
    reads = overwriting.of_model(str(model))
    overwriting.check(reads, "output", str(export / "evaluation"))


def test_names_of_data_sets_and_addresses_are_no_folders(tmp_path):
  named = config_lib.DataConfig(dataset="cycle_gan/horse2zebra")
  assert overwriting.of_data(named) == []
  folder = config_lib.DataConfig(dataset=str(tmp_path))
  assert [r.path for r in overwriting.of_data(folder)] == [str(tmp_path)]
  two = config_lib.DataConfig(domain_a="a", domain_b="b")
  assert [r.path for r in overwriting.of_data(two)] == ["a", "b"]
  _check(overwriting.Read(str(tmp_path)), "gs://bucket/folder")
  _check(overwriting.Read(str(tmp_path / "missing")), tmp_path)


if __name__ == "__main__":
  conftest.main(__file__)
