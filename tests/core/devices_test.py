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
import glob
import json
import os
import signal
import socket
import time

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import devices
from official.cyclegan.core import errors
from official.cyclegan.training import checkpoints
from tests import conftest

# They train, start processes or measure.
pytestmark = pytest.mark.slow(seconds=14)  # of one test

_SECONDS = 240  # until a test gives up waiting for a process


def test_one_device_is_the_default_strategy():
  strategy = devices.strategy(config_lib.DeviceConfig())
  assert strategy is tf.distribute.get_strategy()
  assert devices.is_chief(strategy) and devices.worker_count(strategy) == 1
  described = devices.describe(strategy)
  assert described["replicas"] == 1 and described["devices"]


def test_more_devices_than_there_are_is_refused():
  config = config_lib.DeviceConfig("mirrored", num_devices=64)
  with pytest.raises(errors.UserError, match="--num_devices=64"):
    devices.strategy(config)


@pytest.mark.parametrize(
  "text",
  [
    None,
    "{",
    "[]",
    '{"cluster": {"worker": []}, "task": {"type": "worker", "index": 0}}',
    '{"cluster": {"worker": ["a:1"]}, "task": {"type": "chief", "index": 0}}',
  ],
)
def test_wrong_tf_config_is_refused(monkeypatch, text):
  monkeypatch.delenv("TF_CONFIG", raising=False)
  if text is not None:
    monkeypatch.setenv("TF_CONFIG", text)
  with pytest.raises(errors.UserError, match="TF_CONFIG"):
    devices.strategy(config_lib.DeviceConfig("multi_worker"))


@pytest.mark.parametrize(
  ("address", "message"),
  [
    ("", "--distribution_strategy=tpu: this machine has no TPU. Give --tpu,"),
    ("no.such:1", "--tpu=no.such:1: no TPU answers there. Check the address,"),
  ],
)
def test_missing_tpu_is_refused(monkeypatch, address, message):
  def connect(tpu):
    raise TypeError(f"an internal of TensorFlow at {tpu}")

  resolver = tf.distribute.cluster_resolver.TPUClusterResolver
  monkeypatch.setattr(resolver, "connect", connect)
  config = config_lib.DeviceConfig(distribution_strategy="tpu", tpu=address)
  with pytest.raises(errors.UserError) as caught:
    devices.strategy(config)
  assert str(caught.value).startswith(message)
  assert "internal" not in str(caught.value)


def test_this_machine_has_no_tpu():
  config = config_lib.DeviceConfig(distribution_strategy="tpu")
  with pytest.raises(errors.UserError, match="this machine has no TPU"):
    devices.strategy(config)


def test_batch_must_be_shared_evenly():
  two = tf.distribute.get_strategy()
  devices.check_batch(3, two)

  class Two:
    num_replicas_in_sync = 2

  with pytest.raises(errors.UserError, match="--batch_size=3"):
    devices.check_batch(3, Two())


def _flags(dataset, folder, **changes):
  values = {
    "batch_size": 2,
    "train_steps": 20,
    # Low, so that rounding in another order is not what is measured: at 2e-4
    # two runs on one device differ by more after 20 steps if only their
    # number of threads does.
    "learning_rate": 2e-5,
    "save_every_steps": 10,
    # By constraints, which each device has to apply.
    "gen_norm": "weight",
    **changes,
  }
  return conftest.tiny_flags(dataset, folder, **values)


def _losses(folder):
  """Returns the mean losses over the run, from the event files."""
  losses = {}
  for path in glob.glob(os.path.join(folder, "logs", "events.*")):
    for event in tf.compat.v1.train.summary_iterator(path):
      for value in event.summary.value:
        if value.tag.startswith(("loss/", "score/")):
          losses[value.tag] = float(tf.make_ndarray(value.tensor))
  assert len(losses) == 12
  return losses


@pytest.fixture(scope="module")
def one_device(scenes, tmp_path_factory):
  """Losses of 20 steps with a batch of two on one device."""
  folder = tmp_path_factory.mktemp("one")
  result = conftest.run_binary("train", *_flags(scenes["fruits"], folder))
  assert result.returncode == 0, result.stderr
  return _losses(folder)


def _assert_same(got, want):
  assert got.keys() == want.keys()
  for name, value in want.items():
    assert abs(got[name] - value) < 1e-4, (name, got[name], value)


