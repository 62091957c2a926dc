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
import json
import os
import subprocess

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

from official.cyclegan.core import level_range
from official.cyclegan.serving import image_translator
from official.cyclegan.serving import tflite_edit
from official.cyclegan.serving import tflite_file
from tests import conftest

_DESCRIPTION = tflite_edit.Description(
  name="a name",
  description="what it does",
  author="",
  licence="whose",
  version="1",
  input_description="takes",
  output_description="gives",
)
# Google's own reader, in an environment of its own.
_READER = """
import sys
from tflite_support import metadata
shown = metadata.MetadataDisplayer.with_model_file(sys.argv[1])
print(shown.get_metadata_json())
"""


@pytest.fixture(scope="module")
def halving(tmp_path_factory):
  """A file that halves pictures, of 8 pixels and of 16."""
  module = tf.Module()
  signatures = {}
  for name, size in (("serving_default", 8), ("s16", 16)):
    spec = tf.TensorSpec([1, size, size, 3], tf.float32, name="image")
    signatures[name] = tf.function(
      lambda image: {"image_B": image * 0.5}, [spec]
    )
  folder = str(tmp_path_factory.mktemp("saved"))
  tf.saved_model.save(module, folder, signatures=signatures)
  converter = tf.lite.TFLiteConverter.from_saved_model(
    folder, signature_keys=list(signatures)
  )
  return converter.convert()


def _signature(content, name):
  interpreter = tf.lite.Interpreter(model_content=content)
  return interpreter.get_signature_runner(name)


@pytest.mark.parametrize(
  ("name", "size"), [("serving_default", 8), ("s16", 16)]
)
def test_whole_numbers(halving, name, size):
  signature = _signature(tflite_edit.with_uint8_io(halving), name)
  pixels = np.random.default_rng(0).integers(0, 256, (1, size, size, 3))
  pixels = pixels.astype(np.uint8)
  made = signature(image=pixels)["image_B"]
  assert made.dtype == np.uint8
  np.testing.assert_array_equal(made, np.floor(pixels / 2 + 0.5))


@pytest.mark.parametrize("whole", [False, True])
def test_metadata_changes_nothing_else(halving, whole):
  content = tflite_edit.with_uint8_io(halving) if whole else halving
  described = tflite_edit.with_metadata(content, _DESCRIPTION)
  assert 0 < len(described) - len(content) < 5000
  image = np.random.default_rng(0).random((1, 8, 8, 3)) * (255 if whole else 1)
  image = image.astype(np.uint8 if whole else np.float32)
  first, second = (
    _signature(c, "serving_default")(image=image)["image_B"]
    for c in (content, described)
  )
  np.testing.assert_array_equal(first, second)


def test_compact_files_make_the_same(halving):
  compact = tflite_edit.compact(halving)
  assert len(compact) < len(halving)
  image = np.random.default_rng(0).random((1, 8, 8, 3)).astype(np.float32)
  first, second = (
    _signature(c, "serving_default")(image=image)["image_B"]
    for c in (halving, compact)
  )
  np.testing.assert_array_equal(first, second)


def test_the_default_signature_comes_first(halving):
  """Interfaces of today run the first where none is named."""

  def sizes(content):
    interpreter = tf.lite.Interpreter(model_content=content)
    names = list(interpreter.get_signature_list())
    found = {
      name: tuple(
        detail["shape"][1]
        for detail in interpreter.get_signature_runner(name)
        .get_input_details()
        .values()
      )
      for name in names
    }
    return interpreter.get_input_details()[0]["shape"][1], names[0], found

  own = {"serving_default": (8,), "s16": (16,)}
  assert sizes(halving) == (16, "s16", own)  # by their names
  described = tflite_edit.with_metadata(halving, _DESCRIPTION)
  assert sizes(described) == (8, "serving_default", own)
  image = np.random.default_rng(0).random((1, 16, 16, 3)).astype(np.float32)
  made = _signature(described, "s16")(image=image)["image_B"]
  np.testing.assert_array_equal(made, image * np.float32(0.5))


def test_no_content_is_in_the_file_twice(halving):
  described = tflite_edit.with_metadata(halving, _DESCRIPTION)
  before, after = (
    [
      b""
      if model.Buffers(i).DataIsNone()
      else bytes(model.Buffers(i).DataAsNumpy())
      for i in range(model.BuffersLength())
    ]
    for model in (schema.Model.GetRootAs(c, 0) for c in (halving, described))
  )
  assert before.count(b"") > 1 and after[0] == b""
  assert len(after) == len(set(after)) < len(before)
  assert set(before) <= set(after)


def test_no_vector_and_no_name_is_in_the_file_twice(halving):
  places: dict[tuple[int, bytes], set[int]] = {}
  described = tflite_edit.with_metadata(halving, _DESCRIPTION)
  model = schema.Model.GetRootAs(described, 0)
  for i in range(model.SubgraphsLength()):
    graph = model.Subgraphs(i)
    for j in range(graph.TensorsLength()):
      table = graph.Tensors(j)._tab
      for field, width in ((4, 4), (10, 1)):  # shape and name, in the schema
        place = table.Vector(table.Offset(field))
        length = table.VectorLen(table.Offset(field)) * width
        content = described[place : place + length]
        places.setdefault((field, content), set()).add(place)
  assert len(places) > 3
  assert all(len(found) == 1 for found in places.values())


def test_levels_of_deep_pictures_are_in_the_file(halving, tmp_path):
  path = tmp_path / "g_AB.tflite"
  for levels in (None, level_range.LevelRange(51241.5, 52180)):
    described = dataclasses.replace(_DESCRIPTION, levels=levels)
    path.write_bytes(tflite_edit.with_metadata(halving, described))
    assert tflite_file.input_levels(str(path)) == levels
    opened = image_translator.open_model(str(path), "AtoB")
    assert opened.levels == levels


@pytest.mark.parametrize(
  ("whole", "takes", "gives", "highest"),
  [(False, 255, 1 / 255, 1), (True, 1, 1, 255)],
)
def test_google_reads_the_metadata(
  halving, whole, takes, gives, highest, tmp_path
):
  reader = os.environ.get("METADATA_PYTHON")
  if not reader:
    pytest.skip("METADATA_PYTHON, a Python with tflite-support, is not set")
  content = tflite_edit.with_uint8_io(halving) if whole else halving
  path = tmp_path / "g_AB.tflite"
  path.write_bytes(tflite_edit.with_metadata(content, _DESCRIPTION))
  done = subprocess.run(
    [reader, "-c", _READER, str(path)],
    capture_output=True,
    text=True,
    check=True,
  )
  found = json.loads(done.stdout)
  assert found["name"] == "a name" and found["license"] == "whose"
  assert found["description"] == "what it does" and "author" not in found
  assert len(found["subgraph_metadata"]) == 2
  graph = found["subgraph_metadata"][0]
  for key, text, std in (
    ("input_tensor_metadata", "takes", takes),
    ("output_tensor_metadata", "gives", gives),
  ):
    (tensor,) = graph[key]
    assert tensor["description"] == text
    properties = tensor["content"]["content_properties"]
    assert properties == {"color_space": "RGB"}
    (unit,) = tensor["process_units"]
    assert unit["options_type"] == "NormalizationOptions"
    assert unit["options"]["mean"] == [0.0]
    assert unit["options"]["std"] == pytest.approx([std], rel=1e-3)
    assert tensor["stats"] == {"max": [highest], "min": [0.0]}


if __name__ == "__main__":
  conftest.main(__file__)
