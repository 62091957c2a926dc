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
"""The two stacks: TensorFlow 2.15 with Keras 2, and 2.20 or later with Keras 3.

What differs between them is here and in `modeling/normalization.py`: nothing
else asks for a version, or whether a library has a name. TensorFlow is imported
by the functions that need it, so that commands start without.

A checkpoint has the same keys on both stacks: those by which Keras 2 saves a
network or an optimizer. `network_tree` and `optimizer_tree` name variables so.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import math
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TYPE_CHECKING

from official.cyclegan.core import errors

if TYPE_CHECKING:
  import tensorflow as tf

# What the names begin with under which Keras registers this package's classes.
KERAS_PACKAGE = "cyclegan"
# The first TensorFlow that brings Keras 3.
_FIRST_NEWER = (2, 16)
# What TensorFlow prints at each import, GPU or not.
_KNOWN = re.compile(
  rb"WARNING: All log messages before absl::InitializeLog\(\) is called"
  rb"|I\d{4} .*(oneDNN custom operations are on"
  rb"|Could not find cuda drivers|optimized to use available CPU instructions)"
  rb"|To enable the following instructions: "
)
# Variables that put another Keras in place of TensorFlow's, or end `fit` early.
_KERAS_VARIABLES = (
  "TF_USE_LEGACY_KERAS",
  "KERAS_MAX_EPOCHS",
  "KERAS_MAX_STEPS_PER_EPOCH",
)
_LOSS_SCALE = "loss_scale"  # a part of an optimizer's tree
_LATEST_RATE = "_current_learning_rate"


def notice() -> str | None:
  """Returns a line about the newer stack, or None where that is installed.

  Also None without TensorFlow, which a `.tflite` file does not need.
  """
  try:
    version = importlib.metadata.version("tensorflow")
  except importlib.metadata.PackageNotFoundError:
    return None
  if tuple(map(int, version.split(".")[:2])) >= _FIRST_NEWER:
    return None
  return (
    f"This is TensorFlow {version} with Keras 2, which gets no more fixes; with"
    ' Python 3.12 or 3.13 this package installs a newer one (README, "Two'
    ' stacks").'
  )


def load_tensorflow() -> None:
  """Imports TensorFlow with its own Keras, without lines that it always prints.

  TensorFlow 2.21 says where there is no GPU, and where oneDNN is on, before it
  looks whether anybody wants to read it. Lines of any other kind are printed
  when the import is over.
  """
  _prefer_own_keras()
  if "tensorflow" in sys.modules:
    return
  with _without_known_lines():
    import tensorflow  # noqa: F401


def _prefer_own_keras() -> None:
  """Lets TensorFlow load its own Keras, on itself, whatever is asked elsewhere.

  Variables and `~/.keras/keras.json` that other projects of the user need would
  put another backend below Keras 3, or another Keras in its place, or end `fit`
  early.
  """
  os.environ["KERAS_BACKEND"] = "tensorflow"
  for name in _KERAS_VARIABLES:
    os.environ.pop(name, None)


@contextlib.contextmanager
def _without_known_lines() -> Iterator[None]:
  """Holds standard error back, and leaves out lines that are `_KNOWN`."""
  try:
    shown = os.dup(2)
  except OSError:  # closed: nobody reads it
    yield
    return
  with tempfile.TemporaryFile() as held:
    sys.stderr.flush()
    os.dup2(held.fileno(), 2)
    try:
      yield
    finally:
      sys.stderr.flush()
      os.dup2(shown, 2)
      os.close(shown)
      held.seek(0)
      for line in held:
        if not _KNOWN.match(line):
          os.write(2, line)


@functools.cache
def is_keras_3() -> bool:
  """Returns whether TensorFlow's Keras is Keras 3.

  Raises:
    errors.UserError: If it is, and was imported with another backend.
  """
  import tensorflow as tf

  if not hasattr(tf.keras, "ops"):
    return False
  backend = tf.keras.backend.backend()
  if backend != "tensorflow":
    raise errors.UserError(
      f"Keras was imported with the backend {backend}, and this package needs"
      " TensorFlow's: set KERAS_BACKEND=tensorflow, or import official.cyclegan"
      " before keras."
    )
  return True


def tf_variables(variables: Sequence[Any]) -> list[tf.Variable]:
  """Returns what TensorFlow's own functions take for variables.

  Args:
    variables: Keras's. Those of Keras 3 have a `tf.Variable` inside, which
      gradient tapes, strategies and checkpoints want. Not within a layer's
      `call`, where mixed precision casts them.
  """
  import tensorflow as tf

  return [v if isinstance(v, tf.Variable) else v.value for v in variables]


# Checkpoints.


def network_tree(network: tf.keras.Model) -> dict[str, Any]:
  """Returns a network's state as a checkpoint names it.

  Args:
    network: A Keras model; models may be layers of it.

  Returns:
    Dictionaries in a dictionary, with the names that Keras 2 gives: layers with
    weights are counted on their own. A layer's `checkpointed` holds state
    besides its weights.

  Raises:
    ValueError: If two weights of a layer have the same name.
  """
  import tensorflow as tf

  tree: dict[str, Any] = {}
  weighted = 0
  for i, layer in enumerate(network.layers):
    if isinstance(layer, tf.keras.Model):
      node = network_tree(layer)
    else:
      names = [_weight_name(layer, weight) for weight in layer.weights]
      if len(set(names)) < len(names):
        raise ValueError(f"{layer.name} has two weights of one name: {names}.")
      node = {
        **dict(zip(names, tf_variables(layer.weights))),
        **getattr(layer, "checkpointed", {}),
      }
    if layer.weights:
      tree[f"layer_with_weights-{weighted}"] = node
      weighted += 1
    elif node:
      tree[f"layer-{i}"] = node
  return tree


def _weight_name(layer: tf.keras.layers.Layer, weight: Any) -> str:
  """Returns the attribute under which Keras 2 has a layer's weight."""
  import tensorflow as tf

  # Keras 2: `layer/kernel:0`; Keras 3: `kernel`, of depthwise ones too.
  name = weight.name.rpartition("/")[2].partition(":")[0]
  depthwise = isinstance(layer, tf.keras.layers.DepthwiseConv2D)
  return "depthwise_kernel" if depthwise and name == "kernel" else name


