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
import pytest
import tensorflow as tf

from official.cyclegan.training import half_size
from tests import conftest
from tests.training import fakes


def _model(fraction):
  model = fakes.fake_model(time_fraction=fraction)
  model.sizes = []

  def set_half_size(half):
    model.half_size = half
    model.sizes.append(half)

  model.set_half_size = set_half_size
  return model


def _steps(callback, model, steps):
  """Returns whether each step had pictures of half size."""
  callback.set_model(model)
  callback.on_train_begin()
  halves = []
  for _ in range(steps):
    halves.append(model.half_size)
    callback.on_train_batch_end(0)
  return halves


@pytest.mark.parametrize(
  ("fraction", "half"), [(0.4, 4), (0.0, 0), (0.05, 1), (1.0, 10)]
)
def test_a_share_of_the_steps(fraction, half):
  model = _model(None)
  halves = _steps(half_size.HalfSize(0, 10, fraction, 64), model, 10)
  assert halves == [True] * half + [False] * (10 - half)


@pytest.mark.parametrize(("first", "half"), [(2, 2), (4, 0), (7, 0)])
def test_a_run_goes_on_where_it_was(first, half):
  model = _model(None)
  halves = _steps(half_size.HalfSize(first, 10, 0.4, 64), model, 3)
  assert halves == [True] * half + [False] * (3 - half)
  assert model.sizes == ([True, False] if half else [False])


@pytest.mark.parametrize(
  ("used", "seconds", "half"),
  [(0.1, 600, True), (0.44, 600, True), (0.46, 600, False), (0.3, 60, False)],
)
def test_what_is_left_of_it_must_be_worth_a_trace(used, seconds, half):
  model = _model(tf.Variable(used))
  callback = half_size.HalfSize(0, 2**62, 0.5, 64, seconds)
  callback.set_model(model)
  callback.on_train_begin()
  assert model.half_size is half


def test_a_share_of_the_time(log):
  fraction = tf.Variable(0.0)
  model = _model(fraction)
  callback = half_size.HalfSize(0, 2**62, 0.3, 128)
  callback.set_model(model)
  callback.on_train_begin()
  assert model.half_size
  assert "64 pixels for the first 30 % of the run, then 128" in log.text
  for share, half in [(0.29, True), (0.31, False), (0.32, False)]:
    fraction.assign(share)
    callback.on_train_batch_end(0)
    assert model.half_size is half
  assert log.text.count("pictures have 128 pixels from here on") == 1
  assert "step 2: " in log.text


if __name__ == "__main__":
  conftest.main(__file__)
