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
import errno
import json
import os
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import stack
from official.cyclegan.modeling import model as model_lib
from official.cyclegan.training import checkpoint_store
from official.cyclegan.training import checkpoints
from tests import conftest


def _model(config, scaled=False):
  optimizers = [tf.keras.optimizers.Adam(1e-2) for _ in "GD"]
  if scaled:
    scale = tf.keras.mixed_precision.LossScaleOptimizer
    optimizers = [scale(optimizer) for optimizer in optimizers]
  model = model_lib.build_model(config)
  model.compile(*optimizers)
  return model


def _step(model, config):
  shape = (1, config.data.crop_size, config.data.crop_size, 3)
  rng = np.random.default_rng(int(model.step))
  pair = [tf.constant(rng.uniform(-1, 1, shape), tf.float32) for _ in "AB"]
  model.train_step(tuple(pair))


def _state(model):
  variables = [
    *model.g_AB.weights,
    *model.d_B.weights,
    *model.ema_generators[1].weights,
    *model.generator_optimizer.variables,
    *model.discriminator_optimizer.variables,
    model.buffer_A.images,
    model.buffer_B.seen,
    model.step,
  ]
  return [variable.numpy() for variable in variables]


def _names(folder, which="checkpoints"):
  return sorted(p.stem for p in (folder / which).glob("*.index"))


@pytest.fixture(scope="module")
def config(pictures):
  return config_checks.resolve(
    config_lib.Config(
      data=config_lib.DataConfig(dataset=str(pictures), crop_size=32),
      model=conftest.TINY_MODEL,
      train=config_lib.TrainConfig(buffer_max_length=3, precision="float32"),
    )
  )


@pytest.fixture(scope="module")
def run(config, tmp_path_factory):
  """A folder with the checkpoints of two steps, and the state at each."""
  folder = tmp_path_factory.mktemp("run")
  model = _model(config)
  store = checkpoint_store.CheckpointStore(model, str(folder))
  states = []
  for _ in range(2):
    _step(model, config)
    states.append(_state(model))
    store.save()
  config_file.save(config, str(folder))
  return folder, states


@pytest.fixture
def folder(run, tmp_path):
  """A copy of the run's folder, to be spoilt."""
  return conftest.copy(run[0], tmp_path / "run")


@pytest.fixture(scope="module")
def shared_model(config):
  """A model whose state the tests of this file leave to each other."""
  return _model(config)


@pytest.fixture
def model(shared_model):
  """The shared one, at step 0 and with weights that are finite."""
  shared_model.step.assign(0)
  for network in model_lib.NETWORK_NAMES:
    for value in getattr(shared_model, network).get_weights():
      assert np.isfinite(value).all()
  return shared_model


@pytest.mark.slow
def test_everything_is_restored(config, run):
  folder, states = run
  again = _model(config)
  store = checkpoint_store.CheckpointStore(again, str(folder))
  assert store.restore() == 2
  for want, got in zip(states[1], _state(again)):
    np.testing.assert_array_equal(want, got)


def test_nothing_to_restore(model, tmp_path):
  store = checkpoint_store.CheckpointStore(model, str(tmp_path))
  assert store.restore() is None


def test_step_is_saved_once_and_the_newest_are_kept(model, tmp_path):
  store = checkpoint_store.CheckpointStore(model, str(tmp_path), keep=2)
  for _ in range(4):
    model.step.assign_add(1)
    store.save()
  assert _names(tmp_path) == ["ckpt-3", "ckpt-4"]
  # Another process goes on with the rotation.
  store = checkpoint_store.CheckpointStore(model, str(tmp_path), keep=2)
  assert store.restore() == 4
  assert store.save() is None
  model.step.assign_add(1)
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


