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
import os
import signal
import types

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.training import callbacks
from official.cyclegan.training import checkpoints
from official.cyclegan.training import diagnostics
from official.cyclegan.training import stop_requests
from tests import conftest


def _run(callback, steps, logs=None):
  """Tells a callback of so many steps."""
  callback.on_train_begin()
  for batch in range(steps):
    callback.on_train_batch_end(batch, logs or {})
  callback.on_train_end()


def _events(folder):
  """Returns {tag: [(step, value), ...]} of the event files in a folder."""
  tags = {}
  for path in sorted(folder.glob("events.*")):
    for event in tf.compat.v1.train.summary_iterator(os.fspath(path)):
      for value in event.summary.value:
        array = tf.make_ndarray(value.tensor)
        tags.setdefault(value.tag, []).append((event.step, array))
  return tags


def test_progress_bar_covers_the_whole_run(capsys):
  bar = callbacks.ProgressBar(40, 60)
  _run(bar, 20, {"gan_AB": 0.25, "gan_BA": 0.5, "score/d_A_real": 9.0})
  shown = capsys.readouterr().err
  assert "60/60" in shown and "40/60" in shown
  assert "gan=0.750" in shown  # both directions together
  assert "score" not in shown
  assert "<" in shown  # the time left


def _constant(value):
  inputs = tf.keras.Input((None, None, 3))
  outputs = tf.keras.layers.Rescaling(0.0, value)(inputs)
  return tf.keras.Model(inputs, outputs)


def _scaling(factor, offset=0.0):
  inputs = tf.keras.Input((None, None, 3))
  outputs = tf.keras.layers.Rescaling(factor, offset)(inputs)
  return tf.keras.Model(inputs, outputs)


def _pictures(tmp_path, first, total, value=1.0):
  images = np.zeros((1, 4, 4, 3), np.float32)
  writer = tf.summary.create_file_writer(str(tmp_path / "logs"))
  (tmp_path / "samples").mkdir(exist_ok=True)
  pictures = callbacks.Pictures(
    first,
    total,
    str(tmp_path / "samples"),
    str(tmp_path / "film.gif"),
    images,
    images,
    2,
    writer,
  )
  shown = (_constant(value), _constant(value))
  pictures.set_model(types.SimpleNamespace(inference_generators=shown))
  _run(pictures, total - first)
  writer.flush()


def test_pictures_are_written_for_people_and_for_tensorboard(tmp_path):
  _pictures(tmp_path, 3, 7)
  names = sorted(p.name for p in (tmp_path / "samples").iterdir())
  assert names == [f"step_000000{i}.png" for i in (4, 6, 7)]
  picture = tf.io.decode_png((tmp_path / "samples" / names[0]).read_bytes())
  assert int(picture[0, 6, 0]) == 255  # translated
  events = _events(tmp_path / "logs")["progress"]
  assert [step for step, _ in events] == [4, 6, 7]
  assert (tf.io.decode_png(events[0][1][2]).numpy() == picture.numpy()).all()


def test_film_holds_what_was_before_an_interruption(tmp_path):
  _pictures(tmp_path, 0, 4, value=-1.0)
  _pictures(tmp_path, 4, 8, value=1.0)
  with PIL.Image.open(tmp_path / "film.gif") as film:
    assert film.n_frames == 2  # equal neighbours are one longer frame
    film.seek(1)
    assert np.asarray(film.convert("RGB"))[0, 6, 0] > 250


def _optimizer(rate):
  return types.SimpleNamespace(learning_rate=rate)


_LOSSES = {
  "gan_AB": 0.5,
  "gan_BA": 0.25,
  "cycle_A": 0.1,
  "cycle_B": 0.2,
  "identity_A": 0.3,
  "identity_B": 0.1,
  "d_A": 0.2,
  "d_B": 0.3,
}


def _fake_model(**attributes):
  defaults = {
    "trained_directions": ("AtoB", "BtoA"),
    "generator_optimizer": _optimizer(2e-4),
    "discriminator_optimizer": _optimizer(1e-4),
    "loss_weights": config_lib.LossConfig(),
    "reset_metrics": lambda: None,
    "stop_training": False,
  }
  return types.SimpleNamespace(**{**defaults, **attributes})


def test_tensorboard_gets_all_there_is_to_see(tmp_path):
  config = config_checks.resolve(config_lib.Config())
  writer = tf.summary.create_file_writer(str(tmp_path))
  board = callbacks.TensorBoard(10, 17, writer, config, 5)
  resets = []
  board.set_model(_fake_model(reset_metrics=lambda: resets.append(1)))
  _run(board, 7, {**_LOSSES, "score/d_A_real": 0.7})
  events = _events(tmp_path)
  assert [step for step, _ in events["loss/gan_AB"]] == [15, 17]
  assert len(resets) == 2
  values = {
    tag: float(points[0][1])
    for tag, points in events.items()
    if tag.startswith(("loss", "score", "weighted", "learning"))
  }
  np.testing.assert_allclose(values["loss/cycle_B"], 0.2)
  np.testing.assert_allclose(values["score/d_A_real"], 0.7)
  want = 1 * 0.75 + 10 * 0.3 + 2 * 0.4
  np.testing.assert_allclose(values["weighted/generators"], want, rtol=1e-6)
  np.testing.assert_allclose(values["weighted/discriminators"], 0.5)
  np.testing.assert_allclose(values["learning_rate/generator"], 2e-4)
  np.testing.assert_allclose(values["learning_rate/discriminator"], 1e-4)
  text = events["config"][0][1].item().decode()
  assert '"lambda_reconstr": 10.0' in text
  assert any(tag.startswith("_hparams_") for tag in events)


