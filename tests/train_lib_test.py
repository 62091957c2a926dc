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
import os

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan import config as config_lib
from official.cyclegan import dataset
from official.cyclegan import train_lib
from tests import conftest


@pytest.fixture(scope="module")
def run(pictures, tmp_path_factory):
  """A run of five steps over epochs of three, its folder and its config."""
  config = config_lib.resolve(
    config_lib.Config(
      data=config_lib.DataConfig(
        dataset=str(pictures), crop_size=32, batch_size=3
      ),
      model=conftest.TINY_MODEL,
      train=config_lib.TrainConfig(
        train_steps=5, sample_interval=2, buffer_max_length=3
      ),
    )
  )
  folder = tmp_path_factory.mktemp("run")
  model = train_lib.train(config, str(folder))
  return model, folder, config


def test_epoch_is_the_larger_domain(pictures):
  config = config_lib.DataConfig(
    dataset=str(pictures), crop_size=32, load_size=32, batch_size=3
  )
  source = dataset.open_source(config)
  assert train_lib.steps_per_epoch(source, config) == 3  # of 8 images


def test_writes_all_a_user_needs(run):
  model, folder, config = run
  assert int(model.generator_optimizer.iterations) == 5
  assert config_lib.load(str(folder)) == config
  checkpoints = sorted(p.stem for p in (folder / "checkpoints").glob("*.index"))
  assert checkpoints == ["ckpt-3", "ckpt-5"]  # each epoch, and the end
  samples = sorted(p.name for p in (folder / "samples").iterdir())
  assert samples == [f"step_000000{i}.png" for i in (2, 4, 5)]
  grid = tf.io.decode_png((folder / "samples" / samples[0]).read_bytes())
  assert grid.shape == (6 * 34 - 2, 4 * 34 - 2, 3)  # three images each way
  assert list((folder / "logs").glob("events.*"))


def test_learning_rate_falls_to_zero(run):
  model, _, _ = run
  # The last of five steps: two fifths of a decay that began at step 2.5.
  for optimizer in (model.generator_optimizer, model.discriminator_optimizer):
    np.testing.assert_allclose(optimizer.learning_rate, 0.4 * 2e-4, rtol=1e-5)


def test_finished_run_is_left_alone(run, capsys):
  _, folder, config = run
  before = {p: p.stat().st_mtime_ns for p in folder.rglob("*.index")}
  train_lib.train(config, str(folder))
  assert "already trained to step 5" in capsys.readouterr().out
  assert before == {p: p.stat().st_mtime_ns for p in folder.rglob("*.index")}


def test_goes_on_from_the_newest_checkpoint(run, tmp_path):
  _, _, config = run
  train_lib.train(
    conftest.replace(config, "train", train_steps=2), str(tmp_path)
  )
  longer = conftest.replace(config, "train", train_steps=4)
  model = train_lib.train(longer, str(tmp_path))
  assert int(model.generator_optimizer.iterations) == 4
  # Three images a step went through each pool, before and after the pause.
  assert int(model.buffer_A.seen) == 12
  assert (tmp_path / "samples" / "step_0000004.png").exists()


def test_changed_networks_are_refused_and_nothing_is_lost(run):
  _, folder, config = run
  before = (folder / "config.json").read_text()
  changed = conftest.replace(config, "model", n_res_blocks=2)
  with pytest.raises(config_lib.UserError, match="--n_res_blocks=2"):
    train_lib.train(changed, str(folder))
  assert (folder / "config.json").read_text() == before
  assert json.loads(before)["model"]["n_res_blocks"] == 1


def test_folder_that_is_a_file_is_refused(run, tmp_path):
  _, _, config = run
  (tmp_path / "file").write_text("")
  with pytest.raises(config_lib.UserError, match="is a file"):
    train_lib.train(config, str(tmp_path / "file"))


def test_tensorboard_gets_unweighted_losses_and_rates(run, tmp_path):
  _, _, config = run
  config = conftest.replace(config, "train", train_steps=50)
  train_lib.train(config, str(tmp_path))
  (events,) = (tmp_path / "logs").iterdir()
  tags = {}
  for event in tf.compat.v1.train.summary_iterator(os.fspath(events)):
    for value in event.summary.value:
      tags[value.tag] = (event.step, float(tf.make_ndarray(value.tensor)))
  assert {step for step, _ in tags.values()} == {50}
  assert set(tags) == {
    *(f"loss/{t}_{d}" for t in ("cycle", "identity", "d") for d in "AB"),
    "loss/gan_AB",
    "loss/gan_BA",
    "learning_rate/generator",
    "learning_rate/discriminator",
  }
  assert all(np.isfinite(value) for _, value in tags.values())


if __name__ == "__main__":
  conftest.main(__file__)
