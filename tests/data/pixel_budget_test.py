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
import threading
from concurrent import futures

import numpy as np
import PIL.Image
import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import memory
from official.cyclegan.data import image_checks
from official.cyclegan.data import image_files
from official.cyclegan.data import pixel_budget
from tests import conftest

_LARGE = 100_000_000  # pixels, 1.6 GB of memory


class _InFlight:
  """Counts how many are at work at the same time."""

  def __init__(self):
    self._lock = threading.Lock()
    self._now = self.most = 0

  def __enter__(self):
    with self._lock:
      self._now += 1
      self.most = max(self.most, self._now)

  def __exit__(self, *args):
    with self._lock:
      self._now -= 1


@pytest.mark.parametrize(
  ("free", "most"), [(10**9, 1), (7 * 10**9, 2), (10**12, 4)]
)
def test_as_many_are_decoded_at_once_as_fit_into_memory(
  monkeypatch, free, most
):
  monkeypatch.setattr(memory, "free_memory", lambda: free)
  budget, in_flight = pixel_budget.PixelBudget(), _InFlight()
  meeting = threading.Barrier(most, timeout=60)

  def work(_):
    with budget.reserve(_LARGE), in_flight:
      meeting.wait()  # so many are let in together

  with futures.ThreadPoolExecutor(4) as pool:
    list(pool.map(work, range(4)))
  assert in_flight.most == most


def test_who_holds_a_picture_may_decode_it_again(monkeypatch):
  monkeypatch.setattr(memory, "free_memory", lambda: 1)
  budget = pixel_budget.PixelBudget()
  with budget.reserve(_LARGE), budget.reserve(_LARGE, deep=True):
    pass
  with pytest.raises(ZeroDivisionError), budget.reserve(_LARGE):
    _ = 1 / 0
  with budget.reserve(_LARGE):  # it was given back
    pass


def test_small_pictures_do_not_wait(monkeypatch):
  monkeypatch.setattr(memory, "free_memory", lambda: 1)
  budget = pixel_budget.PixelBudget()
  with budget.reserve(_LARGE):
    other = threading.Thread(target=_enter, args=[budget])
    other.start()
    other.join()


def _enter(budget):
  with budget.reserve(pixel_budget.SMALL - 1):
    pass


def test_pictures_are_looked_through_within_the_budget(monkeypatch, tmp_path):
  """Small files of many pixels, with memory for one of them at a time."""
  monkeypatch.setattr(pixel_budget, "SMALL", 0)
  monkeypatch.setattr(memory, "free_memory", lambda: 1)
  paths = []
  for i, mode in enumerate(["1", "L", "RGB", "I;16"] * 2):
    paths.append(str(tmp_path / f"{i}.png"))
    PIL.Image.new(mode, (300, 200)).save(paths[-1])
  in_flight = _InFlight()
  shown = image_files._shown

  def count(*args):
    with in_flight:
      return shown(*args)

  monkeypatch.setattr(image_files, "_shown", count)
  seen = []

  def see(path, image):
    with in_flight:
      seen.append((path, image.shape))

  config = config_lib.DataConfig()
  good, broken = image_checks.examine(paths, config, see)
  assert not broken and list(good) == paths
  assert sorted(seen) == [(path, (200, 300, 3)) for path in paths]
  assert in_flight.most == 1


def test_the_estimate_of_a_picture_is_above_what_it_takes(tmp_path):
  """Of what counts in it: the decoded picture, its result and a copy."""
  path = str(tmp_path / "x.png")
  PIL.Image.new("RGBA", (2200, 2000)).save(path)
  decoded = image_files.decode(path)
  arrays = decoded.rgb.nbytes + decoded.alpha.nbytes
  pillows = 4 * 2200 * 2000
  assert arrays + 2 * pillows < pixel_budget._BYTES * 2200 * 2000
  assert np.prod(decoded.rgb.shape[:2]) > pixel_budget.SMALL


if __name__ == "__main__":
  conftest.main(__file__)
