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
"""Writes generators as ONNX, for runtimes other than LiteRT.

A generator consists of a dozen kinds of layers, each of which is one or a few
operators of ONNX: they are written one by one, from the Keras layers
themselves, so that the file has one InstanceNormalization where a converter of
TensorFlow's graph would leave nine operators, and open heights and widths.

Inside the layout is NCHW, ONNX's own; input and output are those of the .tflite
files, NHWC in [0, 1].
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from official.cyclegan.core import errors
from official.cyclegan.modeling import layers
from official.cyclegan.modeling import normalization

# Of 2021, with all that is needed; every runtime since has it.
_OPSET, _IR_VERSION = 15, 8
_INPUT = "image"
_INSTALL = "pip install onnx onnxruntime, or this package's extra onnx"


def require_packages() -> None:
  """Makes sure that files can be written and checked.

  Raises:
    errors.UserError: If a package is not installed.
  """
  for package in ("onnx", "onnxruntime"):
    try:
      importlib.import_module(package)
    except ImportError as error:
      raise errors.UserError(
        f"needs the package {package}: {_INSTALL}.", "format", "onnx"
      ) from error


def convert(
  generator: tf.keras.Model, output_name: str, description: str
) -> bytes:
  """Returns an ONNX file.

  Args:
    generator: float32 `[batch, height, width, channels]` in [-1, 1] to the
      same; of layers as `modeling.generators` uses them.
    output_name: What the output is called.
    description: Text for the file.

  Returns:
    A model from `image`, float32 `[batch, height, width, channels]` in [0, 1],
    any batch, and any height and width that the generator takes, to
    `output_name`, the same.

  Raises:
    errors.UserError: If a layer is not known here.
  """
  return _Writer(generator, output_name, description).content()


def run(path: str, images: np.ndarray) -> np.ndarray:
  """Runs a file in ONNX Runtime on a processor, image by image.

  Args:
    path: The file.
    images: float32 `[count, height, width, channels]` in [0, 1].

  Returns:
    The same shape and range.
  """
  session = open_session(path)
  return np.concatenate(
    [session.run(None, {_INPUT: image[None]})[0] for image in images]
  )


def open_session(path: str, threads: int = 0) -> Any:
  """Opens a file in ONNX Runtime on a processor.

  Args:
    path: The file.
    threads: How many; 0 lets the runtime decide.
  """
  runtime = importlib.import_module("onnxruntime")
  options = runtime.SessionOptions()
  options.intra_op_num_threads = threads
  options.log_severity_level = 3
  return runtime.InferenceSession(
    path, options, providers=["CPUExecutionProvider"]
  )


class _Writer:
  """Turns a network's layers into nodes, in the order of computation."""

  def __init__(
    self, generator: tf.keras.Model, output_name: str, description: str
  ):
    """Writes all nodes.

    Args:
      generator: As for `convert`.
      output_name: As for `convert`.
      description: As for `convert`.
    """
    self._onnx = importlib.import_module("onnx")
    self._nodes: list[Any] = []
    self._constants: list[Any] = []
    self._output_name = output_name
    self._description = description
    self._channels = int(generator.input_shape[-1])
    self._handlers: list[tuple[type, Callable[[Any, list[str]], str]]] = [
      (layers.BorderConv2D, self._convolve),
      (layers.PartialDepthwiseConv2D, self._convolve_depthwise),
      (tf.keras.layers.Conv2DTranspose, self._convolve_transposed),
      (normalization.InstanceNormalization, self._normalize),
      (layers.DepthToSpace, self._depth_to_space),
      (layers.XnnpackUpSampling2D, self._resize),
      (layers.CheckpointedDropout, lambda _, inputs: inputs[0]),
      (tf.keras.layers.ReLU, self._relu),
      (tf.keras.layers.LeakyReLU, self._leaky_relu),
      (tf.keras.layers.Add, self._add),
      (tf.keras.layers.Concatenate, self._concatenate),
      (tf.keras.layers.Activation, self._activate_layer),
    ]
    self._write(generator)

  def content(self) -> bytes:
    """Returns the file."""
    helper, types = self._onnx.helper, self._onnx.TensorProto
    shape = ["batch", "height", "width", self._channels]
    graph = helper.make_graph(
      self._nodes,
      "generator",
      [helper.make_tensor_value_info(_INPUT, types.FLOAT, shape)],
      [helper.make_tensor_value_info(self._output_name, types.FLOAT, shape)],
      self._constants,
    )
    model = helper.make_model(
      graph,
      opset_imports=[helper.make_opsetid("", _OPSET)],
      ir_version=_IR_VERSION,
      producer_name="cyclegan-garden",
      doc_string=self._description,
    )
    self._onnx.checker.check_model(model)
    return model.SerializeToString()

  def _write(self, generator: tf.keras.Model) -> None:
    x = self._node("Transpose", [_INPUT], perm=[0, 3, 1, 2])
    x = self._node("Mul", [x, self._constant(np.float32(2))])
    x = self._node("Sub", [x, self._constant(np.float32(1))])
    names: dict[int, str] = {}
    # Keras lists layers such that each stands behind those that it needs.
    for layer in generator.layers:
      if isinstance(layer, tf.keras.layers.InputLayer):
        names[id(layer.output)] = x
        continue
      inputs = [names[id(tensor)] for tensor in tf.nest.flatten(layer.input)]
      names[id(layer.output)] = self._handle(layer, inputs)
    x = names[id(generator.outputs[0])]
    x = self._node("Add", [x, self._constant(np.float32(1))])
    x = self._node("Mul", [x, self._constant(np.float32(0.5))])
    bounds = [self._constant(np.float32(i)) for i in (0, 1)]
    x = self._node("Clip", [x, *bounds])
    self._node("Transpose", [x], self._output_name, perm=[0, 2, 3, 1])

  def _handle(self, layer: tf.keras.layers.Layer, inputs: list[str]) -> str:
    """Writes a layer; returns its output's name."""
    for kind, write in self._handlers:
      if isinstance(layer, kind):
        return write(layer, inputs)
    raise errors.UserError(
      f": the layer {layer.name} ({type(layer).__name__}) cannot be written."
      " Leave onnx out.",
      "format",
      "onnx",
    )

  def _node(
    self, kind: str, inputs: Sequence[str], output: str = "", **attributes: Any
  ) -> str:
    """Adds an operator; returns its output's name."""
    name = output or f"{kind}_{len(self._nodes)}"
    self._nodes.append(
      self._onnx.helper.make_node(kind, inputs, [name], **attributes)
    )
    return name

  def _constant(self, value: Any) -> str:
    """Adds numbers; returns their name."""
    name = f"constant_{len(self._constants)}"
    array = np.asarray(value)
    self._constants.append(self._onnx.numpy_helper.from_array(array, name))
    return name

  def _convolve(self, layer: layers.BorderConv2D, inputs: list[str]) -> str:
    (x,) = inputs
    if layer.reflect:
      sides = [0, 0, layer.reflect, layer.reflect] * 2
      pads = self._constant(np.array(sides, np.int64))
      x = self._node("Pad", [x, pads], mode="reflect")
    kernel, *bias = layer.get_weights()
    kernel = kernel.transpose(3, 2, 0, 1)  # from HWIO
    attributes = self._borders(layer)
    if not layer.partial:
      given = [x, *(self._constant(v) for v in (kernel, *bias))]
      x = self._node("Conv", given, **attributes)
    else:  # the bias is not scaled
      made = self._node("Conv", [x, self._constant(kernel)], **attributes)
      gain = self._border_gain(x, kernel.shape[2:], attributes)
      x = self._node("Mul", [made, gain])
      if bias:
        x = self._node("Add", [x, self._constant(bias[0].reshape(1, -1, 1, 1))])
    return self._activate(layer.activation, x)

  def _convolve_depthwise(
    self, layer: layers.PartialDepthwiseConv2D, inputs: list[str]
  ) -> str:
    (x,) = inputs
    kernel, *bias = layer.get_weights()  # [height, width, channels, copies]
    height, width, channels, copies = kernel.shape
    kernel = kernel.reshape(height, width, channels * copies, 1)
    kernel = kernel.transpose(2, 3, 0, 1)
    attributes = {**self._borders(layer), "group": channels}
    given = [x, *(self._constant(v) for v in (kernel, *bias))]
    made = self._node("Conv", given, **attributes)
    if layer.partial:
      gain = self._border_gain(x, kernel.shape[2:], attributes)
      made = self._node("Mul", [made, gain])
    return self._activate(layer.activation, made)

  def _borders(self, layer: Any) -> dict[str, Any]:
    """Returns a convolution's attributes; ONNX knows TensorFlow's padding."""
    same = layer.padding == "same"
    return {
      "strides": [int(n) for n in layer.strides],
      "dilations": [int(n) for n in layer.dilation_rate],
      "auto_pad": "SAME_UPPER" if same else "VALID",
    }

  def _border_gain(
    self, x: str, kernel: Sequence[int], attributes: dict[str, Any]
  ) -> str:
    """Returns a kernel's area over the part of it that lies inside.

    The part is counted by a convolution of ones.
    """
    first = self._node(
      "Slice",
      [x, *(self._constant(np.array([n], np.int64)) for n in (0, 1, 1))],
    )
    ones = self._node(
      "Add",
      [
        self._node("Mul", [first, self._constant(np.float32(0))]),
        self._constant(np.float32(1)),
      ],
    )
    count = self._node(
      "Conv",
      [ones, self._constant(np.ones((1, 1, *kernel), np.float32))],
      **{**attributes, "group": 1},
    )
    area = self._constant(np.float32(np.prod(kernel)))
    return self._node("Div", [area, count])

  def _convolve_transposed(
    self, layer: tf.keras.layers.Conv2DTranspose, inputs: list[str]
  ) -> str:
    kernel, *bias = layer.get_weights()  # [height, width, outputs, inputs]
    sides = kernel.shape[:2]
    # TensorFlow's "SAME": the result is `stride` times as large.
    cut = [k - s for k, s in zip(sides, layer.strides)]
    before = [n // 2 for n in cut]
    given = [kernel.transpose(3, 2, 0, 1), *bias]
    x = self._node(
      "ConvTranspose",
      [*inputs, *(self._constant(v) for v in given)],
      strides=[int(n) for n in layer.strides],
      pads=[*before, *(n - b for n, b in zip(cut, before))],
    )
    return self._activate(layer.activation, x)

  def _normalize(
    self, layer: normalization.InstanceNormalization, inputs: list[str]
  ) -> str:
    channels = int(layer.output.shape[-1])
    scale = np.ones(channels, np.float32)
    shift = np.zeros(channels, np.float32)
    if layer.scale:
      scale = np.asarray(layer.gamma, np.float32)
    if layer.center:
      shift = np.asarray(layer.beta, np.float32)
    given = [*inputs, self._constant(scale), self._constant(shift)]
    return self._node(
      "InstanceNormalization", given, epsilon=float(layer.epsilon)
    )

  def _depth_to_space(
    self, layer: layers.DepthToSpace, inputs: list[str]
  ) -> str:
    return self._node(
      "DepthToSpace", inputs, blocksize=layer.factor, mode="DCR"
    )

  def _resize(
    self, layer: layers.XnnpackUpSampling2D, inputs: list[str]
  ) -> str:
    scales = np.array([1, 1, *layer.size], np.float32)
    nearest = layer.interpolation == "nearest"
    return self._node(
      "Resize",
      [*inputs, "", self._constant(scales)],
      mode="nearest" if nearest else "linear",
      coordinate_transformation_mode=(
        "asymmetric" if nearest else "half_pixel"
      ),
      nearest_mode="floor",
    )

  def _relu(self, layer: tf.keras.layers.ReLU, inputs: list[str]) -> str:
    if layer.max_value is not None or layer.negative_slope or layer.threshold:
      raise errors.UserError(
        f": the layer {layer.name} is no plain rectifier. Leave onnx out.",
        "format",
        "onnx",
      )
    return self._node("Relu", inputs)

  def _leaky_relu(
    self, layer: tf.keras.layers.LeakyReLU, inputs: list[str]
  ) -> str:
    # The attribute has one name in Keras 2 and another in Keras 3.
    slope = -float(layer(tf.constant(-1.0)))
    return self._node("LeakyRelu", inputs, alpha=slope)

  def _add(self, layer: tf.keras.layers.Add, inputs: list[str]) -> str:
    del layer
    total = inputs[0]
    for other in inputs[1:]:
      total = self._node("Add", [total, other])
    return total

  def _concatenate(
    self, layer: tf.keras.layers.Concatenate, inputs: list[str]
  ) -> str:
    del layer  # always of channels
    return self._node("Concat", inputs, axis=1)

  def _activate_layer(
    self, layer: tf.keras.layers.Activation, inputs: list[str]
  ) -> str:
    return self._activate(layer.activation, inputs[0])

  def _activate(self, activation: Any, x: str) -> str:
    kind = {
      tf.keras.activations.linear: "",
      tf.keras.activations.relu: "Relu",
      tf.keras.activations.tanh: "Tanh",
    }[activation]
    return self._node(kind, [x]) if kind else x
