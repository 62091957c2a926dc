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
"""Edits finished TFLite files: uint8 input and output, metadata, size.

All work on the flatbuffer, with TensorFlow's own schema.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from official.cyclegan.core import level_range
from official.cyclegan.serving import tflite_file
from official.cyclegan.serving import tflite_graph

_FILE_IDENTIFIER = b"TFL3"
# Constants of TensorFlow Lite's metadata, metadata_schema.fbs 1.0.0. Tables are
# written field by field, by the numbers of their fields there: TensorFlow does
# not ship generated code for that schema.
_METADATA_NAME = b"TFLITE_METADATA"
_METADATA_IDENTIFIER = b"M001"
_IMAGE_PROPERTIES = 2  # of the union ContentProperties
_NORMALIZATION = 1  # of the union ProcessUnitOptions
_RGB, _GRAYSCALE = 1, 2  # ColorSpaceType
_LEVELS = 255.0  # the largest 8-bit level


@dataclasses.dataclass(frozen=True)
class Description:
  """The texts of a file's metadata.

  Attributes:
    name: Of the model.
    description: What it does, and what it was trained on.
    author: Who made it; empty for none.
    licence: Of the model.
    version: Of the model.
    input_description: What the model takes.
    output_description: What it gives.
    levels: Which levels of pictures with more than 8 bits are 0 and 1; None for
      all of 16 bits.
    tiles: Of a file with tiles, what to leave out at their borders, and what
      sizes of pictures must be multiples of, pixels.
  """

  name: str
  description: str
  author: str
  licence: str
  version: str
  input_description: str
  output_description: str
  levels: level_range.LevelRange | None = None
  tiles: tuple[int, int] | None = None


def with_uint8_io(content: bytes) -> bytes:
  """Makes a file take and give uint8 levels instead of floats in [0, 1].

  The conversions become a part of the graph. They are added to the finished
  file, whatever its precision: given such a graph, TensorFlow 2.15's converter
  mistakes the scale of what it quantises.

  Args:
    content: A file whose signatures have one image as input and as output each;
      the norms' statistics stay floats.

  Returns:
    The file with uint8 input and output of the same shapes and names.
  """
  model = tflite_graph.unpack(content)
  scales = _Scales(
    to_unit=_constant(model, 1.0 / _LEVELS),
    to_levels=_constant(model, _LEVELS),
    half=_constant(model, 0.5),
  )
  builtin = schema.BuiltinOperator
  codes = _Codes(
    cast=_operator_code(model, builtin.CAST),
    multiply=_operator_code(model, builtin.MUL),
    add=_operator_code(model, builtin.ADD),
  )
  for signature in model.signatureDefs:
    graph = model.subgraphs[signature.subgraphIndex]
    (given,) = _images(signature.inputs)
    (made,) = _images(signature.outputs)
    given.tensorIndex, made.tensorIndex = _add_uint8_io(
      graph, given.tensorIndex, made.tensorIndex, scales, codes
    )
  return _pack(model)


class _Scales(NamedTuple):
  """Indices of the buffers that hold constants."""

  to_unit: int
  to_levels: int
  half: int


class _Codes(NamedTuple):
  """Indices of operators' codes."""

  cast: int
  multiply: int
  add: int


def _images(
  tensors: Sequence[schema.TensorMapT],
) -> list[schema.TensorMapT]:
  """Returns a signature's inputs or outputs without the norms' statistics."""
  statistics = tflite_file.STATISTICS.encode()
  return [tensor for tensor in tensors if tensor.name != statistics]


def _add_uint8_io(
  graph: schema.SubGraphT,
  entry: int,
  result: int,
  scales: _Scales,
  codes: _Codes,
) -> tuple[int, int]:
  """Converts at both ends of a graph; returns the new input and output."""
  to_unit, to_levels, half = (
    _add_tensor(graph, f"pixel_constant{i}", [], buffer=buffer)
    for i, buffer in enumerate(scales)
  )
  shape = graph.tensors[entry].shape
  pixels, levels = (
    _add_tensor(graph, name, shape, schema.TensorType.UINT8)
    for name in ("pixels", "translated_pixels")
  )
  floats = [_add_tensor(graph, f"pixel_values{i}", shape) for i in range(3)]
  before = [
    _operator(codes.cast, [pixels], floats[0], *_cast_options(to_float=True)),
    _operator(codes.multiply, [floats[0], to_unit], entry, *_MULTIPLY),
  ]
  after = [
    _operator(codes.multiply, [result, to_levels], floats[1], *_MULTIPLY),
    # CAST cuts off: half a level more, and it rounds.
    _operator(codes.add, [floats[1], half], floats[2], *_ADD),
    _operator(codes.cast, [floats[2]], levels, *_cast_options(to_float=False)),
  ]
  graph.operators = [*before, *graph.operators, *after]
  graph.inputs = [pixels if i == entry else i for i in graph.inputs]
  graph.outputs = [levels if i == result else i for i in graph.outputs]
  return pixels, levels