def optimizer_tree(optimizer: tf.keras.optimizers.Optimizer) -> dict[str, Any]:
  """Returns an optimizer's state as a checkpoint names it.

  Args:
    optimizer: Built; may be a `LossScaleOptimizer`.

  Returns:
    The count of steps, the other variables by their numbers, the rate and, if
    there is one, the loss scale, with the names that Keras 2 gives.
  """
  import tensorflow as tf

  inner = _inner(optimizer)
  rate = inner._learning_rate
  # Keras 3 counts a rate that is a variable among the others.
  variables = tf_variables([v for v in inner.variables if v is not rate])
  tree: dict[str, Any] = {
    "_iterations": variables[0],
    "_variables": {str(i): v for i, v in enumerate(variables) if i},
  }
  if not isinstance(rate, tf.keras.optimizers.schedules.LearningRateSchedule):
    (tree["_learning_rate"],) = tf_variables([rate])
  elif is_keras_3():  # for the file only, which Keras 2 may have to read
    tree[_LATEST_RATE] = tf.Variable(rate(0), trainable=False)
  else:
    tree[_LATEST_RATE] = inner._current_learning_rate
  if inner is not optimizer:
    tree[_LOSS_SCALE] = (
      dict(
        zip(
          ("current_loss_scale", "good_steps"),
          tf_variables([optimizer.dynamic_scale, optimizer.step_counter]),
        )
      )
      if is_keras_3()
      else optimizer._loss_scale
    )
  return tree


def update_tree(
  optimizer: tf.keras.optimizers.Optimizer, tree: Mapping[str, Any]
) -> None:
  """Sets what an optimizer's tree holds for the file only; before saving.

  Args:
    optimizer: The optimizer.
    tree: What `optimizer_tree` returned for it.
  """
  if is_keras_3() and _LATEST_RATE in tree:
    rate = _inner(optimizer)._learning_rate
    tree[_LATEST_RATE].assign(rate(_done(optimizer)))


def without_loss_scale(tree: Mapping[str, Any]) -> dict[str, Any]:
  """Returns an optimizer's tree without its loss scale, to read an older run.

  Args:
    tree: What `optimizer_tree` returned.
  """
  return {name: node for name, node in tree.items() if name != _LOSS_SCALE}


