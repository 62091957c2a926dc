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
import contextlib
import resource
import types

import numpy as np
import PIL.Image
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.training import summaries
from tests import conftest
from tests.training import fakes


def _pictures(tmp_path, first, total, value=1.0, during=None):
  images = np.zeros((1, 4, 4, 3), np.float32)
  writer = tf.summary.create_file_writer(str(tmp_path / "logs"))
  (tmp_path / "samples").mkdir(exist_ok=True)
  pictures = summaries.ProgressPictures(
    first,
    total,
    str(tmp_path / "samples"),
    str(tmp_path / "film.gif"),
    images,
    images,
    2,
    writer,
  )
  shown = (
    fakes.scaling(0.0, value),
    fakes.scaling(0.0, value),
  )
  pictures.set_model(types.SimpleNamespace(inference_generators=shown))
  with during or contextlib.nullcontext():
    fakes.run(pictures, total - first)
  writer.flush()


def test_pictures_are_written_for_people_and_for_tensorboard(tmp_path):
  _pictures(tmp_path, 3, 7)
  names = sorted(p.name for p in (tmp_path / "samples").iterdir())
  assert names == [f"step_000000{i}.png" for i in (4, 6, 7)]
  picture = tf.io.decode_png((tmp_path / "samples" / names[0]).read_bytes())
  assert int(picture[0, 6, 0]) == 255  # translated
  events = fakes.events(tmp_path / "logs")["progress"]
  assert [step for step, _ in events] == [4, 6, 7]
  assert (tf.io.decode_png(events[0][1][2]).numpy() == picture.numpy()).all()


def test_film_holds_what_was_before_an_interruption(tmp_path):
  _pictures(tmp_path, 0, 4, value=-1.0)
  _pictures(tmp_path, 4, 8, value=1.0)
  with PIL.Image.open(tmp_path / "film.gif") as film:
    assert film.n_frames == 2  # equal neighbours are one longer frame
    film.seek(1)
    assert np.asarray(film.convert("RGB"))[0, 6, 0] > 250


def test_tensorboard_gets_all_there_is_to_see(tmp_path):
  config = config_checks.resolve(config_lib.Config())
  writer = tf.summary.create_file_writer(str(tmp_path))
  board = summaries.TensorBoard(10, 17, writer, config, 5)
  resets = []
  board.set_model(fakes.fake_model(reset_metrics=lambda: resets.append(1)))
  fakes.run(board, 7, {**fakes.LOSSES, "score/d_A_real": 0.7})
  events = fakes.events(tmp_path)
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


@contextlib.contextmanager
def _full_disk(most):
  """Files cannot grow beyond `most` bytes, as on a disk that has no more."""
  soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
  resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
  try:
    yield
  finally:
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_full_disk_stops_neither_log_nor_training(tmp_path, log):
  config = config_checks.resolve(config_lib.Config())
  writer = tf.summary.create_file_writer(str(tmp_path))
  board = summaries.TensorBoard(0, 600, writer, config, 5)
  board.set_model(fakes.fake_model())
  board.on_train_begin()
  with _full_disk(3000):
    for batch in range(400):
      board.on_train_batch_end(batch, fakes.LOSSES)
  assert log.text.count("the TensorBoard log cannot be written") == 1
  assert "File too large" in log.text
  for batch in range(200):  # there is space again
    board.on_train_batch_end(batch, fakes.LOSSES)
  board.on_train_end()
  assert board.step == 600
  assert fakes.events(tmp_path)["loss/gan_AB"][-1][0] == 600


def test_pictures_that_cannot_be_written_do_not_stop_the_training(
  tmp_path, log
):
  _pictures(tmp_path, 0, 2)
  for path in (tmp_path / "samples").iterdir():
    path.write_bytes(b"damaged")  # the film cannot be made of it
  (tmp_path / "film.gif").unlink()
  _pictures(tmp_path, 2, 6, during=_full_disk(20))
  assert "step 4: a picture of the progress cannot be written" in log.text
  assert log.text.count("a picture of the progress cannot be written") == 1
  assert "the animation of the progress cannot be written" in log.text
  assert not (tmp_path / "film.gif").exists()


def test_a_disk_that_is_full_from_the_start_leaves_no_film(tmp_path, log):
  _pictures(tmp_path, 0, 2, during=_full_disk(20))
  assert "a picture of the progress cannot be written" in log.text
  assert not (tmp_path / "film.gif").exists()


if __name__ == "__main__":
  conftest.main(__file__)
