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
"""Both stacks: what each has installed is tested, by the suite of each."""

import importlib.metadata
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.core import errors
from official.cyclegan.core import stack
from tests import conftest


@pytest.mark.parametrize(
  ("version", "shown"),
  [("2.15.1", True), ("2.9.0", True), ("2.16.1", False), ("2.21.0", False)],
)
def test_only_the_older_stack_has_a_notice(monkeypatch, version, shown):
  monkeypatch.setattr(importlib.metadata, "version", lambda name: version)
  line = stack.notice()
  assert (line is not None) == shown
  if shown:
    assert version in line and "\n" not in line
    assert '"Two stacks"' in line
    assert "## Two stacks" in (conftest.ROOT / "README.md").read_text()


def test_without_tensorflow_there_is_no_notice(monkeypatch):
  def missing(name):
    raise importlib.metadata.PackageNotFoundError(name)

  monkeypatch.setattr(importlib.metadata, "version", missing)
  assert stack.notice() is None


def test_only_what_each_import_prints_is_left_out(capfd):
  known = (
    b"WARNING: All log messages before absl::InitializeLog() is called are\n"
    b"I0000 00:00:17.3 11 port.cc:153] oneDNN custom operations are on. You\n"
    b"I0000 00:00:17.4 11 cudart_stub.cc:31] Could not find cuda drivers on\n"
  )
  with stack._without_known_lines():
    os.write(
      2, known + b"E0000 00:00:17.5 11 cuda.cc:1] the driver is broken\n"
    )
    os.write(2, known)
  with pytest.raises(ImportError), stack._without_known_lines():
    os.write(2, b"what goes before an error\xff\n" + known)
    raise ImportError
  os.write(2, b"later\n")
  assert capfd.readouterr().err.splitlines() == [
    "E0000 00:00:17.5 11 cuda.cc:1] the driver is broken",
    "what goes before an error\ufffd",
    "later",
  ]


@pytest.mark.slow(seconds=11)
def test_other_projects_choice_of_keras_does_not_count(
  pictures, tmp_path, monkeypatch
):
  for name, value in (
    ("KERAS_BACKEND", "jax"),
    ("TF_USE_LEGACY_KERAS", "1"),
    ("KERAS_MAX_EPOCHS", "0"),
    ("KERAS_MAX_STEPS_PER_EPOCH", "1"),
  ):
    monkeypatch.setenv(name, value)
  flags = conftest.tiny_flags(pictures, tmp_path, train_steps=3, probe=False)
  done = conftest.run_binary("train", *flags, python=["-B"])
  assert done.returncode == 0, done.stderr
  assert (tmp_path / "checkpoints" / "ckpt-3.index").exists()


@pytest.mark.skipif(not stack.is_keras_3(), reason="Keras 2 has one backend")
def test_another_backend_is_refused_in_words(monkeypatch):
  monkeypatch.setattr(tf.keras.backend, "backend", lambda: "torch")
  stack.is_keras_3.cache_clear()
  try:
    with pytest.raises(errors.UserError, match="KERAS_BACKEND=tensorflow"):
      stack.is_keras_3()
  finally:
    stack.is_keras_3.cache_clear()


