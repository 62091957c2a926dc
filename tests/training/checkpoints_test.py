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
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.modeling import model as model_lib
from official.cyclegan.training import checkpoints
from tests import conftest


def _model(config):
  model = model_lib.build_model(config)
  model.compile(tf.keras.optimizers.Adam(1e-2), tf.keras.optimizers.Adam(1e-2))
  return model


def _step(model, config):
  shape = (1, config.data.crop_size, config.data.crop_size, 3)
  rng = np.random.default_rng(int(model.step))
  pair = [tf.constant(rng.uniform(-1, 1, shape), tf.float32) for _ in "AB"]
  model.train_step(tuple(pair))
  return pair


def _run(config, folder, steps=1, keep=3):
  """A compiled model after some steps, each saved."""
  model = _model(config)
  store = checkpoints.CheckpointStore(model, str(folder), keep)
  for _ in range(steps):
    pair = _step(model, config)
    store.save()
  config_file.save(config, str(folder))
  return model, pair


def _state(model):
  return [
    *model.g_AB.get_weights(),
    *model.d_B.get_weights(),
    *model.ema_generators[1].get_weights(),
    *[v.numpy() for v in model.generator_optimizer.variables],
    *[v.numpy() for v in model.discriminator_optimizer.variables],
    model.buffer_A.images.numpy(),
    model.buffer_B.seen.numpy(),
    model.step.numpy(),
  ]


def _names(folder, which="checkpoints"):
  return sorted(p.stem for p in (folder / which).glob("*.index"))


def test_everything_is_restored(tiny_config, tmp_path):
  model, _ = _run(tiny_config, tmp_path, steps=2)
  again = _model(tiny_config)
  assert checkpoints.CheckpointStore(again, str(tmp_path)).restore() == 2
  for want, got in zip(_state(model), _state(again)):
    np.testing.assert_array_equal(want, got)


def test_nothing_to_restore(tiny_config, tmp_path):
  assert (
    checkpoints.CheckpointStore(_model(tiny_config), str(tmp_path)).restore()
    is None
  )


def test_step_is_saved_once_and_the_newest_are_kept(tiny_config, tmp_path):
  model, _ = _run(tiny_config, tmp_path, steps=4, keep=2)
  assert _names(tmp_path) == ["ckpt-3", "ckpt-4"]
  # Another process goes on with the rotation.
  store = checkpoints.CheckpointStore(model, str(tmp_path), keep=2)
  assert store.restore() == 4
  assert store.save() is None
  _step(model, tiny_config)
  assert store.save().endswith("ckpt-5")
  assert _names(tmp_path) == ["ckpt-4", "ckpt-5"]