def _health(tmp_path, rules=None, **model):
  rng = np.random.default_rng(0)
  images = rng.uniform(-0.8, 0.8, (3, 4, 4, 3)).astype(np.float32)
  writer = tf.summary.create_file_writer(str(tmp_path))
  watch = callbacks.Health(
    0,
    40,
    images,
    images,
    writer,
    2e-4,
    rules or diagnostics.Rules(interval=5, warm_up=10),
  )
  healthy = {"g_AB": _scaling(0.7, 0.1), "g_BA": _scaling(0.7, -0.1)}
  watch.set_model(_fake_model(**{**healthy, **model}))
  return watch, writer


def test_health_warns_once_in_the_log_and_in_tensorboard(tmp_path, caplog):
  watch, writer = _health(tmp_path, g_AB=_scaling(1.0))
  _run(watch, 40, _LOSSES)
  writer.flush()
  rules = [(event.rule, event.subject) for event in watch.events]
  # Neither generator of this test moves; one also gives its input back.
  assert sorted(rules) == [
    ("frozen_generator", "g_AB"),
    ("frozen_generator", "g_BA"),
    ("identity_collapse", "g_AB"),
  ]
  warned = [r for r in caplog.records if "identity_collapse" in r.getMessage()]
  assert len(warned) == 1 and "--lambda_id" in warned[0].getMessage()
  ((step, text),) = _events(tmp_path)["health/identity_collapse"]
  assert step == 15  # the second check after the warm-up's end
  assert "--lambda_id" in text.item().decode()


def test_health_does_not_call_a_fallen_rate_frozen(tmp_path):
  watch, _ = _health(tmp_path, generator_optimizer=_optimizer(1e-5))
  _run(watch, 40, _LOSSES)
  assert not watch.events


def test_health_is_patient_but_not_with_an_explosion(tmp_path):
  watch, _ = _health(tmp_path, generator_optimizer=_optimizer(1e-5))
  watch.on_train_begin()
  for step in range(1, 26):
    won = {"d_A": 0.01} if step in (10, 20, 25) else {}
    exploded = {"cycle_B": 1e5} if step == 5 else {}
    watch.on_train_batch_end(step, {**_LOSSES, **won, **exploded})
  assert [event.rule for event in watch.events] == [
    "exploded",
    "discriminator_won",
  ]


def test_health_stops_at_nan_naming_the_loss(tmp_path):
  watch, _ = _health(tmp_path)
  watch.on_train_begin()
  watch.on_train_batch_end(0, _LOSSES)
  with pytest.raises(errors.UserError) as caught:
    watch.on_train_batch_end(1, {**_LOSSES, "gan_BA": float("nan")})
  for word in ("gan_BA", "step 2", "last checkpoint", "--learning_rate"):
    assert word in str(caught.value)


class _Store:
  def __init__(self, error=None):
    self.saves, self.error = 0, error

  def save(self):
    self.saves += 1
    if self.error:
      raise self.error


def _checkpoint(store, interval, first=0, total=10):
  requests = stop_requests.StopRequests()
  checkpoint = callbacks.Checkpoint(
    first, total, store, interval, requests, tf.distribute.get_strategy()
  )
  checkpoint.set_model(_fake_model())
  return checkpoint, requests


def test_checkpoints_at_multiples_and_at_the_end():
  store = _Store()
  checkpoint, _ = _checkpoint(store, 4, first=3)
  saved_at = []
  for _ in range(7):
    before = store.saves
    checkpoint.on_train_batch_end(0, {})
    if store.saves > before:
      saved_at.append(checkpoint.step)
  assert saved_at == [4, 8, 10]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_stops(number):
  store = _Store()
  checkpoint, requests = _checkpoint(store, 100)
  before = signal.getsignal(number)
  with requests.listen():
    checkpoint.on_train_batch_end(0, {})
    os.kill(os.getpid(), number)
    checkpoint.on_train_batch_end(1, {})
  assert signal.getsignal(number) == before
  assert store.saves == 1 and checkpoint.model.stop_training
  assert checkpoint.stopped_by == number


def test_a_signal_at_the_last_step_is_no_interruption():
  checkpoint, requests = _checkpoint(_Store(), 100, first=9)
  requests.received = signal.SIGTERM
  checkpoint.on_train_batch_end(0, {})
  assert checkpoint.stopped_by is None


def test_weights_that_are_no_numbers_end_the_run():
  store = _Store(checkpoints.NotFiniteError("weights of g_AB are NaN"))
  checkpoint, _ = _checkpoint(store, 1)
  with pytest.raises(errors.UserError, match="g_AB are NaN at step 1"):
    checkpoint.on_train_batch_end(0, {})


if __name__ == "__main__":
  conftest.main(__file__)
