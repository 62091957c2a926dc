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
import numpy as np

from official.cyclegan.data import image_grid
from tests import conftest


def test_grid_puts_images_in_rows():
  def image(value):
    return np.full((3, 4, 3), value, np.uint8)

  picture = image_grid.grid([[image(1), image(2)], [image(3)]])
  assert picture.shape == (3 + 2 + 3, 4 + 2 + 4, 3)
  assert (picture[:3, :4] == 1).all() and (picture[:3, 6:] == 2).all()
  assert (picture[5:, :4] == 3).all() and (picture[5:, 6:] == 255).all()


if __name__ == "__main__":
  conftest.main(__file__)