def compact(content: bytes) -> bytes:
  """Returns a file without what nobody reads, as `with_metadata` leaves it out.

  Args:
    content: A file.
  """
  model = tflite_graph.unpack(content)
  _share(model)
  return _pack(model)


def with_metadata(content: bytes, description: Description) -> bytes:
  """Adds the metadata that TensorFlow Lite's tools and apps read.

  For each input and output: colour space, range, and normalisation. That is
  (value - mean) / std from pixels to what the model takes, and from what it
  gives to pixels.

  Args:
    content: A file whose signatures have one image as input and as output each,
      float32 in [0, 1], or uint8.
    description: What to say.

  Returns:
    The file with the buffer `TFLITE_METADATA`, and one for the levels, and the
    graph of `tflite_file.DEFAULT_SIGNATURE` first: that is what runs where no
    signature is named, and the converter sorts them by their names. What
    nobody reads is left out: buffers that hold nothing, or the same as another,
    what is written of a tensor a second time, such as a shape or scales, and in
    the graph of tiles the names of tensors between its operators.
  """
  model = tflite_graph.unpack(content)
  _put_default_first(model)
  _share(model)
  buffers: dict[str | bytes, bytes] = {
    _METADATA_NAME: _metadata(model, description)
  }
  if description.levels:
    numbers = f"{description.levels.low!r} {description.levels.high!r}\n"
    buffers[tflite_file.LEVELS_NAME] = (
      tflite_file.LEVELS_MARK + numbers.encode()
    )
  if description.tiles:
    numbers = " ".join(map(str, description.tiles)) + "\n"
    buffers[tflite_file.TILES_NAME] = tflite_file.TILES_MARK + numbers.encode()
    _drop_names(model, tflite_file.TILE_SIGNATURE)
  for name, data in buffers.items():
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(data, np.uint8)
    model.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name = name
    entry.buffer = len(model.buffers) - 1
    model.metadata = [*(model.metadata or []), entry]
  return _pack(model)


def _put_default_first(model: schema.ModelT) -> None:
  """Puts the default signature and its graph first."""
  default = tflite_file.DEFAULT_SIGNATURE.encode()
  model.signatureDefs.sort(key=lambda found: found.signatureKey != default)
  first = model.signatureDefs[0].subgraphIndex
  order = sorted(range(len(model.subgraphs)), key=lambda i: i != first)
  model.subgraphs = [model.subgraphs[i] for i in order]
  for signature in model.signatureDefs:
    signature.subgraphIndex = order.index(signature.subgraphIndex)


def _share(model: schema.ModelT) -> None:
  """Lets all that is the same be written once; the model can be packed once."""
  _share_buffers(model)
  _share_scales(model)


def _share_buffers(model: schema.ModelT) -> None:
  """Lets tensors of the same content share a buffer, and drops what is unused.

  The first buffer is always empty (TensorFlow Lite's schema). The converter
  adds an empty one for every tensor, and some constants once for each graph.
  """
  described = {entry.buffer for entry in model.metadata or []}
  kept, places = [0], {0: 0}
  by_content = {b"": 0}
  for i, buffer in enumerate(model.buffers[1:], 1):
    content = b"" if buffer.data is None else bytes(buffer.data)
    if i in described or content not in by_content:
      by_content.setdefault(content, len(kept))
      places[i] = len(kept)
      kept.append(i)
    else:
      places[i] = by_content[content]
  for entry in model.metadata or []:
    entry.buffer = places[entry.buffer]
  for graph in model.subgraphs:
    for tensor in graph.tensors:
      tensor.buffer = places[tensor.buffer]
  model.buffers = [model.buffers[i] for i in kept]


