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
import json

import PIL.Image
import pytest

from official.cyclegan import checkpoints
from official.cyclegan import config as config_lib
from official.cyclegan import evaluate_lib
from official.cyclegan import sources
from official.cyclegan import train_lib
from official.cyclegan import validation
from tests import conftest


@pytest.fixture(scope="module")
def run(pictures, tmp_path_factory):
  """A run of one step."""
  config = config_lib.resolve(
    config_lib.Config(
      data=config_lib.DataConfig(dataset=str(pictures), crop_size=32),
      model=conftest.TINY_MODEL,
      train=config_lib.TrainConfig(train_steps=1, precision="float32"),
    )
  )
  folder = tmp_path_factory.mktemp("run")
  train_lib.train(config, str(folder))
  return folder, config


def test_reports_what_validation_measures(run, tmp_path):
  folder, config = run
  report = evaluate_lib.evaluate(str(folder), str(tmp_path / "out"))
  generators = [
    checkpoints.load_generator(str(folder), d)[0]
    for d in checkpoints.DIRECTIONS
  ]
  test_set = validation.load(sources.open_source(config.data), 32)
  assert report["measures"] == validation.measure(*generators, test_set)
  assert (report["images_A"], report["images_B"]) == (3, 3)
  written = json.loads((tmp_path / "out" / "report.json").read_text())
  assert written == report
  text = (tmp_path / "out" / "report.md").read_text()
  for name, value in report["measures"].items():
    assert f"| {name} | {value:.4f} |" in text
  with PIL.Image.open(tmp_path / "out" / "pictures.png") as picture:
    assert picture.size == (4 * 34 - 2, 6 * 34 - 2)


def test_another_data_set_can_be_measured(run, scenes, tmp_path):
  folder, config = run
  data = config_lib.DataConfig(dataset=str(scenes["fruits"]), crop_size=32)
  report = evaluate_lib.evaluate(str(folder), str(tmp_path), data)
  assert report["images_A"] == 4 and "fruits" in report["dataset"]


def test_folder_without_a_run_is_refused(tmp_path):
  with pytest.raises(config_lib.UserError, match="no trained model"):
    evaluate_lib.evaluate(str(tmp_path), str(tmp_path / "out"))
  assert not (tmp_path / "out").exists()


if __name__ == "__main__":
  conftest.main(__file__)
