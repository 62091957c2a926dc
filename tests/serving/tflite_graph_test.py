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
"""Tests of tflite_graph.py."""

from __future__ import annotations

import pathlib

import numpy as np
import pytest

from official.cyclegan.serving import tflite_graph
from tests import conftest


def test_reads_operators_and_constants(halving):
  graph = tflite_graph.read(pathlib.Path(halving).read_bytes())
  (operator,) = graph.operators
  assert operator.kind == "MUL" and operator.activation == "NONE"
  assert operator.outputs == graph.outputs
  (image,) = graph.inputs
  (constant,) = set(operator.inputs) - {image}
  given = graph.tensors[image]
  assert given.shape == (1, 16, 16, 3) and given.dtype == np.float32
  assert given.value is None
  assert graph.tensors[constant].value == np.float32(0.5)


def test_reads_the_signature_asked_for(models):
  path = pathlib.Path(models["export"]) / "g_AB_dynamic.tflite"
  graph = tflite_graph.read(path.read_bytes(), "s48")
  assert graph.tensors[graph.inputs[0]].shape == (1, 48, 48, 3)
  kinds = [operator.kind for operator in graph.operators]
  assert kinds.count("CONV_2D") > 5


def test_other_signatures_are_refused(halving):
  with pytest.raises(KeyError):
    tflite_graph.read(pathlib.Path(halving).read_bytes(), "s48")


if __name__ == "__main__":
  conftest.main(__file__)