def test_two_devices_train_like_one(scenes, tmp_path, one_device):
  pictures = scenes["fruits"]
  two = {"distribution_strategy": "mirrored", "num_devices": 2}
  result = conftest.run_binary("train", *_flags(pictures, tmp_path, **two))
  assert result.returncode == 0, result.stderr
  _assert_same(_losses(tmp_path), one_device)
  record = json.loads((tmp_path / "run.json").read_text())
  assert record["starts"][0]["device"]["replicas"] == 2
  # Both pools are in the checkpoint, and they differ.
  reader = tf.train.load_checkpoint(str(tmp_path / "checkpoints" / "ckpt-20"))
  images = reader.get_tensor("pools/images_A/.ATTRIBUTES/VARIABLE_VALUE")
  assert images.shape == (2, 50, 32, 32, 3)
  assert np.abs(images[0] - images[1]).max() > 0.1
  # The same run goes on, on two devices and then on one.
  for steps, flags in ((22, two), (24, {})):
    result = conftest.run_binary(
      "train", *_flags(pictures, tmp_path, train_steps=steps, **flags)
    )
    assert result.returncode == 0, result.stderr
  assert "was on 2 devices and goes on with 1" in result.stdout


def test_uneven_batch_is_refused_in_one_line(pictures, tmp_path):
  result = conftest.run_binary(
    "train",
    *_flags(
      pictures,
      tmp_path,
      distribution_strategy="mirrored",
      num_devices=2,
      batch_size=3,
    ),
  )
  conftest.assert_refused(result, "--batch_size=3", "2 devices")


# With little to build and to trace: it does not matter what is trained.
_ENDLESS = {
  "train_steps": 100_000,
  "ema_decay": 0,
  "lambda_id": 0,
  "health_check": False,
  "probe": False,
}


class _Workers:
  """Processes on loopback that train together."""

  def __init__(self, pictures, folder, count=2, **changes):
    addresses = [f"127.0.0.1:{_free_port()}" for _ in range(count)]
    flags = _flags(
      pictures, folder, distribution_strategy="multi_worker", **changes
    )
    self.processes = []
    for index in range(count):
      task = {"type": "worker", "index": index}
      cluster = {"cluster": {"worker": addresses}, "task": task}
      self.processes.append(
        conftest.start_binary("train", *flags, TF_CONFIG=json.dumps(cluster))
      )

  def finish(self):
    """Waits for all; returns [(status, output), ...]."""
    ended = [process.wait(_SECONDS) for process in self.processes]
    return [(end.returncode, end.stdout + end.stderr) for end in ended]


def _free_port():
  with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    return probe.getsockname()[1]


def _last_step(folder):
  """Returns the step of the newest checkpoint, 0 if there is none."""
  paths = folder.glob("checkpoints/*.index")
  return max((checkpoints.step_of(path.stem) for path in paths), default=0)


def _wait_for_checkpoint(folder, after=0):
  deadline = time.monotonic() + _SECONDS
  while _last_step(folder) <= after:
    assert time.monotonic() < deadline
    time.sleep(0.1)


def test_two_workers_train_like_one(scenes, tmp_path, one_device):
  for status, output in _Workers(scenes["fruits"], tmp_path).finish():
    assert status == 0, output
  _assert_same(_losses(tmp_path), one_device)
  assert len(glob.glob(str(tmp_path / "logs" / "events.*"))) == 1  # the chief's


def test_one_worker_trains_as_well(pictures, tmp_path):
  workers = _Workers(pictures, tmp_path, count=1, train_steps=2)
  ((status, output),) = workers.finish()
  assert status == 0, output
  assert _last_step(tmp_path) == 2


def _assert_told_of_the_loss(status, output):
  assert status == 2 and "Traceback" not in output, output
  (line,) = [line for line in output.splitlines() if "error: " in line]
  assert "another worker was lost at step" in line
  assert "Start all workers again" in line


def test_lost_chief_ends_in_words(pictures, tmp_path):
  workers = _Workers(pictures, tmp_path, **_ENDLESS)
  _wait_for_checkpoint(tmp_path)
  workers.processes[0].send_signal(signal.SIGKILL)
  _assert_told_of_the_loss(*workers.finish()[1])


def test_workers_go_on_after_a_loss_and_stop_together(pictures, tmp_path):
  workers = _Workers(pictures, tmp_path, **_ENDLESS)
  _wait_for_checkpoint(tmp_path)
  workers.processes[1].send_signal(signal.SIGKILL)
  _assert_told_of_the_loss(*workers.finish()[0])
  before = _last_step(tmp_path)
  again = _Workers(pictures, tmp_path, **_ENDLESS)
  _wait_for_checkpoint(tmp_path, after=before)
  again.processes[1].send_signal(signal.SIGTERM)
  steps = set()
  for status, output in again.finish():
    assert status == 128 + signal.SIGTERM, output
    (line,) = [line for line in output.splitlines() if "stopped by" in line]
    assert "SIGTERM" in line
    steps.add(int(line.split("at step ")[1].split()[0].strip(".,:;")))
  (stopped,) = steps
  assert stopped > before
  starts = json.loads((tmp_path / "run.json").read_text())["starts"]
  assert [start["first_step"] for start in starts] == [0, before]


if __name__ == "__main__":
  conftest.main(__file__)
