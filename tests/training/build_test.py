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
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import cpu_tuning
from official.cyclegan.core import errors
from official.cyclegan.data import sources
from official.cyclegan.training import build
from official.cyclegan.training import checkpoint_store
from tests import conftest


def _source(config):
  return sources.open_source(config.data, config.model.channels)


def test_epoch_is_the_larger_domain(tiny_config):
  config = conftest.replace(tiny_config, "data", batch_size=3)
  source = _source(config)
  assert build.steps_per_epoch(source, config.data) == 3  # of 8 images
  assert build.run_steps(config, source) == 2  # --train_steps
  config = conftest.replace(config, "train", train_steps=0, epochs=4)
  assert build.run_steps(config, source) == 12


def test_auto_precision_becomes_the_fastest(tiny_config, monkeypatch):
  flags = frozenset({"avx512f", "avx512_bf16"})
  monkeypatch.setattr(cpu_tuning, "_processor_flags", lambda: flags)
  config = build.with_precision(tiny_config, "auto")
  assert config.train.precision == "mixed_bfloat16"
  config = build.with_precision(tiny_config, "float32")
  assert config == tiny_config


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_each_side_has_its_own_rate_and_float16_a_loss_scale(
  tiny_config, precision
):
  config = conftest.replace(
    tiny_config,
    "train",
    precision=precision,
    learning_rate=1e-3,
    disc_learning_rate=5e-4,
  )
  model = build.build(config, _source(config))
  rates = (model.generator_optimizer, model.discriminator_optimizer)
  for optimizer, rate in zip(rates, (1e-3, 5e-4)):
    np.testing.assert_allclose(float(optimizer.learning_rate), rate, rtol=1e-6)
    scaled = isinstance(optimizer, tf.keras.mixed_precision.LossScaleOptimizer)
    assert scaled == (precision == "mixed_float16")


@pytest.mark.slow
def test_seed_decides_the_weights(tiny_config):
  source = _source(tiny_config)
  other = conftest.replace(tiny_config, "train", seed=3)
  weights = [
    build.build(config, source).g_AB.get_weights()[0]
    for config in (tiny_config, tiny_config, other)
  ]
  np.testing.assert_array_equal(weights[0], weights[1])
  assert not np.array_equal(weights[0], weights[2])


@pytest.fixture(scope="module")
def teacher(pictures, tmp_path_factory):
  """A run's folder with a checkpoint of random weights, and its model."""
  folder = str(tmp_path_factory.mktemp("teacher"))
  config = config_checks.resolve(
    config_lib.Config(
      data=config_lib.DataConfig(dataset=str(pictures), crop_size=32),
      model=conftest.TINY_MODEL,
      train=config_lib.TrainConfig(precision="float32"),
    )
  )
  config_file.save(config, folder)
  model = build.build(config, _source(config))
  model.step.assign(1)
  checkpoint_store.CheckpointStore(model, folder).save()
  return folder, config, model


def _student(config, folder, **options):
  """A run that learns from another one, with a seed of its own."""
  config = dataclasses.replace(
    config, loss=dataclasses.replace(config.loss, lambda_distill=1.0)
  )
  config = conftest.replace(config, "distill", teacher=folder, **options)
  return conftest.replace(config, "train", seed=5)


@pytest.mark.slow
def test_discriminators_of_a_student_start_as_the_teachers(teacher):
  folder, config, model = teacher
  student = build.build(_student(config, folder), _source(config))
  for name in ("d_A", "d_B"):
    wanted = getattr(model, name).get_weights()
    for value, other in zip(getattr(student, name).get_weights(), wanted):
      np.testing.assert_array_equal(value, other)
  kernels = student.g_AB.get_weights()[0], model.g_AB.get_weights()[0]
  assert not np.array_equal(*kernels)  # generators start anew


@pytest.mark.slow
def test_discriminators_built_otherwise_start_anew(teacher):
  folder, config, model = teacher
  config = _student(config, folder)
  config = conftest.replace(config, "model", norm_affine=True)
  student = build.build(config, _source(config))
  kernels = student.d_A.get_weights()[0], model.d_A.get_weights()[0]
  assert kernels[0].shape == kernels[1].shape
  assert not np.array_equal(*kernels)


@pytest.mark.slow
def test_generators_and_averages_start_with_the_teachers_weights(teacher):
  folder, config, model = teacher
  config = _student(config, folder, init_from_teacher=True)
  student = build.build(config, _source(config))
  for wanted, *found in zip(
    model.ema_generators,
    (student.g_AB, student.g_BA),
    student.ema_generators,
  ):
    for network in found:
      for value, other in zip(network.get_weights(), wanted.get_weights()):
        np.testing.assert_allclose(value, other, atol=1e-6)


def test_teacher_without_a_checkpoint_is_named_by_its_flag(
  tiny_config, tmp_path
):
  config = _student(tiny_config, str(tmp_path))
  config_file.save(tiny_config, str(tmp_path))
  with pytest.raises(errors.UserError) as caught:
    build.build(config, _source(tiny_config))
  assert str(caught.value).startswith(
    f"--teacher={tmp_path} holds no checkpoint"
  )


if __name__ == "__main__":
  conftest.main(__file__)
