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
"""Tests of core_ml_file.py."""

from __future__ import annotations

import dataclasses
import sys

import pytest
import tensorflow as tf

from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.modeling import generators
from official.cyclegan.serving import core_ml_file
from official.cyclegan.serving import half_safe_norm
from official.cyclegan.serving import serving_module
from tests import conftest


def test_a_package_has_the_contract_of_a_tflite_file(tmp_path):
  coremltools = pytest.importorskip(
    "coremltools", reason="coremltools is not installed"
  )
  model = dataclasses.replace(conftest.TINY_MODEL, generator_type="mobile")
  generator = generators.build_generator(config_checks.resolve_model(model))
  module = serving_module.ServingModule(
    half_safe_norm.half_safe(generator), "AtoB"
  )
  path = tmp_path / "g_AB.mlpackage"
  core_ml_file.write(module, 32, str(path), "a text")
  package = coremltools.models.MLModel(str(path), skip_model_load=True)
  spec = package.get_spec()
  (entry,), (result,) = spec.description.input, spec.description.output
  assert entry.name == "image"
  for tensor in (entry, result):
    assert list(tensor.type.multiArrayType.shape) in ([1, 32, 32, 3], [])
  assert package.short_description == "a text"
  assert (path / "Manifest.json").exists()


def test_what_cannot_be_converted_is_refused(tmp_path):
  pytest.importorskip("coremltools", reason="coremltools is not installed")

  class Odd:
    channels = 3

    def translate_function(self, shape):
      spec = tf.TensorSpec(shape, tf.float32, name="image")
      return tf.function(lambda x: {"y": tf.raw_ops.Lgamma(x=x)}, [spec])

  with pytest.raises(errors.UserError, match="--format=coreml: coremltools"):
    core_ml_file.write(Odd(), 8, str(tmp_path / "x.mlpackage"), "")


def test_a_missing_package_is_named(monkeypatch):
  monkeypatch.setitem(sys.modules, "coremltools", None)
  with pytest.raises(errors.UserError, match="needs the package coremltools"):
    core_ml_file.require_package()


if __name__ == "__main__":
  conftest.main(__file__)