@pytest.mark.slow
@pytest.mark.parametrize(
  "how", ["index cut", "index empty", "data gone", "data cut", "one bit"]
)
def test_torn_checkpoint_is_passed_over(model, run, folder, how, log):
  _, states = run
  _tear(folder / "checkpoints" / "ckpt-2", how)
  store = checkpoint_store.CheckpointStore(model, str(folder))
  assert store.restore() == 1 and int(model.step) == 1
  for want, got in zip(states[0], _state(model)):
    np.testing.assert_array_equal(want, got)
  assert "ckpt-2 is damaged" in log.text
  generator, _ = checkpoints.load_generator(str(folder), "AtoB")
  np.testing.assert_array_equal(
    generator.get_weights()[0], model.ema_generators[0].get_weights()[0]
  )
  # The step is done again, and its checkpoint replaces the torn one.
  model.step.assign_add(1)
  store.save()
  model.step.assign(0)
  store = checkpoint_store.CheckpointStore(model, str(folder))
  assert store.restore() == 2 and int(model.step) == 2


def test_weights_that_are_not_finite_are_not_saved(model, folder):
  store = checkpoint_store.CheckpointStore(model, str(folder))
  kernel = model.d_A.trainable_variables[0]
  before = kernel.numpy()
  kernel.assign(kernel * np.nan)
  model.step.assign(3)
  with pytest.raises(checkpoint_store.NotFiniteError, match="d_A .* at step 3"):
    store.save()
  kernel.assign(before)
  assert _names(folder) == ["ckpt-1", "ckpt-2"]


def test_failing_disk_leaves_the_earlier_checkpoint(model, folder, monkeypatch):
  store = checkpoint_store.CheckpointStore(model, str(folder))
  model.step.assign(3)

  def full(self, path):
    # What TensorFlow leaves behind and raises when a disk is full.
    pathlib.Path(f"{path}.data-00000-of-00001").write_text("x")
    pathlib.Path(f"{path}_temp").mkdir()
    raise tf.errors.ResourceExhaustedError(None, None, "No space left")

  with monkeypatch.context() as patch:
    patch.setattr(tf.train.Checkpoint, "write", full)
    with pytest.raises(errors.UserError) as caught:
      store.save()
  assert str(caught.value).startswith("--model_dir: the checkpoint of step 3")
  assert "No space left" in str(caught.value)
  assert "step 2 is whole" in str(caught.value)
  assert not list((folder / "checkpoints").glob("*-3*"))
  assert store.save().endswith("ckpt-3")  # once there is space again


def test_folder_that_cannot_be_made_is_named(model, tmp_path):
  (tmp_path / "checkpoints").write_text("a file is in the way")
  store = checkpoint_store.CheckpointStore(model, str(tmp_path))
  with pytest.raises(errors.UserError, match="There is no earlier one"):
    store.save()


def _files(folder):
  return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


def test_leftovers_of_a_killed_save_are_removed(model, folder):
  saved = folder / "checkpoints"
  (saved / ".saving-3").touch()
  (saved / "ckpt-3.data-00000-of-00001").write_text("half")
  (saved / "ckpt-3_temp").mkdir()
  (saved / "ckpt-3_temp" / "part").write_text("half")
  store = checkpoint_store.CheckpointStore(model, str(folder))
  assert store.restore() == 2  # it says nothing about them
  model.step.assign(4)
  store.save()
  assert not list(saved.glob("*-3*"))
  assert _names(folder) == ["ckpt-1", "ckpt-2", "ckpt-4"]


@pytest.mark.parametrize("moment", ["data", "index", "begun"])
def test_a_killed_first_save_begins_again(model, run, tmp_path, moment):
  saved = tmp_path / "checkpoints"
  saved.mkdir()
  (saved / ".saving-1").touch()
  for path in (run[0] / "checkpoints").glob("ckpt-1.*"):
    if moment == "index" or path.name.endswith(moment):
      (saved / path.name).write_bytes(path.read_bytes())
  store = checkpoint_store.CheckpointStore(model, str(tmp_path))
  # Killed after the last file, before the mark was removed: nothing is lost.
  assert store.restore() == (1 if moment == "index" else None)
  model.step.assign(2)
  store.save()
  assert not list(saved.glob(".saving*"))
  kept = ["ckpt-1", "ckpt-2"] if moment == "index" else ["ckpt-2"]
  assert _names(tmp_path) == kept