def _tear(path, how):
  if how == "index cut":
    file = path.with_suffix(".index")
    file.write_bytes(file.read_bytes()[:-40])
  elif how == "index empty":
    path.with_suffix(".index").write_bytes(b"")
  else:
    (file,) = path.parent.glob(f"{path.name}.data*")
    if how == "data gone":
      file.unlink()
    elif how == "data cut":
      file.write_bytes(file.read_bytes()[:-100])
    else:
      content = bytearray(file.read_bytes())
      content[len(content) // 2] ^= 1
      file.write_bytes(content)


@pytest.mark.parametrize(
  "how", ["index cut", "index empty", "data gone", "data cut", "one bit"]
)
def test_torn_checkpoint_is_passed_over(tiny_config, tmp_path, how, capsys):
  _run(tiny_config, tmp_path, steps=2)
  _tear(tmp_path / "checkpoints" / "ckpt-2", how)
  model = _model(tiny_config)
  store = checkpoints.CheckpointStore(model, str(tmp_path))
  assert store.restore() == 1 and int(model.step) == 1
  assert "ckpt-2 is damaged" in capsys.readouterr().out
  generator, _ = checkpoints.load_generator(str(tmp_path), "AtoB")
  np.testing.assert_array_equal(
    generator.get_weights()[0], model.ema_generators[0].get_weights()[0]
  )
  # The step is done again, and its checkpoint replaces the torn one.
  _step(model, tiny_config)
  store.save()
  again = _model(tiny_config)
  assert checkpoints.CheckpointStore(again, str(tmp_path)).restore() == 2


def test_weights_that_are_no_numbers_are_not_saved(tiny_config, tmp_path):
  model, _ = _run(tiny_config, tmp_path)
  kernel = model.d_A.trainable_variables[0]
  kernel.assign(kernel * np.nan)
  model.step.assign_add(1)
  with pytest.raises(checkpoints.NotFiniteError, match="d_A .* at step 2"):
    checkpoints.CheckpointStore(model, str(tmp_path)).save()
  assert _names(tmp_path) == ["ckpt-1"]


def test_failing_disk_leaves_the_earlier_checkpoint(
  tiny_config, tmp_path, monkeypatch
):
  model, _ = _run(tiny_config, tmp_path)
  store = checkpoints.CheckpointStore(model, str(tmp_path))
  _step(model, tiny_config)

  def full(self, checkpoint_number):
    # What TensorFlow leaves behind and raises when a disk is full.
    folder = pathlib.Path(self.directory)
    (folder / f"ckpt-{checkpoint_number}.data-00000-of-00001").write_text("x")
    (folder / f"ckpt-{checkpoint_number}_temp").mkdir()
    raise tf.errors.ResourceExhaustedError(None, None, "No space left")

  with monkeypatch.context() as patch:
    patch.setattr(tf.train.CheckpointManager, "save", full)
    with pytest.raises(errors.UserError) as caught:
      store.save()
  assert "No space left" in str(caught.value)
  assert "step 1 is whole" in str(caught.value)
  assert not list((tmp_path / "checkpoints").glob("ckpt-2*"))
  assert store.save().endswith("ckpt-2")  # once there is space again


def test_folder_that_cannot_be_made_is_named(tiny_config, tmp_path):
  (tmp_path / "checkpoints").write_text("a file is in the way")
  store = checkpoints.CheckpointStore(_model(tiny_config), str(tmp_path))
  with pytest.raises(errors.UserError, match="There is no earlier one"):
    store.save()


def test_leftovers_of_a_killed_save_are_removed(tiny_config, tmp_path):
  model, _ = _run(tiny_config, tmp_path)
  folder = tmp_path / "checkpoints"
  (folder / "ckpt-2.data-00000-of-00001").write_text("half")
  (folder / "ckpt-2_temp").mkdir()
  (folder / "ckpt-2_temp" / "part").write_text("half")
  model.step.assign(3)
  checkpoints.CheckpointStore(model, str(tmp_path)).save()
  assert not list(folder.glob("ckpt-2*"))
  assert _names(tmp_path) == ["ckpt-1", "ckpt-3"]


def test_best_is_kept_apart(tiny_config, tmp_path):
  model = _model(tiny_config)
  store = checkpoints.CheckpointStore(model, str(tmp_path), keep=1)
  best = checkpoints.BestCheckpoint(store, str(tmp_path), "cycle_l1")
  kept = []
  for value in (0.5, 0.3, 0.4):
    _step(model, tiny_config)
    store.save()
    kept.append(best.save_if_better(value))
  config_file.save(tiny_config, str(tmp_path))
  assert kept == [True, True, False]
  assert _names(tmp_path) == ["ckpt-3"]
  assert _names(tmp_path, "checkpoints_best") == ["ckpt-2"]
  record = json.loads((tmp_path / "checkpoints_best/best.json").read_text())
  assert record == {"metric": "cycle_l1", "value": 0.3, "step": 2}
  # Another process knows what was best; another metric starts anew.
  for metric, better in (("cycle_l1", False), ("relative_l1", True)):
    again = checkpoints.BestCheckpoint(store, str(tmp_path), metric)
    assert again.save_if_better(0.35) == better
  assert _names(tmp_path, "checkpoints_best") == ["ckpt-3"]


def test_best_generator_can_be_chosen(tiny_config, tmp_path):
  model = _model(tiny_config)
  store = checkpoints.CheckpointStore(model, str(tmp_path))
  best = checkpoints.BestCheckpoint(store, str(tmp_path), "cycle_l1")
  config_file.save(tiny_config, str(tmp_path))
  kernels = []
  for value in (0.3, 0.4):
    _step(model, tiny_config)
    store.save()
    best.save_if_better(value)
    kernels.append(model.ema_generators[0].get_weights()[0])
  for which, kernel in zip(("best", "latest"), kernels):
    generator, _ = checkpoints.load_generator(
      str(tmp_path), "AtoB", config_lib.GeneratorSelection(which)
    )
    np.testing.assert_array_equal(generator.get_weights()[0], kernel)


@pytest.mark.parametrize("ema_decay", [0.9, 0.0])
def test_generator_is_the_averaged_one_where_there_is_one(
  tiny_config, tmp_path, ema_decay
):
  config = conftest.replace(tiny_config, "train", ema_decay=ema_decay)
  model, (image, _) = _run(config, tmp_path)
  for direction, index in (("AtoB", 0), ("BtoA", 1)):
    raw = (model.g_AB, model.g_BA)[index]
    averaged = model.ema_generators[index] if ema_decay else raw
    for choice, want in (
      (config_lib.DEFAULT_SELECTION, averaged),
      (config_lib.GeneratorSelection(use_ema=False), raw),
    ):
      generator, loaded = checkpoints.load_generator(
        str(tmp_path), direction, choice
      )
      assert loaded == config
      np.testing.assert_allclose(generator(image), want(image), atol=1e-6)
    if ema_decay:
      assert not np.allclose(raw(image), averaged(image), atol=1e-4)


@pytest.mark.parametrize(
  ("choice", "words"),
  [
    (config_lib.DEFAULT_SELECTION, "holds no checkpoint in checkpoints/"),
    (config_lib.GeneratorSelection("best"), "Train with --best_metric"),
  ],
)
def test_without_a_checkpoint_it_says_so(tiny_config, tmp_path, choice, words):
  config_file.save(tiny_config, str(tmp_path))
  with pytest.raises(errors.UserError, match=words):
    checkpoints.load_generator(str(tmp_path), "AtoB", choice)


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


def test_loss_scale_is_kept_and_another_precision_goes_on(
  tiny_config, tmp_path
):
  def scaled():
    model = model_lib.build_model(tiny_config)
    model.compile(
      *(
        tf.keras.mixed_precision.LossScaleOptimizer(
          tf.keras.optimizers.Adam(1e-2)
        )
        for _ in "GD"
      )
    )
    return model

  model = scaled()
  _step(model, tiny_config)
  scale = float(model.generator_optimizer.loss_scale)
  checkpoints.CheckpointStore(model, str(tmp_path)).save()
  half = model.generator_optimizer.loss_scale / 2
  assert float(half) == scale / 2
  again = scaled()
  assert checkpoints.CheckpointStore(again, str(tmp_path)).restore() == 1
  assert int(again.generator_optimizer.dynamic_counter) == 1
  plain = _model(tiny_config)
  assert checkpoints.CheckpointStore(plain, str(tmp_path)).restore() == 1
  for want, got in zip(
    model.generator_optimizer.inner_optimizer.variables,
    plain.generator_optimizer.variables,
  ):
    np.testing.assert_array_equal(want, got)


def test_pools_of_more_replicas_are_shared_out(tiny_config, tmp_path, capsys):
  """A checkpoint of two devices goes on with one: its first pool."""
  model, _ = _run(tiny_config, tmp_path)
  pools = checkpoints._Pools(model, 2)
  for variable in pools.variables:
    variable.assign(
      tf.stack(
        [
          tf.fill(variable.shape[1:], tf.cast(v, variable.dtype))
          for v in (7, 8)
        ]
      )
    )
  store = checkpoints.CheckpointStore(model, str(tmp_path / "two"))
  checkpoint = store._describe(pools)
  checkpoint.write(str(tmp_path / "two" / "checkpoints" / "ckpt-1"))
  assert store.restore() == 1
  assert "was on 2 devices and goes on with 1" in capsys.readouterr().out
  assert float(tf.reduce_min(model.buffer_A.images)) == 7
  assert int(model.buffer_B.seen) == 7


def test_checkpoint_of_an_earlier_version_is_refused(tiny_config, tmp_path):
  model = _model(tiny_config)
  old = tf.train.Checkpoint(
    g_AB=model.g_AB, g_AB_average=model.ema_generators[0]
  )
  old.write(str(tmp_path / "checkpoints" / "ckpt-7"))
  config_file.save(tiny_config, str(tmp_path))
  with pytest.raises(errors.UserError, match="version 0.1.0"):
    checkpoints.CheckpointStore(model, str(tmp_path)).restore()
  generator, _ = checkpoints.load_generator(str(tmp_path), "AtoB")
  np.testing.assert_array_equal(
    generator.get_weights()[0], model.ema_generators[0].get_weights()[0]
  )


def test_seed_decides_the_weights(tiny_config):
  first, again = (model_lib.build_model(tiny_config) for _ in range(2))
  other = model_lib.build_model(conftest.replace(tiny_config, "train", seed=3))
  weights = [m.g_AB.get_weights()[0] for m in (first, again, other)]
  np.testing.assert_array_equal(weights[0], weights[1])
  assert not np.array_equal(weights[0], weights[2])


if __name__ == "__main__":
  conftest.main(__file__)
