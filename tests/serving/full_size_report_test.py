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

from official.cyclegan.data import large_tests
from official.cyclegan.serving import full_size_report
from official.cyclegan.serving import image_translator
from tests import conftest


def test_only_what_the_model_can_do_is_compared():
  translator = image_translator.ImageTranslator(lambda x: x * 0.5, 16, 0, 16)
  assert full_size_report.ways(translator) == ["stretch", "guided"]
  images = np.random.default_rng(0).integers(0, 256, (1, 40, 40, 3), np.uint8)
  tests = large_tests.LargeTests(images, None)
  measured, pictures = full_size_report.compare(translator, tests)
  assert set(measured["guided"]) == {"sharpness"}
  assert measured["guided"]["sharpness"] > measured["stretch"]["sharpness"]
  assert set(pictures) == {"stretch", "guided"}


if __name__ == "__main__":
  conftest.main(__file__)
