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
import dataclasses
import hashlib
import importlib.metadata
import json

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_file
from official.cyclegan.core import level_range
from official.cyclegan.data import sources
from official.cyclegan.training import run_metadata
from tests import conftest

_DEVICE = {"strategy": "test", "replicas": 1, "devices": ["CPU"]}


def _source(folder):
  return sources.open_source(
    config_lib.DataConfig(dataset=str(folder), crop_size=32, load_size=32)
  )


def test_record_says_what_made_the_run(tiny_config, pictures, tmp_path):
  source = _source(pictures)
  run_metadata.add_start(str(tmp_path), tiny_config, source, _DEVICE, 0)
  record = json.loads((tmp_path / "run.json").read_text())
  config = config_file.from_json(json.dumps(record["config"]))
  assert config == tiny_config
  assert record["data"]["images"] == source.counts
  (start,) = record["starts"]
  assert start["first_step"] == 0 and start["device"] == _DEVICE
  assert start["versions"]["keras"] == importlib.metadata.version("keras")
  assert start["command"]


def test_levels_of_the_training_are_found_again(
  tiny_config, pictures, tmp_path
):
  levels = level_range.LevelRange(51241, 52180)
  source = dataclasses.replace(
    _source(pictures), level_ranges={"A": levels, "B": None}
  )
  assert run_metadata.input_levels(str(tmp_path), "AtoB") is None
  run_metadata.add_start(str(tmp_path), tiny_config, source, _DEVICE, 0)
  assert run_metadata.input_levels(str(tmp_path), "AtoB") == levels
  assert run_metadata.input_levels(str(tmp_path), "BtoA") is None


def test_later_starts_are_added(tiny_config, pictures, tmp_path):
  source, ids = _source(pictures), []
  assert run_metadata.origin(str(tmp_path))["id"] is None
  for step in (0, 5, 9):
    run_metadata.add_start(str(tmp_path), tiny_config, source, _DEVICE, step)
    ids.append(run_metadata.origin(str(tmp_path))["id"])
  record = json.loads((tmp_path / "run.json").read_text())
  assert [start["first_step"] for start in record["starts"]] == [0, 5, 9]
  # A name of its own, which another run does not get.
  run_metadata.add_start(str(tmp_path), tiny_config, source, _DEVICE, 0)
  origin = run_metadata.origin(str(tmp_path))
  assert len(set(ids)) == 1 and origin["id"] not in [None, *ids]
  assert origin["name"] == tmp_path.name
  assert str(tmp_path.parent) not in json.dumps(origin)


def test_fingerprint_is_the_content(pictures, tmp_path, log, tiny_config):
  copy = conftest.copy(pictures, tmp_path / "elsewhere")
  before = run_metadata.fingerprint(_source(pictures))
  assert run_metadata.fingerprint(_source(copy)) == before
  run_metadata.add_start(str(tmp_path), tiny_config, _source(copy), _DEVICE, 0)
  picture = copy / "trainA" / "00.jpg"
  picture.write_bytes(picture.read_bytes() + b"x")
  assert run_metadata.fingerprint(_source(copy)) != before
  run_metadata.add_start(str(tmp_path), tiny_config, _source(copy), _DEVICE, 3)
  assert "have changed since this run began" in log.text


def test_fingerprint_can_be_computed_by_hand(tmp_path):
  (tmp_path / "trainA").mkdir()
  file = tmp_path / "trainA" / "a.png"
  file.write_bytes(b"content")
  source = sources.Source("x", {}, lambda split: None, (str(file),))
  line = f"trainA/a.png\0{hashlib.sha256(b'content').hexdigest()}\n"
  want = hashlib.sha256(line.encode()).hexdigest()
  assert run_metadata.fingerprint(source) == want


def test_damaged_record_is_begun_anew(tiny_config, pictures, tmp_path):
  (tmp_path / "run.json").write_text("{")
  run_metadata.add_start(
    str(tmp_path), tiny_config, _source(pictures), _DEVICE, 7
  )
  record = json.loads((tmp_path / "run.json").read_text())
  assert len(record["starts"]) == 1


def test_git_revision_is_a_commit_or_nothing():
  revision = run_metadata.git_revision()
  assert revision is None or len(revision.rstrip("+")) == 40


if __name__ == "__main__":
  conftest.main(__file__)