class _PackedOnce:
  """Scales of several tensors, which all refer to the same place."""

  def __init__(self, scales: schema.QuantizationParametersT) -> None:
    self._scales = scales
    self._place: int | None = None

  def Pack(self, builder: flatbuffers.Builder) -> int:  # noqa: N802
    """Returns the place in the file; called by the tensors' own `Pack`."""
    if self._place is None:
      self._place = self._scales.Pack(builder)
    return self._place


def _share_scales(model: schema.ModelT) -> None:
  """Lets tensors with the same scales share the table that holds them.

  The vectors in it, and all others, are shared by `_SharingBuilder`.
  """
  written: dict[bytes, _PackedOnce] = {}
  for graph in model.subgraphs:
    for tensor in graph.tensors:
      if tensor.quantization is not None:
        builder = flatbuffers.Builder(64)
        builder.Finish(tensor.quantization.Pack(builder))
        content = bytes(builder.Output())
        tensor.quantization = written.setdefault(
          content, _PackedOnce(tensor.quantization)
        )


def _drop_names(model: schema.ModelT, signature: str) -> None:
  """Drops a signature's names, but those of its inputs and outputs."""
  (index,) = (
    found.subgraphIndex
    for found in model.signatureDefs
    if found.signatureKey.decode() == signature
  )
  graph = model.subgraphs[index]
  named = {*graph.inputs, *graph.outputs}
  for i, tensor in enumerate(graph.tensors):
    if i not in named:
      tensor.name = b""


def _metadata(model: schema.ModelT, description: Description) -> bytes:
  """Returns the flatbuffer ModelMetadata."""
  builder = flatbuffers.Builder(1024)
  graphs = [
    _graph_metadata(builder, graph, description) for graph in model.subgraphs
  ]
  slots = {
    3: _vector(builder, graphs),
    **{
      slot: builder.CreateString(text)
      for slot, text in (
        (0, description.name),
        (1, description.description),
        (2, description.version),
        (4, description.author),
        (5, description.licence),
        (7, "1.0.0"),  # of the oldest parser that understands it
      )
      if text
    },
  }
  builder.Finish(_table(builder, slots), file_identifier=_METADATA_IDENTIFIER)
  return bytes(builder.Output())


def _graph_metadata(
  builder: flatbuffers.Builder,
  graph: schema.SubGraphT,
  description: Description,
) -> int:
  """Adds a SubGraphMetadata; returns its offset."""
  slots = {}
  for slot, indices, text in (
    (2, graph.inputs, description.input_description),
    (3, graph.outputs, description.output_description),
  ):
    tensors = [
      _tensor_metadata(builder, graph.tensors[i], text, slot == 3)
      for i in indices
    ]
    slots[slot] = _vector(builder, tensors)
  return _table(builder, slots)


def _tensor_metadata(
  builder: flatbuffers.Builder,
  tensor: schema.TensorT,
  description: str,
  is_output: bool,
) -> int:
  """Adds a TensorMetadata; returns its offset."""
  height, _, channels = tensor.shape[1:]
  if height == 1:  # no image: the norms' statistics
    return _table(
      builder,
      {
        0: builder.CreateString(tflite_file.STATISTICS),
        1: builder.CreateString("What the instance norms divide by."),
      },
    )
  is_uint8 = tensor.type == schema.TensorType.UINT8
  # (value - mean) / std: pixels to input values, output values to pixels.
  mean, std = 0.0, 1.0
  if not is_uint8:
    std = 1.0 / _LEVELS if is_output else _LEVELS
  normalization = _table(
    builder, {0: _floats(builder, [mean]), 1: _floats(builder, [std])}
  )
  unit = _union(builder, _NORMALIZATION, normalization)
  builder.StartObject(2)
  builder.PrependInt8Slot(0, _RGB if channels == 3 else _GRAYSCALE, 0)
  properties = builder.EndObject()
  highest = _LEVELS if is_uint8 else 1.0
  stats = _table(
    builder, {0: _floats(builder, [highest]), 1: _floats(builder, [0.0])}
  )
  return _table(
    builder,
    {
      0: builder.CreateString("translated" if is_output else "image"),
      1: builder.CreateString(description),
      3: _union(builder, _IMAGE_PROPERTIES, properties),
      4: _vector(builder, [unit]),
      5: stats,
    },
  )


def _union(builder: flatbuffers.Builder, kind: int, value: int) -> int:
  """Adds a table whose first two fields, kind and value, are a union."""
  builder.StartObject(2)
  builder.PrependUint8Slot(0, kind, 0)
  builder.PrependUOffsetTRelativeSlot(1, value, 0)
  return builder.EndObject()