# One step on two devices with gradients of 3 and of a value that is given, and
# the kernel's length kept at 1.
_TWO_DEVICES = """
import json, sys
import tensorflow as tf
from official.cyclegan.core import stack
from official.cyclegan.modeling import adam
from tests import conftest

(cpu,) = tf.config.list_physical_devices("CPU")
one = tf.config.LogicalDeviceConfiguration()
tf.config.set_logical_device_configuration(cpu, [one, one])
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
  layer = tf.keras.layers.Dense(
    1,
    use_bias=False,
    kernel_initializer="ones",
    kernel_constraint=tf.keras.constraints.UnitNorm(),
  )
  layer.build([None, 2])
  optimizer = tf.keras.mixed_precision.LossScaleOptimizer(
    adam.FusedAdam(0.1), initial_scale=float(sys.argv[2])
  )
  optimizer.build(layer.trainable_variables)


@tf.function
def step():
  def replica():
    i = tf.distribute.get_replica_context().replica_id_in_sync_group
    factor = tf.gather([3.0, float(sys.argv[1])], i)
    variables = layer.trainable_variables
    scaled = [tf.ones([2, 1]) * factor]
    gradients = stack.unscale(optimizer, scaled)
    stack.apply_gradients(optimizer, scaled, gradients, variables)

  strategy.run(replica)


step()
scale, _ = conftest.loss_scale(optimizer)
(kernel,) = stack.tf_variables(layer.trainable_variables)
(count,) = stack.tf_variables([optimizer.iterations])
print(
  json.dumps(
    {
      "kernels": [
        part.numpy().ravel().tolist()
        for part in strategy.experimental_local_results(kernel)
      ],
      "scale": float(tf.convert_to_tensor(scale)),
      "steps": int(tf.convert_to_tensor(count)),
    }
  )
)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
  ("other", "scale", "left_out", "after"),
  [
    ("3.0", 8.0, False, 8.0),
    ("inf", 8.0, True, 4.0),
    ("nan", 8.0, True, 4.0),
    ("inf", 1.0, True, 1.0),
  ],
)
def test_all_devices_leave_a_step_out_or_none(other, scale, left_out, after):
  done = subprocess.run(
    [sys.executable, "-c", _TWO_DEVICES, other, str(scale)],
    cwd=conftest.ROOT,
    capture_output=True,
    text=True,
    check=False,
  )
  assert done.returncode == 0, done.stderr
  found = json.loads(done.stdout.splitlines()[-1])
  first, second = found["kernels"]
  assert first == second
  if left_out:
    assert first == [1.0, 1.0]  # not scaled to a length of 1 either
  else:
    np.testing.assert_allclose(first, [0.5**0.5] * 2, rtol=1e-6)
  assert found["scale"] == after and found["steps"] == 1


def test_variables_are_those_that_tensorflow_takes():
  layer = tf.keras.layers.Dense(2)
  layer.build((None, 3))
  found = stack.tf_variables([*layer.weights, tf.Variable(1.0)])
  assert all(isinstance(variable, tf.Variable) for variable in found)
  found[1].assign([3.0, 4.0])
  np.testing.assert_array_equal(layer.get_weights()[1], [3.0, 4.0])
  with tf.GradientTape(watch_accessed_variables=False) as tape:
    tape.watch(found)
    y = tf.reduce_sum(layer(tf.ones((1, 3))))
  assert all(g is not None for g in tape.gradient(y, found[:2]))


class _Counter(tf.keras.layers.Layer):
  """Has state that is no weight."""

  def __init__(self, **kwargs):
    super().__init__(**kwargs)
    self._count = tf.Variable(7, trainable=False)

  @property
  def weights(self):
    return []

  @property
  def checkpointed(self):
    return {"count": self._count}

  def call(self, inputs):
    return inputs


def _network():
  inputs = tf.keras.Input((8, 8, 3))
  x = tf.keras.layers.Conv2D(2, 3)(inputs)
  x = tf.keras.layers.ReLU()(x)
  x = _Counter()(x)
  x = tf.keras.layers.DepthwiseConv2D(3, use_bias=False)(x)
  inner = tf.keras.Sequential(
    [tf.keras.Input((4, 4, 2)), tf.keras.layers.Conv2D(1, 1)]
  )
  return tf.keras.Model(inputs, inner(x))


def _keys(tree, path):
  checkpoint = tf.train.Checkpoint(tree=tree)
  reader = tf.train.load_checkpoint(checkpoint.write(str(path)))
  ending = "/.ATTRIBUTES/VARIABLE_VALUE"
  return {
    key.removeprefix("tree/").removesuffix(ending)
    for key in reader.get_variable_to_shape_map()
    if key.startswith("tree/")
  }


def test_a_network_has_the_keys_of_keras_2(tmp_path):
  """Written out: they are what every stored run has."""
  assert _keys(stack.network_tree(_network()), tmp_path / "network") == {
    "layer_with_weights-0/kernel",
    "layer_with_weights-0/bias",
    "layer-3/count",
    "layer_with_weights-1/depthwise_kernel",
    "layer_with_weights-2/layer_with_weights-0/kernel",
    "layer_with_weights-2/layer_with_weights-0/bias",
  }


def test_two_weights_of_one_name_are_refused():
  class Twice(tf.keras.layers.Layer):
    def build(self, shape):
      self.a, self.b = (
        self.add_weight(shape=(1,), name="same") for _ in range(2)
      )

    def call(self, inputs):
      return inputs * self.a * self.b

  inputs = tf.keras.Input((1,))
  network = tf.keras.Model(inputs, Twice()(inputs))
  with pytest.raises(ValueError, match="two weights of one name"):
    stack.network_tree(network)


class _Half(tf.keras.optimizers.schedules.LearningRateSchedule):
  def __call__(self, step):
    return 0.5 ** (tf.cast(step, tf.float32) + 1)

  def get_config(self):
    return {}


def _trained(rate, scaled):
  """Returns an optimizer after two steps, the second of which overflows."""
  optimizer = tf.keras.optimizers.Adam(rate)
  if scaled:
    optimizer = tf.keras.mixed_precision.LossScaleOptimizer(optimizer)
  variable = tf.Variable([1.0, 2.0])
  optimizer.build([variable])

  # Graphs add what orders these operators.
  @tf.function
  def step(factor):
    with tf.GradientTape() as tape:
      total = stack.scale_loss(tf.reduce_sum(variable) * factor, optimizer)
    gradients = tape.gradient(total, [variable])
    unscaled = stack.unscale(optimizer, gradients)
    stack.apply_gradients(optimizer, gradients, unscaled, [variable])
    return unscaled[0]

  first = step(tf.constant(3.0))
  step(tf.constant(np.inf if scaled else 1.0))
  return optimizer, first


@pytest.mark.parametrize("scaled", [False, True])
def test_an_optimizer_has_the_keys_and_values_of_keras_2(tmp_path, scaled):
  optimizer, gradient = _trained(_Half(), scaled)
  np.testing.assert_array_equal(gradient, [3.0, 3.0])
  tree = stack.optimizer_tree(optimizer)
  stack.update_tree(optimizer, tree)
  scale = {"loss_scale/current_loss_scale", "loss_scale/good_steps"}
  want = {
    "_iterations",
    "_variables/1",
    "_variables/2",
    "_current_learning_rate",
  }
  assert _keys(tree, tmp_path / "a") == want | (scale if scaled else set())
  assert _keys(stack.without_loss_scale(tree), tmp_path / "b") == want
  # A step that overflows counts; its rate was that of the step before it.
  assert int(tree["_iterations"]) == 2
  if not scaled:
    assert float(tree["_current_learning_rate"]) == 0.25
  else:
    reader = tf.train.load_checkpoint(str(tmp_path / "a"))
    key = stack.loss_scale_key("tree")
    assert reader.get_tensor(key) == 2.0**14  # half of what it starts with


def test_a_rate_that_is_a_variable_is_no_numbered_one(tmp_path):
  optimizer, _ = _trained(0.125, False)
  tree = stack.optimizer_tree(optimizer)
  assert _keys(tree, tmp_path / "a") == {
    "_iterations",
    "_variables/1",
    "_variables/2",
    "_learning_rate",
  }
  assert float(tree["_learning_rate"]) == 0.125


def test_initializers_come_back_from_their_configuration():
  config = stack.serialize_part(tf.keras.initializers.RandomNormal(0.0, 0.125))
  assert tf.keras.initializers.get(config).stddev == 0.125


if __name__ == "__main__":
  conftest.main(__file__)