def loss_scale_key(name: str) -> str:
  """Returns the key of a checkpoint under which a loss scale is.

  Args:
    name: The optimizer's name in the checkpoint.
  """
  return f"{name}/{_LOSS_SCALE}/current_loss_scale/.ATTRIBUTES/VARIABLE_VALUE"


def _done(optimizer: tf.keras.optimizers.Optimizer) -> int:
  """Returns the number of an optimizer's last step, from 0."""
  # A Keras variable that is mirrored cannot tell a number; what it holds can.
  (iterations,) = tf_variables([_inner(optimizer).iterations])
  return max(int(iterations.numpy()) - 1, 0)


def _inner(
  optimizer: tf.keras.optimizers.Optimizer,
) -> tf.keras.optimizers.Optimizer:
  """Returns the optimizer that a loss scale is wrapped around, or itself."""
  return getattr(optimizer, "inner_optimizer", optimizer)


# The training step.


def last_learning_rate(optimizer: tf.keras.optimizers.Optimizer) -> float:
  """Returns the learning rate of an optimizer's last step.

  Of one with a schedule Keras 2 keeps it, and Keras 3 tells that of the next
  step.

  Args:
    optimizer: May be a `LossScaleOptimizer`.
  """
  import tensorflow as tf

  schedule: Any = getattr(_inner(optimizer), "_learning_rate", None)
  scheduled = isinstance(
    schedule, tf.keras.optimizers.schedules.LearningRateSchedule
  )
  if scheduled and is_keras_3():
    return float(schedule(_done(optimizer)))
  return float(tf.convert_to_tensor(optimizer.learning_rate))


def scale_loss(
  total: tf.Tensor, optimizer: tf.keras.optimizers.Optimizer
) -> tf.Tensor:
  """Returns a loss times its optimizer's loss scale, if that has one.

  Args:
    total: The loss.
    optimizer: May be a `LossScaleOptimizer`.
  """
  if is_keras_3():
    return optimizer.scale_loss(total)
  if _inner(optimizer) is optimizer:
    return total
  return optimizer.get_scaled_loss(total)


def unscale(
  optimizer: tf.keras.optimizers.Optimizer, gradients: Sequence[tf.Tensor]
) -> Sequence[tf.Tensor]:
  """Returns gradients without their optimizer's loss scale.

  Args:
    optimizer: May be a `LossScaleOptimizer`.
    gradients: Of the scaled loss.
  """
  if _inner(optimizer) is optimizer:
    return gradients
  if is_keras_3():
    return [gradient / optimizer.dynamic_scale for gradient in gradients]
  return optimizer.get_unscaled_gradients(gradients)


def apply_gradients(
  optimizer: tf.keras.optimizers.Optimizer,
  scaled: Sequence[tf.Tensor],
  unscaled: Sequence[tf.Tensor],
  variables: Sequence[Any],
) -> None:
  """Updates variables, applies their constraints, and counts the step.

  Args:
    optimizer: May be a `LossScaleOptimizer`, which leaves a step out whose
      gradients have overflown. Such a step counts: learning rates follow from
      the number of steps.
    scaled: The gradients of the scaled loss.
    unscaled: What `unscale` made of them.
    variables: Keras's variables.
  """
  updated = tf_variables(variables)
  if not is_keras_3():
    optimizer.apply_gradients(zip(unscaled, updated))
    return
  if _inner(optimizer) is optimizer:
    optimizer.apply_gradients(zip(scaled, updated))
    _constrain(variables)
    return
  scaled, is_finite = _agreed(scaled)
  # Keras 3 does not count it, Keras 2 does.
  (count,) = tf_variables([_inner(optimizer).iterations])
  before = count.read_value()
  optimizer.apply_gradients(zip(scaled, updated))
  count.assign(before + 1)
  _keep_scale_above_one(optimizer)
  _constrain(variables, is_finite)