@pytest.mark.parametrize(
  "how", ["index cut", "index empty", "data gone", "data cut", "one bit"]
)
def test_no_whole_checkpoint_stops_and_touches_nothing(model, folder, how):
  saved = folder / "checkpoints"
  for name in ("ckpt-1", "ckpt-2"):
    _tear(saved / name, how)
  before = _files(saved)
  store = checkpoint_store.CheckpointStore(model, str(folder))
  with pytest.raises(errors.UserError) as caught:
    store.restore()
  assert str(caught.value).startswith(
    f"--model_dir: all checkpoints in {saved}"
  )
  assert "new folder" in str(caught.value) and "\n" not in str(caught.value)
  with pytest.raises(errors.UserError, match="all checkpoints in .*backup"):
    checkpoints.load_generator(str(folder), "AtoB")
  assert _files(saved) == before


def test_a_checkpoint_without_its_index_is_not_overlooked(model, folder):
  saved = folder / "checkpoints"
  for name in ("ckpt-1", "ckpt-2"):
    (saved / f"{name}.index").unlink()
  before = _files(saved)
  with pytest.raises(errors.UserError, match="all checkpoints in"):
    checkpoint_store.CheckpointStore(model, str(folder)).restore()
  assert _files(saved) == before


def _unreadable(monkeypatch, part, error):
  """Lets files whose path holds a text not be read, as by another user."""
  opened, listed, load = open, os.listdir, tf.train.load_checkpoint

  def deny(path):
    if part in os.fspath(path):
      raise error

  def open_or_deny(path, *arguments, **options):
    deny(path)
    return opened(path, *arguments, **options)

  def load_or_deny(path):
    try:
      deny(path)
    except OSError as failed:
      raise tf.errors.PermissionDeniedError(None, None, "no") from failed
    return load(path)

  def list_or_deny(path="."):
    if os.fspath(path).endswith(part):
      raise error
    return listed(path)

  monkeypatch.setattr("builtins.open", open_or_deny)
  monkeypatch.setattr(tf.train, "load_checkpoint", load_or_deny)
  monkeypatch.setattr(os, "listdir", list_or_deny)


@pytest.mark.parametrize("part", ["ckpt-", "ckpt-2", "checkpoints"])
@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_an_input_error_stops_and_touches_nothing(
  model, folder, monkeypatch, part, number
):
  """Of all checkpoints, of the newest one, or of their folder."""
  saved = folder / "checkpoints"
  before = _files(saved)
  store = checkpoint_store.CheckpointStore(model, str(folder))
  with monkeypatch.context() as patch:
    _unreadable(patch, part, OSError(number, os.strerror(number)))
    with pytest.raises(errors.StorageError, match=os.strerror(number)) as one:
      store.restore()
    with pytest.raises(errors.StorageError, match=os.strerror(number)):
      checkpoints.load_generator(str(folder), "AtoB")
  assert "nothing was changed" in str(one.value)
  assert _files(saved) == before and int(model.step) == 0


def test_an_older_checkpoint_that_cannot_be_read_is_left_alone(
  model, folder, monkeypatch
):
  store = checkpoint_store.CheckpointStore(model, str(folder), keep=1)
  assert store.restore() == 2
  model.step.assign(3)
  with monkeypatch.context() as patch:
    _unreadable(patch, "ckpt-1", PermissionError(errno.EACCES, "no"))
    store.save()
  assert _names(folder) == ["ckpt-1", "ckpt-3"]


def test_a_link_that_leads_nowhere_is_not_a_new_run(model, tmp_path):
  (tmp_path / "checkpoints").symlink_to(tmp_path / "unmounted")
  store = checkpoint_store.CheckpointStore(model, str(tmp_path))
  with pytest.raises(errors.StorageError, match="cannot be read"):
    store.restore()


