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
"""The operators and tensors of a .tflite file, as Python objects."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from official.cyclegan.serving import tflite_file

# By the number of a type in the schema, that of NumPy.
DTYPES = {
  getattr(schema.TensorType, name): np.dtype(dtype)
  for name, dtype in (
    ("FLOAT32", np.float32),
    ("FLOAT16", np.float16),
    ("INT32", np.int32),
    ("INT64", np.int64),
    ("UINT8", np.uint8),
    ("INT8", np.int8),
    ("INT16", np.int16),
    ("BOOL", np.bool_),
  )
}


def _names(constants: type) -> dict[int, str]:
  """Returns the names of an enumeration of the schema, by number."""
  return {v: k for k, v in vars(constants).items() if isinstance(v, int)}


_KINDS = _names(schema.BuiltinOperator)
_ACTIVATIONS = _names(schema.ActivationFunctionType)


@dataclasses.dataclass(frozen=True)
class Tensor:
  """A tensor of a graph.

  Attributes:
    name: As the converter called it.
    shape: As stored; of fixed sizes.
    dtype: Of its numbers; None for a type that is not known here.
    value: What a constant holds, of this shape. None for one that is computed.
    scale: float32 `[n]`: what whole numbers are multiplied by, one number or
      one for each index of `axis`; empty for others.
    zero_point: int64 `[n]`: what is subtracted from them before.
    axis: Which axis `scale` belongs to.
  """

  name: str
  shape: tuple[int, ...]
  dtype: np.dtype | None
  value: np.ndarray | None
  scale: np.ndarray
  zero_point: np.ndarray
  axis: int


@dataclasses.dataclass(frozen=True)
class Operator:
  """An operator of a graph.

  Attributes:
    kind: The schema's name, such as `CONV_2D`.
    inputs: Indices of tensors; -1 for one that is left out.
    outputs: Indices of tensors.
    options: The schema's options of that kind of operator; None without.
  """

  kind: str
  inputs: tuple[int, ...]
  outputs: tuple[int, ...]
  options: Any

  @property
  def activation(self) -> str:
    """The schema's name of the activation that the operator ends with."""
    code = getattr(self.options, "fusedActivationFunction", 0)
    return _ACTIVATIONS[code]


@dataclasses.dataclass(frozen=True)
class Graph:
  """The graph of one signature, its operators in the order they are run in.

  Attributes:
    tensors: All tensors.
    operators: All operators.
    inputs: Indices of the tensors that are given.
    outputs: Indices of the tensors that are wanted, other than the statistics
      that a file with tiles gives.
  """

  tensors: tuple[Tensor, ...]
  operators: tuple[Operator, ...]
  inputs: tuple[int, ...]
  outputs: tuple[int, ...]


def unpack(content: bytes) -> schema.ModelT:
  """Returns a file's tables, which can be changed and packed again.

  Args:
    content: A .tflite file. What it holds behind its tables (LiteRT's quantizer
      writes weights there once they take 256 KB) is brought into them.
  """
  model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
  for buffer in model.buffers:
    if buffer.size:
      buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
      buffer.offset = buffer.size = 0
  return model


def read(
  content: bytes, signature: str = tflite_file.DEFAULT_SIGNATURE
) -> Graph:
  """Reads a graph.

  Args:
    content: A .tflite file that this package wrote, and so can be trusted.
    signature: Whose graph.

  Raises:
    KeyError: If there is no such signature.
  """
  model = unpack(content)
  definitions = {s.signatureKey: s for s in model.signatureDefs}
  definition = definitions[signature.encode()]
  graph = model.subgraphs[definition.subgraphIndex]
  left_out = {
    output.tensorIndex
    for output in definition.outputs
    if output.name == tflite_file.STATISTICS.encode()
  }
  codes = [
    _KINDS[max(code.builtinCode, code.deprecatedBuiltinCode)]
    for code in model.operatorCodes
  ]
  return Graph(
    tuple(_tensor(tensor, model.buffers) for tensor in graph.tensors),
    tuple(
      Operator(
        codes[operator.opcodeIndex],
        tuple(int(i) for i in operator.inputs),
        tuple(int(i) for i in operator.outputs),
        operator.builtinOptions,
      )
      for operator in graph.operators
    ),
    tuple(int(i) for i in graph.inputs),
    tuple(int(i) for i in graph.outputs if i not in left_out),
  )


def _tensor(tensor: Any, buffers: list[Any]) -> Tensor:
  """Returns a tensor of the schema as one of ours."""
  shape = tuple(int(n) for n in _list(tensor.shape))
  data = buffers[tensor.buffer].data
  value = None
  if data is not None and len(data) and tensor.type in DTYPES:
    value = np.frombuffer(bytes(data), DTYPES[tensor.type]).reshape(shape)
  stored = tensor.quantization
  return Tensor(
    tensor.name.decode(),
    shape,
    DTYPES.get(tensor.type),
    value,
    np.array(_list(stored and stored.scale), np.float32),
    np.array(_list(stored and stored.zeroPoint), np.int64),
    int(stored.quantizedDimension) if stored else 0,
  )


def _list(values: Any) -> Any:
  """Returns a vector of the schema, which is None or an array."""
  return [] if values is None else values
