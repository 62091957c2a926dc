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
"""Parameters, multiply-accumulates and memory of any .tflite file's graph.

TensorFlow is not needed.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from official.cyclegan.serving import tflite_file

_CONV, _DEPTHWISE, _TRANSPOSED = (
  "CONV_2D",
  "DEPTHWISE_CONV_2D",
  "TRANSPOSE_CONV",
)


@dataclasses.dataclass(frozen=True)
class Cost:
  """What the graph of a file costs for one image.

  Attributes:
    parameters: Weights and biases of the convolutions, zeros included.
    macs: Multiply-accumulate operations of the convolutions; a transposed one
      has one for each weight at each pixel of its input.
    literature_macs: `macs` as papers on compressing generators count them, with
      transposed convolutions at the size of their output: 56.8e9 for the
      ResNet generator with 9 blocks and 64 filters at 256 pixels (Li et al.,
      "GAN Compression", 2020, table 1).
    activation_bytes: Peak memory of the tensors that are needed at one time, if
      every operator has a new tensor for its result; without the input.
  """

  parameters: int
  macs: int
  literature_macs: int
  activation_bytes: int


def read(path: str) -> Cost:
  """Reads the cost of a file; of several signatures, the first.

  Args:
    path: A `.tflite` file with fixed shapes.

  Raises:
    ValueError: If it is not a .tflite file.
    RuntimeError: If it cannot be read.
  """
  interpreter = tflite_file.open_interpreter(path)
  tensors = {t["index"]: t for t in interpreter.get_tensor_details()}
  # No public interface tells the operators.
  operators = interpreter._get_ops_details()
  parameters, macs, literature = 0, 0, 0
  for operator in operators:
    kind = operator["op_name"]
    if kind not in (_CONV, _DEPTHWISE, _TRANSPOSED):
      continue
    inputs = [int(i) for i in operator["inputs"]]
    # Inputs of a transposed one: output shape, weights, image, bias; of others:
    # image, weights, bias. Shapes are [1, height, width, channels].
    weights = tensors[inputs[1]]["shape"]
    source = tensors[inputs[2 if kind == _TRANSPOSED else 0]]["shape"]
    result = tensors[int(operator["outputs"][0])]["shape"]
    count = int(np.prod(weights))
    per_input = count * int(np.prod(source[1:3]))
    per_output = count * int(np.prod(result[1:3]))
    macs += per_input if kind == _TRANSPOSED else per_output
    literature += per_output
    bias = inputs[3 if kind == _TRANSPOSED else 2 :]
    parameters += count + sum(
      int(np.prod(tensors[i]["shape"])) for i in bias if i >= 0
    )
  return Cost(parameters, macs, literature, _live_bytes(operators, tensors))


def _live_bytes(
  operators: list[dict[str, Any]], tensors: dict[int, dict[str, Any]]
) -> int:
  """Returns the bytes of live tensors at the operator that needs most."""
  first: dict[int, int] = {}  # by tensor the operator that makes it
  last: dict[int, int] = {}  # and the last one that needs it
  for number, operator in enumerate(operators):
    first.update((int(i), number) for i in operator["outputs"])
    last.update((int(i), number) for i in operator["inputs"])
  # Constants and the input are left out: no operator makes them.
  size = {
    i: int(np.prod(tensors[i]["shape"]))
    * np.dtype(tensors[i]["dtype"]).itemsize
    for i in first
  }
  end = len(operators)
  peak = 0
  for number in range(end):
    live = [i for i in first if first[i] <= number <= last.get(i, end)]
    peak = max(peak, sum(size[i] for i in live))
  return peak