def test_a_damaged_checkpoint_is_set_aside(model, folder):
  saved = folder / "checkpoints"
  _tear(saved / "ckpt-2", "one bit")
  damaged = {n: c for n, c in _files(saved).items() if n.startswith("ckpt-2")}
  store = checkpoint_store.CheckpointStore(model, str(folder), keep=1)
  assert store.restore() == 1
  for step in (2, 3):
    model.step.assign(step)
    store.save()
  assert _names(folder) == ["ckpt-3", "damaged-1-ckpt-2"]
  for name, content in damaged.items():
    assert (saved / f"damaged-1-{name}").read_bytes() == content


@pytest.mark.parametrize("name", ["run[1]", "run*", "a?b\\n", "{x,y}"])
def test_names_of_folders_are_no_patterns(model, run, tmp_path, name):
  folder = conftest.copy(run[0], tmp_path / name)
  store = checkpoint_store.CheckpointStore(model, str(folder), keep=2)
  assert store.restore() == 2
  for step in (3, 4):
    model.step.assign(step)
    store.save()
  assert _names(folder) == ["ckpt-3", "ckpt-4"]
  state = tf.train.get_checkpoint_state(str(folder / "checkpoints"))
  assert state.model_checkpoint_path == str(folder / "checkpoints" / "ckpt-4")
  checkpoints.load_generator(str(folder), "AtoB")


def test_housekeeping_removes_its_own_files_only(model, folder):
  saved = folder / "checkpoints"
  mine = (
    "ckpt-notes.txt",
    "ckpt-1.bak",
    "ckpt-1.index.bak",
    "ckpt-01.index",
    "ckpt-1.data",
    "old-ckpt-1.index",
    ".saving-mine",
    "ckpt-3.txt",
  )
  for name in mine:
    (saved / name).write_text("mine")
  (saved / "ckpt-keep").mkdir()
  (saved / "ckpt-keep" / "ckpt-1.index").write_text("mine")
  store = checkpoint_store.CheckpointStore(model, str(folder), keep=1)
  store.restore()
  for step in (3, 4):
    model.step.assign(step)
    store.save()
  assert [n for n in mine if (saved / n).read_text() != "mine"] == []
  assert (saved / "ckpt-keep" / "ckpt-1.index").read_text() == "mine"
  left = {name for name in _files(saved) if name not in mine}
  assert left == {
    "checkpoint",
    "ckpt-4.index",
    "ckpt-4.data-00000-of-00001",
  }


@pytest.mark.parametrize("failing", range(1, 5))
def test_a_removal_that_fails_half_way_is_gone_on_with(
  model, folder, monkeypatch, failing
):
  remove, count = files.remove, 0

  def fails_once(path):
    nonlocal count
    count += 1
    if count == failing:
      raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
    remove(path)

  store = checkpoint_store.CheckpointStore(model, str(folder), keep=1)
  store.restore()
  model.step.assign(3)
  store.tidy()
  with monkeypatch.context() as patch:
    # Not the mark of what is being saved, but all that removes old ones.
    patch.setattr(store, "_write", lambda path: store._checkpoint.write(path))
    patch.setattr(files, "remove", fails_once)
    store.save()
  assert count >= failing
  store = checkpoint_store.CheckpointStore(model, str(folder), keep=1)
  assert store.restore() == 3
  model.step.assign(4)
  store.save()
  assert set(_files(folder / "checkpoints")) == {
    "checkpoint",
    "ckpt-4.index",
    "ckpt-4.data-00000-of-00001",
  }


def test_a_best_checkpoint_that_is_damaged_is_replaced(model, tmp_path, log):
  store = checkpoint_store.CheckpointStore(model, str(tmp_path))
  best = checkpoint_store.BestCheckpoint(store, str(tmp_path), "cycle_l1")
  model.step.assign(1)
  assert best.save_if_better(0.3)
  _tear(tmp_path / "checkpoints_best" / "ckpt-1", "one bit")
  again = checkpoint_store.BestCheckpoint(store, str(tmp_path), "cycle_l1")
  assert "counts as the best" in log.text
  model.step.assign(2)
  assert again.save_if_better(0.5)
  names = ["ckpt-2", "damaged-1-ckpt-1"]
  assert _names(tmp_path, "checkpoints_best") == names


