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
import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.modeling import distillation
from official.cyclegan.modeling import generators
from official.cyclegan.modeling import losses
from tests import conftest

_MOBILE = dataclasses.replace(conftest.TINY_MODEL, generator_type="mobile")


def _networks(model, seed):
  tf.keras.utils.set_random_seed(seed)
  model = dataclasses.replace(model, init="he")
  return {d: generators.build_generator(model) for d in ("AtoB", "BtoA")}


@pytest.mark.slow
@pytest.mark.parametrize(
  ("kind", "scale"), [("resnet", 4), ("unet", 4), ("resnet", 8)]
)
def test_compares_pixels_and_features(kind, scale):
  teacher = dataclasses.replace(conftest.TINY_MODEL, generator_type=kind)
  student = dataclasses.replace(_MOBILE, block_scale=scale)
  students, teachers = _networks(student, 0), _networks(teacher, 1)
  found = distillation.Distiller(students, student, teachers, teacher)
  assert found.directions == ("AtoB", "BtoA")
  real = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3))
  real = real.astype(np.float32)
  fake, pixels, features = found.distillation_terms(
    "BtoA", real, training=False
  )
  np.testing.assert_allclose(fake, students["BtoA"](real), atol=1e-5)
  wanted = np.clip(teachers["BtoA"](real), -1, 1)
  assert float(pixels) == pytest.approx(np.abs(fake - wanted).mean(), rel=1e-4)
  assert 0 < float(features) < 1


def test_a_student_that_is_its_teacher_has_nothing_to_learn():
  model = dataclasses.replace(_MOBILE, global_skip=False)
  same = _networks(model, 0)
  found = distillation.Distiller(same, model, same, model)
  real = np.random.default_rng(0).uniform(-1, 1, (1, 32, 32, 3))
  _, pixels, features = found.distillation_terms(
    "AtoB", real.astype("f"), training=False
  )
  assert float(pixels) == 0 and abs(float(features)) < 1e-5


@pytest.mark.slow
def test_only_the_student_gets_a_gradient():
  students, teachers = (_networks(_MOBILE, seed) for seed in (0, 1))
  found = distillation.Distiller(
    {"AtoB": students["AtoB"]}, _MOBILE, teachers, _MOBILE
  )
  assert found.directions == ("AtoB",)
  real = np.random.default_rng(0).uniform(-1, 1, (1, 32, 32, 3)).astype("f")
  with tf.GradientTape() as tape:
    _, pixels, features = found.distillation_terms("AtoB", real, training=True)
    total = pixels + features
  learned, known = tape.gradient(
    total,
    [
      students["AtoB"].trainable_variables,
      teachers["AtoB"].trainable_variables,
    ],
  )
  assert any(g is not None and np.abs(g).max() > 0 for g in learned)
  assert all(g is None for g in known)


def test_alignment_is_that_of_the_kernels():
  rng = np.random.default_rng(0)
  x, y = rng.normal(size=(2, 4, 4, 3)), rng.normal(size=(2, 4, 4, 5))
  a, b = (f.reshape(-1, f.shape[-1]) for f in (x, y))
  one, two = a @ a.T, b @ b.T  # between places
  want = (one * two).sum() / np.sqrt((one**2).sum() * (two**2).sum())
  assert float(losses.kernel_alignment(x, y)) == pytest.approx(want, rel=1e-4)
  turned = x @ np.linalg.qr(rng.normal(size=(3, 3)))[0] * 7
  assert float(losses.kernel_alignment(x, turned)) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("kind", config_lib.GENERATOR_TYPES)
def test_features_are_at_a_quarter_of_the_size(kind):
  model = dataclasses.replace(conftest.TINY_MODEL, generator_type=kind)
  generator = generators.build_generator(model)
  layer = generator.get_layer(generators.quarter_size_layer(model))
  seen = tf.keras.Model(generator.input, layer.output)
  assert seen(np.zeros((1, 64, 32, 3), np.float32)).shape[1:3] == (16, 8)


if __name__ == "__main__":
  conftest.main(__file__)
