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
"""Tests of onnx_file.py."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.modeling import generators
from official.cyclegan.serving import onnx_file
from tests import conftest

_KINDS = (
  {"generator_type": "resnet", "dropout": 0.5},
  {"generator_type": "resnet", "padding": "partial", "norm_affine": True},
  {
    "generator_type": "resnet",
    "upsample": "conv_transpose",
    "padding": "zero",
    "global_skip": False,
  },
  {"generator_type": "resnet", "upsample": "resize_conv"},
  {"generator_type": "resnet", "upsample": "even_subpixel"},
  {"generator_type": "unet"},
  {"generator_type": "unet", "upsample": "conv_transpose", "channels": 1},
  {"generator_type": "mobile"},
  {"generator_type": "mobile", "upsample": "conv_transpose", "block_kernel": 5},
  {"generator_type": "mobile", "gen_norm": "weight", "padding": "zero"},
  {"generator_type": "mobile", "block_scale": 8},
  {"generator_type": "mobile", "upsample": "even_subpixel"},
)


def _need_packages():
  pytest.importorskip("onnx", reason="onnx is not installed")
  pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")


def _generator(**changes):
  """Returns a generator with weights that change pictures."""
  options = {"gen_n_filters": 4, "n_res_blocks": 1, "init": "he", **changes}
  model = config_checks.resolve_model(config_lib.ModelConfig(**options))
  # Rounding grows with the weights: a draw of 50 times as large ones in the
  # head exceeded the tolerance now and then.
  tf.keras.utils.set_random_seed(0)
  generator = generators.build_generator(model)
  rng = np.random.default_rng(0)
  for layer in generator.layers:
    weights = layer.get_weights()
    if weights and layer.name != "head_conv":
      layer.set_weights(
        [w + rng.normal(0, 0.1, w.shape).astype(np.float32) for w in weights]
      )
    elif weights:
      layer.set_weights([w * 20 for w in weights])
  return generator


@pytest.mark.parametrize("changes", _KINDS, ids=str)
def test_files_do_what_keras_does_at_any_size(changes, tmp_path):
  _need_packages()
  generator = _generator(**changes)
  path = tmp_path / "g.onnx"
  path.write_bytes(onnx_file.convert(generator, "image_B", "a text"))
  session = onnx_file.open_session(str(path))
  (entry,), (result,) = session.get_inputs(), session.get_outputs()
  assert (entry.name, result.name) == ("image", "image_B")
  rng = np.random.default_rng(0)
  for batch, height, width in ((1, 32, 32), (2, 48, 80)):
    shape = batch, height, width, changes.get("channels", 3)
    images = rng.random(shape, np.float32)
    want = generator(tf.constant(images * 2 - 1), training=False).numpy()
    (got,) = session.run(None, {"image": images})
    want = np.clip(want / 2 + 0.5, 0, 1)
    assert np.abs(want - images).max() > 0.05
    np.testing.assert_allclose(got, want, atol=1e-4)
  np.testing.assert_allclose(onnx_file.run(str(path), images), got, atol=1e-5)


def test_a_norm_is_one_operator():
  _need_packages()
  import onnx

  generator = _generator(generator_type="resnet")
  model = onnx.load_from_string(onnx_file.convert(generator, "image_B", "text"))
  kinds = [node.op_type for node in model.graph.node]
  assert kinds.count("InstanceNormalization") == 7
  assert model.doc_string == "text"
  dimensions = model.graph.input[0].type.tensor_type.shape.dim
  assert [d.dim_param or d.dim_value for d in dimensions] == [
    *("batch", "height", "width"),
    3,
  ]


def test_other_layers_are_refused():
  _need_packages()
  inputs = tf.keras.Input((None, None, 3))
  made = tf.keras.layers.Softmax(name="odd")(inputs)
  network = tf.keras.Model(inputs, made)
  with pytest.raises(errors.UserError, match="--format=onnx: the layer odd"):
    onnx_file.convert(network, "image_B", "")


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_missing_package_is_named(monkeypatch, package):
  if package == "onnxruntime":
    pytest.importorskip("onnx", reason="onnx is not installed")
  monkeypatch.setitem(sys.modules, package, None)
  with pytest.raises(errors.UserError, match=f"needs the package {package}:"):
    onnx_file.require_packages()


if __name__ == "__main__":
  conftest.main(__file__)