def test_a_run_that_trains_can_be_read(model, folder, monkeypatch):
  """What was found may be superseded before it is read."""
  read = checkpoints.restore

  def superseded(checkpoint, path):
    if path.endswith("ckpt-2"):
      for name in checkpoints.files_of(path):
        os.remove(name)
    read(checkpoint, path)

  monkeypatch.setattr(checkpoints, "restore", superseded)
  checkpoints.load_generator(str(folder), "AtoB")
  assert _names(folder) == ["ckpt-1"]


def test_weights_that_are_not_finite_are_not_used(config, model, tmp_path):
  config_file.save(config, str(tmp_path))
  store = checkpoint_store.CheckpointStore(model, str(tmp_path))
  kernel = model.ema_generators[0].weights[0]
  before = kernel.numpy()
  kernel.assign(kernel * np.nan)
  store.save()
  kernel.assign(before)
  with pytest.raises(errors.UserError, match="weights of g_AB in .*ckpt-0 are"):
    checkpoints.load_generator(str(tmp_path), "AtoB")


def test_best_is_kept_apart(model, tmp_path):
  store = checkpoint_store.CheckpointStore(model, str(tmp_path), keep=1)
  best = checkpoint_store.BestCheckpoint(store, str(tmp_path), "cycle_l1")
  kept = []
  for value in (0.5, 0.3, 0.4):
    model.step.assign_add(1)
    store.save()
    kept.append(best.save_if_better(value))
  assert kept == [True, True, False]
  assert not best.save_if_better(float("nan"))
  assert _names(tmp_path) == ["ckpt-3"]
  assert _names(tmp_path, "checkpoints_best") == ["ckpt-2"]
  record = json.loads((tmp_path / "checkpoints_best/best.json").read_text())
  assert record == {"metric": "cycle_l1", "value": 0.3, "step": 2}
  # Another process knows what was best; another metric starts anew.
  for metric, better in (("cycle_l1", False), ("relative_l1", True)):
    again = checkpoint_store.BestCheckpoint(store, str(tmp_path), metric)
    assert again.save_if_better(0.35) == better
  assert _names(tmp_path, "checkpoints_best") == ["ckpt-3"]


def test_best_that_cannot_be_saved_is_tried_again(model, tmp_path, monkeypatch):
  store = checkpoint_store.CheckpointStore(model, str(tmp_path))
  best = checkpoint_store.BestCheckpoint(store, str(tmp_path), "cycle_l1")
  model.step.assign(1)

  def full(self, path):
    raise tf.errors.ResourceExhaustedError(None, None, "No space left")

  with monkeypatch.context() as patch:
    patch.setattr(tf.train.Checkpoint, "write", full)
    with pytest.raises(errors.UserError, match="No space left"):
      best.save_if_better(0.5)
  assert best.save_if_better(0.5)
  assert _names(tmp_path, "checkpoints_best") == ["ckpt-1"]


def test_best_generator_can_be_chosen(config, model, tmp_path):
  store = checkpoint_store.CheckpointStore(model, str(tmp_path))
  best = checkpoint_store.BestCheckpoint(store, str(tmp_path), "cycle_l1")
  config_file.save(config, str(tmp_path))
  kernels = []
  for value in (0.3, 0.4):
    model.step.assign_add(1)
    kernel = model.ema_generators[0].weights[0]
    kernel.assign_add(tf.ones_like(kernel))
    store.save()
    best.save_if_better(value)
    kernels.append(kernel.numpy())
  for which, kernel in zip(("best", "latest"), kernels):
    generator, _ = checkpoints.load_generator(
      str(tmp_path), "AtoB", command_config.GeneratorSelection(which)
    )
    np.testing.assert_array_equal(generator.get_weights()[0], kernel)


