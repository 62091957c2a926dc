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
"""Tests of tflite_quantize.py."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.modeling import generators
from official.cyclegan.serving import serving_module
from official.cyclegan.serving import tflite_convert
from official.cyclegan.serving import tflite_edit
from official.cyclegan.serving import tflite_file
from official.cyclegan.serving import tflite_graph
from official.cyclegan.serving import tflite_probe
from official.cyclegan.serving import tflite_quantize
from tests import conftest

pytest.importorskip("litert_quantizer", reason="is for Python 3.10 and newer")
_SIZES = (32, 48)


@pytest.fixture(scope="module")
def module():
  tf.keras.utils.set_random_seed(0)
  model = config_lib.ModelConfig(
    generator_type="mobile", gen_n_filters=48, n_res_blocks=1, init="he"
  )
  return serving_module.ServingModule(generators.build_generator(model), "AtoB")


@pytest.fixture(scope="module")
def images():
  rng = np.random.default_rng(0)
  drawn = {
    size: [conftest.smooth_picture(rng, size, size) for _ in range(4)]
    for size in _SIZES
  }
  return {n: np.float32(pictures) / 255 for n, pictures in drawn.items()}


@pytest.fixture(scope="module")
def contents(module, images):
  """A file of each kind, with both sizes."""
  return {
    kind: tflite_convert.convert(module, _SIZES, kind, images)
    for kind in ("float32", *tflite_quantize.KINDS)
  }


def _types(content, kind):
  """Returns by operator the types of the inputs of a kind of operators."""
  model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
  number = getattr(schema.BuiltinOperator, kind)
  found = []
  for graph in model.subgraphs:
    for operator in graph.operators:
      code = model.operatorCodes[operator.opcodeIndex]
      if max(code.builtinCode, code.deprecatedBuiltinCode) == number:
        tensors = [graph.tensors[i] for i in operator.inputs if i >= 0]
        found.append([tensor.type for tensor in tensors])
        if kind == "CONV_2D":
          # A scale for each output channel of the weights.
          weights = tensors[1]
          assert len(weights.quantization.scale) == weights.shape[0]
  assert found
  return found


@pytest.mark.slow
def test_norms_stay_in_floats_and_convolutions_do_not(contents):
  types = schema.TensorType
  mixed, deep, int4 = (
    contents[kind] for kind in ("int8_mixed", "int16x8", "int4")
  )
  for kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
    for given, weights, *_ in _types(mixed, kind):
      assert (given, weights) == (types.INT8, types.INT8)
    for given, weights, *_ in _types(deep, kind):
      assert (given, weights) == (types.INT16, types.INT8)
  for given, weights, *_ in _types(int4, "CONV_2D"):
    assert (given, weights) == (types.FLOAT32, types.INT4)
  for given, weights, *_ in _types(int4, "DEPTHWISE_CONV_2D"):
    assert (given, weights) == (types.FLOAT32, types.INT8)
  for content in (mixed, deep, int4):
    for kind in ("MEAN", "RSQRT", "MUL"):
      for inputs in _types(content, kind):
        assert inputs[0] == types.FLOAT32


@pytest.mark.slow
def test_sizes_share_weights_and_are_all_right(
  module, images, contents, tmp_path
):
  weights = sum(int(np.prod(v.shape)) for v in module.variables)
  for kind, bits, least in (
    ("int4", 4, 20),
    ("int8_mixed", 8, 25),
    ("int16x8", 8, 35),
  ):
    content = contents[kind]
    # One set of weights, and biases, which have more bits.
    model = schema.Model.GetRootAs(content, 0)
    buffers = map(model.Buffers, range(model.BuffersLength()))
    stored = sum(buffer.DataLength() for buffer in buffers)
    assert stored < 1.2 * weights * bits / 8 < len(content)
    path = tmp_path / f"{kind}.tflite"
    path.write_bytes(content)
    names = tflite_convert.signature_names(_SIZES)
    assert names == {tflite_file.DEFAULT_SIGNATURE: 32, "s48": 48}
    for name, size in names.items():
      made, _ = tflite_probe.run_isolated(
        str(path), images[size], name, timed=False
      )
      want = module(images[size])["image_B"].numpy()
      assert -10 * np.log10(np.mean((made - want) ** 2)) > least


@pytest.mark.parametrize("kind", ["int8_mixed", "int16x8"])
def test_features_that_are_0_can_be_quantized(images, tmp_path, kind):
  """Rectifiers can have been shut off by training."""
  tf.keras.utils.set_random_seed(0)
  generator = generators.build_generator(
    config_lib.ModelConfig(gen_n_filters=8, n_res_blocks=1, gen_norm="weight")
  )
  generator.get_layer("up2_conv").bias.assign(tf.fill([32], -50.0))
  dead = serving_module.ServingModule(generator, "AtoB")
  content = tflite_convert.convert(dead, [32], kind, images)
  path = tmp_path / "dead.tflite"
  path.write_bytes(content)
  made, _ = tflite_probe.run_isolated(
    str(path), images[32], tflite_file.DEFAULT_SIGNATURE, timed=False
  )
  want = dead(images[32])["image_B"].numpy()
  assert -10 * np.log10(np.mean((made - want) ** 2)) > 30


@pytest.mark.slow(seconds=9)
@pytest.mark.parametrize("kind", tflite_quantize.KINDS)
def test_weights_behind_the_tables_stay_in_the_file(images, tmp_path, kind):
  """The quantizer writes them there in files of more than 256 KB."""
  tf.keras.utils.set_random_seed(0)
  model = config_lib.ModelConfig(
    generator_type="unet", gen_n_filters=48, init="he"
  )
  large = serving_module.ServingModule(
    generators.build_generator(model), "AtoB"
  )
  content = tflite_convert.convert(large, _SIZES[:1], kind, images)
  raw = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
  outside = sum(buffer.size for buffer in raw.buffers)
  assert outside > 2**18
  path = tmp_path / "large.tflite"
  path.write_bytes(content)
  real = images[_SIZES[0]]
  expected, _ = tflite_probe.run_isolated(str(path), real, timed=False)
  description = tflite_edit.Description("a name", "", "", "", "1", "", "")
  edited = tflite_edit.with_metadata(content, description)
  assert len(edited) > outside
  path.write_bytes(edited)
  made, _ = tflite_probe.run_isolated(str(path), real, timed=False)
  np.testing.assert_array_equal(made, expected)
  # Emulated and searched graphs have them as well.
  for found in (content, edited):
    graph = tflite_graph.read(found)
    for operator in graph.operators:
      if operator.kind in ("CONV_2D", "TRANSPOSE_CONV"):
        kernel = graph.tensors[operator.inputs[1]]
        assert kernel.value is not None or kernel.dtype is None  # 4 bits


def test_what_is_no_model_is_a_failure_with_its_reason():
  with pytest.raises(tflite_quantize.QuantizerFailure, match=r"\w+"):
    tflite_quantize.quantize(b"no model", "int4", {})


def test_a_refusal_is_one_line(module, monkeypatch):
  def fail(*_):
    raise tflite_quantize.QuantizerFailure("no kernel")

  monkeypatch.setattr(tflite_quantize, "quantize", fail)
  with pytest.raises(errors.UserError, match="--quantization=int4.*no kernel"):
    tflite_convert.convert(module, [32], "int4")


def test_a_missing_package_is_said(monkeypatch):
  tflite_quantize.require_package("int4")
  monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
  with pytest.raises(errors.UserError, match="--quantization=int4.*pip"):
    tflite_quantize.require_package("int4")


if __name__ == "__main__":
  conftest.main(__file__)