def _table(builder: flatbuffers.Builder, slots: dict[int, int]) -> int:
  """Adds a table whose fields are all references."""
  builder.StartObject(max(slots) + 1)
  for slot, value in slots.items():
    builder.PrependUOffsetTRelativeSlot(slot, value, 0)
  return builder.EndObject()


def _vector(builder: flatbuffers.Builder, items: Sequence[int]) -> int:
  """Adds a vector of references, which flatbuffers fills from its end."""
  builder.StartVector(4, len(items), 4)
  for item in reversed(items):
    builder.PrependUOffsetTRelative(item)
  return builder.EndVector()


def _floats(builder: flatbuffers.Builder, values: Sequence[float]) -> int:
  return builder.CreateNumpyVector(np.array(values, np.float32))


class _SharingBuilder(flatbuffers.Builder):
  """Writes vectors and strings of the same content once.

  Of 8-bit weights with one scale for each channel, the zero points alone, 8
  bytes each and all 0, are a sixth of a small generator's file.
  """

  def __init__(self, initial_size: int) -> None:
    super().__init__(initial_size)
    self._places: dict[tuple[str, bytes], int] = {}

  def CreateNumpyVector(self, x: np.ndarray) -> int:  # noqa: N802
    """Returns the place of a vector; called by the tables' `Pack`."""
    key = (x.dtype.str, x.tobytes())
    if key not in self._places:
      self._places[key] = super().CreateNumpyVector(x)
    return self._places[key]

  def CreateString(  # noqa: N802
    self, s: str | bytes, encoding: str = "utf-8", errors: str = "strict"
  ) -> int:
    """Returns the place of a string; called by the tables' `Pack`."""
    key = ("", s.encode(encoding, errors) if isinstance(s, str) else s)
    if key not in self._places:
      self._places[key] = super().CreateString(s, encoding, errors)
    return self._places[key]


def _pack(model: schema.ModelT) -> bytes:
  builder = _SharingBuilder(1024)
  builder.Finish(model.Pack(builder), file_identifier=_FILE_IDENTIFIER)
  return bytes(builder.Output())


def _constant(model: schema.ModelT, value: float) -> int:
  """Adds a buffer with one float32; returns its index."""
  buffer = schema.BufferT()
  buffer.data = np.frombuffer(np.float32(value).tobytes(), np.uint8)
  model.buffers.append(buffer)
  return len(model.buffers) - 1


def _operator_code(model: schema.ModelT, builtin: int) -> int:
  """Adds an operator's code; returns its index."""
  code = schema.OperatorCodeT()
  code.builtinCode = code.deprecatedBuiltinCode = builtin
  code.version = 1
  model.operatorCodes.append(code)
  return len(model.operatorCodes) - 1


def _add_tensor(
  graph: schema.SubGraphT,
  name: str,
  shape: Sequence[int],
  kind: int = schema.TensorType.FLOAT32,
  buffer: int = 0,
) -> int:
  """Adds a tensor; returns its index. Buffer 0 is the empty one."""
  tensor = schema.TensorT()
  tensor.name = name.encode()
  tensor.shape = np.array(shape, np.int32)
  tensor.type = kind
  tensor.buffer = buffer
  graph.tensors.append(tensor)
  return len(graph.tensors) - 1


def _operator(
  code: int, inputs: Sequence[int], output: int, kind: int, options: object
) -> schema.OperatorT:
  """Returns an operator with one output."""
  operator = schema.OperatorT()
  operator.opcodeIndex = code
  operator.inputs, operator.outputs = list(inputs), [output]
  operator.builtinOptionsType, operator.builtinOptions = kind, options
  return operator


def _cast_options(to_float: bool) -> tuple[int, object]:
  """Returns the kind and the options of a CAST from or to uint8."""
  options = schema.CastOptionsT()
  types = schema.TensorType.UINT8, schema.TensorType.FLOAT32
  options.inDataType, options.outDataType = types if to_float else types[::-1]
  return schema.BuiltinOptions.CastOptions, options


# Kinds and options; the defaults have no fused activation.
_MULTIPLY = schema.BuiltinOptions.MulOptions, schema.MulOptionsT()
_ADD = schema.BuiltinOptions.AddOptions, schema.AddOptionsT()
