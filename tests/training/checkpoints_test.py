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

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import stack
from official.cyclegan.modeling import model as model_lib
from official.cyclegan.training import checkpoints
from tests import conftest


def _saved(config, folder, **renamed):
  """A model with random weights in a run's folder, parts perhaps renamed."""
  model = model_lib.build_model(config)
  for network in model.ema_generators or ():
    kernel = network.weights[0]
    kernel.assign_add(tf.ones_like(kernel))  # so that it differs from the raw
  names = (*model_lib.NETWORK_NAMES,)
  parts = {name: getattr(model, name) for name in names}
  parts.update({n.name: n for n in model.ema_generators or ()})
  parts = {
    renamed.get(name, name): stack.network_tree(part)
    for name, part in parts.items()
  }
  path = folder / "checkpoints" / "ckpt-1"
  tf.train.Checkpoint(**parts).write(str(path))
  config_file.save(config, str(folder))
  return model


@pytest.mark.slow
@pytest.mark.parametrize("ema_decay", [0.9, 0.0])
def test_generator_is_the_averaged_one_where_there_is_one(
  tiny_config, tmp_path, ema_decay
):
  config = conftest.replace(tiny_config, "train", ema_decay=ema_decay)
  model = _saved(config, tmp_path)
  rng = np.random.default_rng(0)
  image = tf.constant(rng.uniform(-1, 1, (1, 32, 32, 3)), tf.float32)
  for direction, index in (("AtoB", 0), ("BtoA", 1)):
    raw = (model.g_AB, model.g_BA)[index]
    averaged = model.ema_generators[index] if ema_decay else raw
    for selection, want in (
      (command_config.DEFAULT_SELECTION, averaged),
      (command_config.GeneratorSelection(use_ema=False), raw),
    ):
      generator, loaded = checkpoints.load_generator(
        str(tmp_path), direction, selection
      )
      assert loaded == config
      np.testing.assert_allclose(generator(image), want(image), atol=1e-6)
    if ema_decay:
      assert not np.allclose(raw(image), averaged(image), atol=1e-4)


@pytest.mark.parametrize(
  ("selection", "words"),
  [
    (command_config.DEFAULT_SELECTION, "holds no checkpoint in checkpoints/"),
    (command_config.GeneratorSelection("best"), "Train with --best_metric"),
  ],
)
def test_without_a_checkpoint_it_says_so(
  tiny_config, tmp_path, selection, words
):
  config_file.save(tiny_config, str(tmp_path))
  with (
    pytest.raises(errors.UserError, match=words) as caught,
    errors.given_as(model_dir="teacher"),
  ):
    checkpoints.load_generator(str(tmp_path), "AtoB", selection)
  assert str(caught.value).startswith(f"--teacher={tmp_path} holds no")


def test_generator_under_another_name_is_not_left_random(tiny_config, tmp_path):
  _saved(tiny_config, tmp_path, g_AB_average="generator_AB_average")
  with pytest.raises(errors.UserError) as caught:
    checkpoints.load_generator(str(tmp_path), "AtoB")
  message = str(caught.value)
  assert message.startswith(
    f"--model_dir={tmp_path} holds a checkpoint (ckpt-1)"
  )
  assert "other variables" in message and "\n" not in message
  checkpoints.load_generator(str(tmp_path), "BtoA")  # that is as it was


def test_generator_of_another_shape_is_refused(tiny_config, tmp_path):
  _saved(tiny_config, tmp_path)
  path = tmp_path / config_file.FILE_NAME
  values = json.loads(path.read_text())
  for changes in ({"gen_n_filters": 5}, {"n_res_blocks": 2}):
    changed = {**values, "model": {**values["model"], **changes}}
    path.write_text(json.dumps(changed))
    with pytest.raises(errors.UserError, match="with other variables"):
      checkpoints.load_generator(str(tmp_path), "AtoB")


@pytest.mark.slow
def test_discriminators_are_those_of_the_run(tiny_config, tmp_path):
  saved = _saved(tiny_config, tmp_path)
  other = model_lib.build_model(conftest.replace(tiny_config, "train", seed=3))
  before = other.d_A.get_weights()[0]
  checkpoints.restore_discriminators(other, str(tmp_path))
  for name in ("d_A", "d_B"):
    wanted = getattr(saved, name).get_weights()
    for value, want in zip(getattr(other, name).get_weights(), wanted):
      np.testing.assert_array_equal(value, want)
  assert not np.array_equal(before, other.d_A.get_weights()[0])


def test_discriminators_under_another_name_are_refused(tiny_config, tmp_path):
  model = _saved(tiny_config, tmp_path, d_B="discriminator_B")
  with pytest.raises(errors.UserError, match="with other variables"):
    checkpoints.restore_discriminators(model, str(tmp_path))