def _agreed(
  gradients: Sequence[tf.Tensor],
) -> tuple[list[tf.Tensor], tf.Tensor]:
  """Lets all replicas leave a step out, or none, as Keras 2 does.

  Keras 3 looks at the gradients of one replica before they are added up.

  Args:
    gradients: Of this replica.

  Returns:
    Gradients of which one is no number if those of any replica are not finite;
    and whether all are, bool, a scalar.
  """
  import tensorflow as tf

  is_finite = tf.reduce_all(
    [tf.reduce_all(tf.math.is_finite(gradient)) for gradient in gradients]
  )
  context = tf.distribute.get_replica_context()
  if context.num_replicas_in_sync > 1:
    faults = context.all_reduce(
      tf.distribute.ReduceOp.SUM, tf.cast(~is_finite, tf.float32)
    )
    is_finite = tf.equal(faults, 0.0)
    first = tf.where(is_finite, gradients[0], math.nan)
    gradients = [first, *gradients[1:]]
  return list(gradients), is_finite


def _keep_scale_above_one(
  optimizer: tf.keras.optimizers.Optimizer,
) -> None:
  """Keeps a loss scale from falling below 1, as Keras 2 does."""
  import tensorflow as tf

  (scale,) = tf_variables([optimizer.dynamic_scale])

  def update(strategy: tf.distribute.Strategy) -> None:
    strategy.extended.update(
      scale, lambda part: part.assign(tf.maximum(part, 1.0)), group=False
    )

  tf.distribute.get_replica_context().merge_call(update)


def _constrain(variables: Sequence[Any], *applied: tf.Tensor) -> None:
  """Applies Keras 3's constraints, which the variables inside do not have.

  Args:
    variables: Keras's.
    *applied: Whether the step was not left out, bool, a scalar; nothing for a
      step that never is.
  """
  import tensorflow as tf

  held = [
    (variable.value, variable.constraint)
    for variable in variables
    if not isinstance(variable, tf.Variable) and variable.constraint
  ]

  def constrain(
    part: tf.Variable,
    *applied: tf.Tensor,
    constraint: tf.keras.constraints.Constraint,
  ) -> Any:
    made = constraint(part)
    if applied:
      made = tf.where(applied[0], made, part)
    return part.assign(made)

  def update(strategy: tf.distribute.Strategy, *applied: tf.Tensor) -> None:
    for variable, constraint in held:
      strategy.extended.update(
        variable,
        functools.partial(constrain, constraint=constraint),
        args=applied,
        group=False,
      )

  if held:
    context = tf.distribute.get_replica_context()
    context.merge_call(update, args=applied)


def variable_index(
  optimizer: tf.keras.optimizers.Optimizer, variable: tf.Variable
) -> int:
  """Returns a variable's place among those that an optimizer was built for.

  Args:
    optimizer: Built.
    variable: One of its variables, or a replica's copy.
  """
  if is_keras_3():
    return optimizer._get_variable_index(variable)
  return optimizer._index_dict[optimizer._var_key(variable)]


def step_results(
  results: Mapping[str, tf.Tensor], workers: int
) -> dict[str, tf.Tensor]:
  """Returns a replica's running means in the form that `fit` takes.

  Between several workers Keras 3 takes the mean of the replicas' values along
  their first axis, which a scalar does not have.

  Args:
    results: Scalars by name.
    workers: How many processes train together.
  """
  import tensorflow as tf

  if is_keras_3() and workers > 1:
    return {name: tf.reshape(value, [1]) for name, value in results.items()}
  return dict(results)


def train_function(model: tf.keras.Model) -> Any:
  """Returns the function that `fit` calls with an iterator for each step.

  Args:
    model: A compiled model.
  """
  made = model.make_train_function()
  return model.train_function if is_keras_3() else made


# Configurations.


def serialize_part(
  part: tf.keras.initializers.Initializer
  | tf.keras.constraints.Constraint
  | None,
) -> dict[str, Any] | None:
  """Returns the configuration of an initializer or a constraint, for a layer's.

  In Keras 2 in its older form, for in HDF5 files the newer one loses the
  package that a part is registered under.

  Args:
    part: The initializer or constraint; None, for which None is returned.
  """
  import tensorflow as tf

  if part is None:
    return None
  form = {} if is_keras_3() else {"use_legacy_format": True}
  if isinstance(part, tf.keras.constraints.Constraint):
    return tf.keras.constraints.serialize(part, **form)
  return tf.keras.initializers.serialize(part, **form)
