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
"""Tests of what happens before a pipeline runs; tfx_pipeline_test runs one."""

import dataclasses
import shutil

import pytest

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import search_config
from official.cyclegan.pipeline import launcher
from official.cyclegan.pipeline import settings as settings_lib
from tests import conftest


def _settings(part="", **changes):
  config = config_lib.Config()
  if part:
    changed = dataclasses.replace(getattr(config, part), **changes)
    config = dataclasses.replace(config, **{part: changed})
  return settings_lib.Settings(config)


def test_pictures_are_packed_once_and_new_ones_anew(pictures, tmp_path):
  folder = conftest.copy(pictures, tmp_path / "pictures")
  config = config_lib.DataConfig(dataset=str(folder))
  work = str(tmp_path / "work")
  first = launcher.find_records(config, work)
  times = {p: p.stat().st_mtime_ns for p in _records(first)}
  assert len(times) == 4
  # TFX looks at times: the same pictures must be the same files.
  again = launcher.find_records(config, work)
  assert again == first
  assert {p: p.stat().st_mtime_ns for p in _records(again)} == times
  shutil.copy(folder / "testA" / "00.jpg", folder / "trainA" / "new.jpg")
  fresh = launcher.find_records(config, work)
  assert fresh.folder != first.folder
  other = dataclasses.replace(config, background="black")
  assert launcher.find_records(other, work).folder != fresh.folder


def _records(found):
  import pathlib

  return [
    path
    for split in ("trainA", "trainB", "testA", "testB")
    for path in pathlib.Path(found.folder).glob(
      found.pattern.format(split=split)
    )
  ]


def test_a_built_in_data_set_and_an_artifact_are_taken_as_they_are(
  few_fruits, tmp_path
):
  config = config_lib.DataConfig(
    dataset="apple2orange_scenes/64", data_dir=few_fruits
  )
  found = launcher.find_records(config, str(tmp_path))
  assert found.folder.startswith(few_fruits) and len(_records(found)) == 4
  for split in ("trainA", "trainB", "testA", "testB"):
    below = tmp_path / "examples" / f"Split-{split}"
    below.mkdir(parents=True)
    (below / "data.gz").write_bytes(b"")
  config = config_lib.DataConfig(dataset=str(tmp_path / "examples"))
  assert len(_records(launcher.find_records(config, ""))) == 4


def test_levels_that_prepare_noted_go_along(tmp_path):
  (tmp_path / "report.json").write_text(
    '{"domains": {"A": {"levels": [5, 900]}, "B": {"levels": null}}}'
  )
  found = launcher._levels(str(tmp_path))
  assert found == {"A": {"levels": [5, 900]}}
  (tmp_path / "report.json").write_text('{"domains": 3}')
  assert launcher._levels(str(tmp_path)) == {}
  assert launcher._levels(str(tmp_path / "none")) == {}


@pytest.mark.parametrize(
  ("told", "option"),
  [
    (
      dataclasses.replace(
        _settings("train", max_minutes=3.0),
        pipeline=command_config.PipelineConfig(tuned=True),
      ),
      "max_minutes",
    ),
    (
      dataclasses.replace(
        _settings(),
        pipeline=command_config.PipelineConfig(tuned=True),
        search=search_config.SearchConfig(search=()),
      ),
      "search",
    ),
    (
      dataclasses.replace(
        _settings("device", distribution_strategy="mirrored"),
        pipeline=command_config.PipelineConfig(warm_start=True),
      ),
      "warm_start",
    ),
    (_settings("distill", teacher="runs/t"), "teacher"),
    (
      dataclasses.replace(
        _settings(),
        pipeline=command_config.PipelineConfig(measure="fid_inception"),
      ),
      "measure",
    ),
    (_settings("data", crop_size=30), "crop_size"),
  ],
)
def test_what_would_fail_hours_later_is_refused_at_once(told, option):
  with pytest.raises(errors.UserError) as refused:
    launcher.check(told)
  assert refused.value.option == option


def test_what_can_be_run_is_not_refused():
  launcher.check(_settings())


@pytest.mark.parametrize(
  ("changes", "option"),
  [
    ({"image": "i", "work_dir": "/w"}, "dataset"),
    ({"work_dir": "/w", "address": "gs://b/pictures"}, "image"),
    ({"image": "i", "address": "gs://b/pictures"}, "work_dir"),
  ],
)
def test_kubeflow_needs_what_its_containers_can_reach(
  changes, option, tmp_path
):
  address = changes.pop("address", str(tmp_path))
  told = dataclasses.replace(
    _settings("data", dataset=address),
    pipeline=command_config.PipelineConfig(runner="kubeflow", **changes),
  )
  with pytest.raises(errors.UserError) as refused:
    launcher.compile_for_kubeflow(told)
  assert refused.value.option == option


def test_formats_that_need_more_are_refused_before_training(monkeypatch):
  def lacks():
    raise errors.UserError("is not there.", "format", "web")

  monkeypatch.setattr(launcher.web_page, "require_runtime", lacks)
  launcher._require_exporters(command_config.ExportConfig())
  with pytest.raises(errors.UserError):
    launcher._require_exporters(command_config.ExportConfig(format=("web",)))


@pytest.mark.parametrize("name", ["pipeline_root", "push_dir", "work_dir"])
def test_nothing_is_written_into_the_pictures(name, pictures, tmp_path):
  paths = {"pipeline_root": str(tmp_path / "root"), name: str(pictures / "x")}
  told = dataclasses.replace(
    _settings("data", dataset=str(pictures)),
    pipeline=command_config.PipelineConfig(**paths),
  )
  with pytest.raises(errors.UserError) as refused:
    launcher.run(told)
  assert refused.value.option == name
  assert not (pictures / "x").exists()


def test_a_root_that_is_an_address_is_for_kubeflow():
  told = dataclasses.replace(
    _settings(),
    pipeline=command_config.PipelineConfig(pipeline_root="gs://bucket/x"),
  )
  with pytest.raises(errors.UserError, match="works in a folder"):
    launcher.run(told)


def test_paths_do_not_depend_on_the_current_folder(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  told = dataclasses.replace(
    _settings(),
    pipeline=command_config.PipelineConfig(push_dir="x", work_dir="gs://b/w"),
  )
  found = launcher._absolute(told, "/root").pipeline
  assert found.push_dir == str(tmp_path / "x")
  assert found.work_dir == "gs://b/w" and found.pipeline_root == "/root"


if __name__ == "__main__":
  conftest.main(__file__)