@pytest.mark.parametrize(
  ("part", "changes", "word"),
  [
    ("model", {"gen_n_filters": 5}, "--gen_n_filters=5"),
    ("model", {"global_skip": False}, "--global_skip=False"),
    ("model", {"upsample": "resize_conv"}, "--upsample=resize_conv"),
    ("model", {"disc_type": "pixel"}, "--disc_type=pixel"),
    ("data", {"crop_size": 36, "load_size": 36}, "--crop_size=36"),
    ("data", {"batch_size": 2}, "--batch_size=2"),
    ("data", {"flip": False}, "--flip=False"),
    ("data", {"dataset": "elsewhere"}, "--dataset=elsewhere"),
    ("loss", {"gan_mode": "hinge"}, "--gan_mode=hinge"),
    ("train", {"buffer_max_length": 4}, "--buffer_max_length=4"),
    ("train", {"seed": 4}, "--seed=4"),
    ("train", {"ema_decay": 0.0}, "--ema_decay=0.0"),
    ("train", {"augment": "diffaugment"}, "--augment=diffaugment"),
  ],
)
def test_changes_that_cannot_go_on_are_refused(
  tiny_config, tmp_path, part, changes, word
):
  config_file.save(tiny_config, str(tmp_path))
  checkpoints.check_same_run(tiny_config, str(tmp_path))
  changed = conftest.replace(tiny_config, part, **changes)
  with pytest.raises(errors.UserError, match=word):
    checkpoints.check_same_run(changed, str(tmp_path))


def test_what_was_not_given_is_said_with_the_remedy(tiny_config, tmp_path):
  def refused(before, now):
    for name, values in (("before", before), ("now", now)):
      config = conftest.replace(tiny_config, "data", **values)
      (tmp_path / name).mkdir(exist_ok=True)
      config_file.save(config, str(tmp_path / name))
    now = config_file.load(str(tmp_path / "now"))
    with pytest.raises(errors.UserError) as caught:
      checkpoints.check_same_run(now, str(tmp_path / "before"))
    return str(caught.value)

  default = {"dataset": config_lib.DataConfig().dataset}
  mine = {"dataset": "mine"}
  two = {**default, "domain_a": "a", "domain_b": "b"}
  message = refused(mine, default)
  assert "(where nothing else is given) does not fit" in message
  assert "Give --dataset=mine," in message
  assert "where nothing else" not in refused(default, mine)
  for now in (default, mine):
    assert "Give --domain_a=a --domain_b=b, or" in refused(two, now)
  message = refused(default, two)
  assert "without that option (" in message and "--domain_b differ" in message
  assert "Leave --domain_a and --domain_b out, or" in message


def test_all_that_does_not_fit_is_named_at_once(tiny_config, tmp_path):
  """As where another preset is given than that of the run."""
  config_file.save(tiny_config, str(tmp_path))
  changed = conftest.replace(
    tiny_config, "model", disc_norm="none", gen_norm="weight"
  )
  changed = conftest.replace(changed, "train", augment="diffaugment")
  was = [
    f"--{name}={getattr(part, name)}"
    for part, name in (
      (tiny_config.model, "gen_norm"),
      (tiny_config.model, "disc_norm"),
      (tiny_config.train, "augment"),
    )
  ]
  with pytest.raises(errors.UserError) as caught:
    checkpoints.check_same_run(changed, str(tmp_path))
  message = str(caught.value)
  assert sorted(was) == sorted(
    word.rstrip(",")
    for word in message.split("Give ")[1].split()
    if "--" in word
  )


def test_a_path_may_be_spelled_anew(tiny_config, tmp_path, monkeypatch):
  (tmp_path / "pictures").mkdir()
  monkeypatch.chdir(tmp_path)
  (tmp_path / "run").mkdir()
  config = conftest.replace(tiny_config, "data", dataset="pictures")
  config_file.save(config, str(tmp_path / "run"))
  for spelled in (str(tmp_path / "pictures"), "./pictures/"):
    now = conftest.replace(config, "data", dataset=spelled)
    checkpoints.check_same_run(now, str(tmp_path / "run"))


@pytest.mark.parametrize(
  ("part", "changes"),
  [
    ("loss", {"lambda_id": 0.5}),
    (
      "train",
      {
        "train_steps": 9,
        "learning_rate": 1e-5,
        "precision": "mixed_bfloat16",
        "save_every_steps": 3,
        "ema_decay": 0.5,
      },
    ),
    ("device", {"distribution_strategy": "mirrored"}),
  ],
)
def test_changes_that_can_go_on_are_let_through(
  tiny_config, tmp_path, part, changes
):
  config_file.save(tiny_config, str(tmp_path))
  changed = conftest.replace(tiny_config, part, **changes)
  checkpoints.check_same_run(changed, str(tmp_path))


if __name__ == "__main__":
  conftest.main(__file__)