@pytest.mark.slow
def test_loss_scale_is_kept_and_another_precision_goes_on(
  config, run, tmp_path
):
  scaled = _model(config, scaled=True)
  _step(scaled, config)
  scale, _ = conftest.loss_scale(scaled.generator_optimizer)
  # Halved, so that the default cannot be taken for what was saved.
  half = float(scale) / 2
  scale.assign(half)
  checkpoint_store.CheckpointStore(scaled, str(tmp_path)).save()
  again = _model(config, scaled=True)
  assert checkpoint_store.CheckpointStore(again, str(tmp_path)).restore() == 1
  found, good_steps = conftest.loss_scale(again.generator_optimizer)
  assert int(good_steps) == 1
  assert float(found) == half
  plain = _model(config)
  assert checkpoint_store.CheckpointStore(plain, str(tmp_path)).restore() == 1
  for want, got in zip(
    scaled.generator_optimizer.inner_optimizer.variables,
    plain.generator_optimizer.variables,
  ):
    np.testing.assert_array_equal(want, got)
  # And from a run without a loss scale on with one, which starts anew.
  folder, states = run
  before = float(conftest.loss_scale(again.discriminator_optimizer)[0])
  assert checkpoint_store.CheckpointStore(again, str(folder)).restore() == 2
  for want, got in zip(states[1], [*again.g_AB.weights, *again.d_B.weights]):
    np.testing.assert_array_equal(want, got)
  assert int(again.generator_optimizer.iterations) == 2
  after = float(conftest.loss_scale(again.discriminator_optimizer)[0])
  assert after == before


def _write_without(model, path, *missing):
  """Writes a checkpoint that lacks some of its parts."""
  store = checkpoint_store.CheckpointStore(model, str(path))
  parts = store._parts(store.pools)
  parts = {k: v for k, v in parts.items() if k not in missing}
  tf.train.Checkpoint(**parts).write(str(path / "checkpoints" / "ckpt-7"))


@pytest.mark.parametrize(
  "missing", ["g_BA", "d_A", "g_AB_average", "generator_optimizer", "step"]
)
def test_training_does_not_go_on_with_random_variables(
  model, tmp_path, missing
):
  """As if a part had been saved under another name."""
  _write_without(model, tmp_path, missing)
  with pytest.raises(errors.UserError) as caught:
    checkpoint_store.CheckpointStore(model, str(tmp_path)).restore()
  assert str(caught.value).startswith(f"--model_dir={tmp_path} holds")


def test_pools_of_more_replicas_are_shared_out(model, tmp_path, log):
  """A checkpoint of two devices goes on with one: its first pool."""
  pools = checkpoint_store._Pools(model, 2)
  for variable in pools.variables:
    variable.assign(
      tf.stack(
        [
          tf.fill(variable.shape[1:], tf.cast(v, variable.dtype))
          for v in (7, 8)
        ]
      )
    )
  model.step.assign(1)
  store = checkpoint_store.CheckpointStore(model, str(tmp_path))
  checkpoint = tf.train.Checkpoint(**store._parts(pools))
  checkpoint.write(str(tmp_path / "checkpoints" / "ckpt-1"))
  assert store.restore() == 1
  assert "was on 2 devices and goes on with 1" in log.text
  assert float(tf.reduce_min(model.buffer_A.images)) == 7
  assert int(model.buffer_B.seen) == 7


def test_checkpoint_of_an_earlier_version_is_refused(config, model, tmp_path):
  old = tf.train.Checkpoint(
    g_AB=stack.network_tree(model.g_AB),
    g_AB_average=stack.network_tree(model.ema_generators[0]),
  )
  old.write(str(tmp_path / "checkpoints" / "ckpt-7"))
  config_file.save(config, str(tmp_path))
  with pytest.raises(errors.UserError, match="version 0.1.0"):
    checkpoint_store.CheckpointStore(model, str(tmp_path)).restore()
  generator, _ = checkpoints.load_generator(str(tmp_path), "AtoB")
  np.testing.assert_array_equal(
    generator.get_weights()[0], model.ema_generators[0].get_weights()[0]
  )


if __name__ == "__main__":
  conftest.main(__file__)
