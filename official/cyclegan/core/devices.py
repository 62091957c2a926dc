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
"""Devices of a run: `tf.distribute` strategies, precision, determinism."""

from __future__ import annotations

import json
import os

import tensorflow as tf
from absl import logging

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import cpu_tuning
from official.cyclegan.core import errors

_TF_CONFIG = "TF_CONFIG"
_ACCELERATORS = ("GPU", "TPU")


def set_up(config: config_lib.Config) -> None:
  """Prepares TensorFlow; before anything else uses it.

  Args:
    config: `train.intra_op_threads`, `train.deterministic`, and `device`.

  Raises:
    RuntimeError: If TensorFlow has already started with other settings.
  """
  processor_only = not any(map(tf.config.list_physical_devices, _ACCELERATORS))
  threads = config.train.intra_op_threads
  if threads:
    tf.config.threading.set_intra_op_parallelism_threads(threads)
  if processor_only:
    cpu_tuning.tune(choose_threads=not threads, xla=config.device.xla)
  if config.train.deterministic:
    tf.config.experimental.enable_op_determinism()
  count = config.device.num_devices
  if (
    config.device.distribution_strategy == "mirrored"
    and count > 1
    and not tf.config.list_physical_devices("GPU")
  ):
    (processor,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(
      processor, [tf.config.LogicalDeviceConfiguration()] * count
    )


def on_processor() -> bool:
  """Returns whether TensorFlow has nothing faster than the processor."""
  return not any(map(tf.config.list_logical_devices, _ACCELERATORS))


def precision(asked: str) -> str:
  """Returns the precision that `--precision` stands for here.

  Args:
    asked: One of `config.PRECISIONS`.

  Returns:
    `asked`, or for `auto`: `mixed_bfloat16` on a TPU and on a processor with
    bfloat16 arithmetic (AVX-512 BF16 or AMX), which is faster there and was
    measured to train as well (`docs/training.md`); else `float32`.
  """
  if asked != "auto":
    return asked
  if on_processor():
    return cpu_tuning.fast_precision()
  on_tpu = tf.config.list_logical_devices("TPU")
  return "mixed_bfloat16" if on_tpu else "float32"


def strategy(config: config_lib.DeviceConfig) -> tf.distribute.Strategy:
  """Returns the distribution strategy that a run asks for.

  Args:
    config: `distribution_strategy`, `num_devices` and `tpu`.

  Returns:
    The strategy; for `one_device` TensorFlow's default one, which uses a GPU
    where there is one. With `multi_worker` this waits for the other workers.

  Raises:
    errors.UserError: If the devices asked for are not there, or `TF_CONFIG`
      is missing or wrong.
  """
  name = config.distribution_strategy
  if name == "one_device":
    return tf.distribute.get_strategy()
  if name == "mirrored":
    return tf.distribute.MirroredStrategy(_local_devices(config.num_devices))
  if name == "multi_worker":
    workers = _workers()
    logging.info("Waiting for %d workers: %s", len(workers), ", ".join(workers))
    try:
      return tf.distribute.MultiWorkerMirroredStrategy()
    except (tf.errors.OpError, RuntimeError) as error:
      raise errors.UserError(
        f": the workers of {_TF_CONFIG} cannot be joined"
        f" ({errors.first_line(error)}). Check the addresses, and start all of"
        " them.",
        "distribution_strategy",
        name,
      ) from error
  return _tpu(config.tpu)


def is_chief(strategy: tf.distribute.Strategy) -> bool:
  """Returns whether this process is the one that writes checkpoints."""
  return strategy.extended.should_checkpoint


def worker_count(strategy: tf.distribute.Strategy) -> int:
  """Returns the number of processes that train together."""
  resolver = strategy.cluster_resolver
  if resolver is None:
    return 1
  return max(1, len(resolver.cluster_spec().as_dict().get("worker", [])))


def describe(strategy: tf.distribute.Strategy) -> dict[str, object]:
  """Returns the devices, for people and for `run.json`."""
  return {
    "strategy": type(strategy).__name__.lstrip("_"),
    "replicas": strategy.num_replicas_in_sync,
    "devices": [
      f"{device.device_type} {_model_name(device)}".strip()
      for device in tf.config.list_physical_devices()
    ],
  }


def check_batch(batch_size: int, strategy: tf.distribute.Strategy) -> None:
  """Refuses a global batch that the replicas cannot share evenly.

  Args:
    batch_size: Images of each domain per step, of all replicas together.
    strategy: The distribution strategy.

  Raises:
    errors.UserError: If a replica would get fewer images than another.
  """
  replicas = strategy.num_replicas_in_sync
  if batch_size % replicas:
    raise errors.UserError(
      f"cannot be shared by {replicas} devices. Use a multiple of {replicas};"
      " it is the batch of all together.",
      "batch_size",
      batch_size,
    )


def _local_devices(count: int) -> list[str]:
  """Returns the names of `count` GPUs, or of parts of the processor."""
  gpus = tf.config.list_logical_devices("GPU")
  found = gpus or tf.config.list_logical_devices("CPU")
  if count > len(found):
    raise errors.UserError(
      f", but this machine has {len(found)} {found[0].device_type} devices. Use"
      " at most that many, or 0.",
      "num_devices",
      count,
    )
  return [device.name for device in found[: count or None]]


def _workers() -> list[str]:
  """Returns the addresses in `TF_CONFIG`, or refuses it."""
  example = (
    '{"cluster": {"worker": ["host1:2222", "host2:2222"]},'
    ' "task": {"type": "worker", "index": 0}}'
  )
  text = os.environ.get(_TF_CONFIG, "")
  try:
    values = json.loads(text)
    workers = values["cluster"]["worker"]
    index = values["task"]["index"]
    valid = values["task"]["type"] == "worker" and 0 <= index < len(workers)
  except (ValueError, KeyError, TypeError):
    valid = False
  if not valid:
    raise errors.UserError(
      f"needs the environment variable {_TF_CONFIG}, found {text!r}. Set it on"
      f" each worker, e.g. on the first to {example}.",
      "distribution_strategy",
      "multi_worker",
    )
  return workers


def _tpu(address: str) -> tf.distribute.Strategy:
  """Connects to a TPU."""
  try:
    resolver = tf.distribute.cluster_resolver.TPUClusterResolver.connect(
      address or "local"
    )
    return tf.distribute.TPUStrategy(resolver)
  except Exception as error:  # whatever TensorFlow raises without a TPU
    logging.debug("TensorFlow on the TPU: %r", error)
    if address:
      raise errors.UserError(
        ": no TPU answers there. Check the address, or use another"
        " --distribution_strategy.",
        "tpu",
        address,
      ) from error
    raise errors.UserError(
      ": this machine has no TPU. Give --tpu, the address of one, or use"
      " another --distribution_strategy.",
      "distribution_strategy",
      "tpu",
    ) from error


def _model_name(device: tf.config.PhysicalDevice) -> str:
  details = tf.config.experimental.get_device_details(device)
  return details.get("device_name", "")
