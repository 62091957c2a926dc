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
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.modeling import generators
from official.cyclegan.serving import serving_module
from official.cyclegan.serving import tflite_child
from official.cyclegan.serving import tflite_convert
from official.cyclegan.serving import tflite_edit
from official.cyclegan.serving import tflite_file
from official.cyclegan.serving import tflite_graph
from official.cyclegan.serving import tflite_probe
from official.cyclegan.serving import tflite_quantize
from tests import conftest


def _module(generator_type="mobile", **changes):
  tf.keras.utils.set_random_seed(0)
  model = config_lib.ModelConfig(
    generator_type=generator_type,
    **{"gen_n_filters": 4, "n_res_blocks": 1, "init": "he", **changes},
  )
  generator = generators.build_generator(model)
  return serving_module.ServingModule(generator, "AtoB")


@pytest.fixture(scope="module")
def images():
  rng = np.random.default_rng(0)
  return np.stack(
    [conftest.smooth_picture(rng, 32, 32) / 255.0 for _ in range(6)]
  ).astype(np.float32)


# Bits of a weight, and the least likeness, dB, of untrained networks.
@pytest.mark.parametrize(
  ("quantization", "bits", "psnr"),
  [
    ("float32", 32, 110),
    ("float16", 16, 60),
    ("dynamic", 8, 35),
    ("int4", 4, 20),
    ("int8", 8, 20),
    ("int8_mixed", 8, 25),
    ("int16x8", 8, 35),
  ],
)
def test_every_kind(quantization, bits, psnr, images, tmp_path):
  if quantization in tflite_quantize.KINDS:
    pytest.importorskip("litert_quantizer")  # for Python 3.10 and newer
  module = _module("mobile", gen_n_filters=16)
  content = tflite_convert.convert(module, [32], quantization, {32: images})
  path = tmp_path / "g_AB.tflite"
  path.write_bytes(content)
  made, _ = tflite_probe.run_isolated(str(path), images, timed=False)
  want = module(images)["image_B"].numpy()
  assert -10 * np.log10(np.mean((made - want) ** 2)) > psnr
  weights = sum(int(np.prod(v.shape)) for v in module.variables)
  assert abs(len(content) - weights * bits / 8) < 60_000  # the graph


@pytest.mark.slow(seconds=9)
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("norm", ["instance", "weight"])
def test_a_file_with_tiles(images, tmp_path, norm, whole):
  module = _module(gen_norm=norm, gen_n_filters=48, n_res_blocks=2)
  plain = tflite_convert.convert(module, [32], "float32")
  content = tflite_convert.convert(module, [32], "float32", tile=64)
  if whole:
    content = tflite_edit.with_uint8_io(content)
  description = tflite_edit.Description(
    *("name", "", "", "", "1", "takes", "gives"), tiles=(16, 4)
  )
  path = tmp_path / "g_AB.tflite"
  path.write_bytes(tflite_edit.with_metadata(content, description))
  weights = 4 * sum(int(np.prod(v.shape)) for v in module.variables)
  assert len(content) - len(plain) < 60_000 < weights  # one more graph
  graph = tflite_graph.read(path.read_bytes())
  assert [graph.tensors[i].shape for i in graph.outputs] == [(1, 32, 32, 3)]
  opened = tflite_child.open_model(str(path))
  spec = opened.spec
  assert (spec.tile, spec.margin, spec.multiple) == (64, 16, 4)
  assert spec.sizes == {"serving_default": 32}
  assert spec.statistics == 2 * module.statistics_length
  made, statistics = opened.measured("serving_default")(images[:1])
  want = module.translate_measured(tf.constant(images[:1]))
  rounding = 1 / 255 if whole else 1e-4
  np.testing.assert_allclose(made, want["image_B"], atol=rounding)
  tile = np.tile(images[1:2], (1, 2, 2, 1))
  if norm == "weight":
    assert statistics is None
    made, _ = opened.measured("tile")(tile)
    np.testing.assert_allclose(made, module(tile)["image_B"], atol=rounding)
    return
  np.testing.assert_allclose(
    statistics, want["statistics"], rtol=1e-2, atol=rounding
  )
  made, none = opened.measured("tile")(tile, want["statistics"].numpy())
  expected = module.translate_tile(tf.constant(tile), want["statistics"])
  np.testing.assert_allclose(made, expected["image_B"], atol=2 * rounding)
  assert none is None


def test_graphs_share_scales_and_tiles_have_no_names():
  module = _module(gen_n_filters=16)
  description = tflite_edit.Description(
    *("name", "", "", "", "1", "takes", "gives"), tiles=(16, 4)
  )
  content = tflite_convert.convert(module, [32], "dynamic", tile=64)
  described = tflite_edit.with_metadata(content, description)
  before, after = (schema.Model.GetRootAs(c, 0) for c in (content, described))
  scales, places, names = {}, [], []
  for i in range(after.SubgraphsLength()):
    old, new = before.Subgraphs(i), after.Subgraphs(i)
    names.append([])
    for j in range(new.TensorsLength()):
      was, found = old.Tensors(j), new.Tensors(j)
      names[-1].append((was.Name(), found.Name()))
      if found.Quantization() is None:
        assert was.Quantization() is None
        continue
      numbers = found.Quantization().ScaleAsNumpy()
      np.testing.assert_array_equal(numbers, was.Quantization().ScaleAsNumpy())
      place = found.Quantization()._tab.Pos
      places.append(place)
      scales.setdefault(np.asarray(numbers).tobytes(), set()).add(place)
  assert len(scales) > 3 and all(len(found) == 1 for found in scales.values())
  assert len(places) > 2 * len(scales)
  by_signature = {
    after.SignatureDefs(i).SignatureKey(): after.SignatureDefs(i)
    for i in range(after.SignatureDefsLength())
  }
  for key, signature in by_signature.items():
    kept = sum(new == old for old, new in names[signature.SubgraphIndex()])
    count = len(names[signature.SubgraphIndex()])
    entries = signature.InputsLength() + signature.OutputsLength()
    assert kept == (entries if key == b"tile" else count)


@pytest.mark.slow
def test_a_graph_is_written_once(monkeypatch):
  """For files of one module that differ only in their numbers."""
  # Large enough for `dynamic` to quantise them.
  first, second = _module(gen_n_filters=16), _module(gen_n_filters=16)
  written = []
  save = tf.saved_model.save
  monkeypatch.setattr(
    tf.saved_model,
    "save",
    lambda module, folder, **kwargs: (
      written.append(folder),
      save(module, folder, **kwargs),
    ),
  )
  with tflite_convert.graphs() as graphs:
    contents = [
      tflite_convert.convert(module, [32], kind, tile=tile, kept=graphs)
      for module, kind, tile in (
        (first, "float32", 0),
        (first, "dynamic", 0),
        (first, "float32", 64),
        (first, "dynamic", 64),
        (second, "float32", 0),
      )
    ]
    assert len(written) == len(set(written)) == 3
  assert len({len(content) for content in contents[:4]}) == 4
  assert contents[0] == tflite_convert.convert(first, [32], "float32")


def test_sizes_share_their_weights(images, tmp_path):
  module = _module()
  one, two = (
    tflite_convert.convert(module, sizes, "float32")
    for sizes in ([32], [32, 48])
  )
  path = tmp_path / "g_AB.tflite"
  path.write_bytes(two)
  interpreter = tflite_file.open_interpreter(str(path))
  spec = tflite_file.signature_spec(interpreter)
  assert spec.sizes == {"serving_default": 32, "s48": 48}
  larger = np.random.default_rng(0).random((1, 48, 48, 3), np.float32)
  for name, image in (("serving_default", images[:1]), ("s48", larger)):
    signature = interpreter.get_signature_runner(name)
    translate = tflite_file.translate_function(signature)
    want = module(image)["image_B"].numpy()
    np.testing.assert_allclose(translate(image), want, atol=1e-4)
  assert len(two) < 2 * len(one)


def test_calibrates_every_size(images, tmp_path):
  module = _module()
  larger = np.repeat(np.repeat(images, 2, axis=1), 2, axis=2)
  content = tflite_convert.convert(
    module, [32, 64], "int8", {32: images, 64: larger}
  )
  path = tmp_path / "g_AB.tflite"
  path.write_bytes(content)
  made, _ = tflite_probe.run_isolated(str(path), larger, "s64", timed=False)
  want = module(larger)["image_B"].numpy()
  assert np.abs(made - want).mean() < 0.05


@pytest.mark.slow
@pytest.mark.parametrize(
  ("generator_type", "changes"),
  [
    ("mobile", {}),
    ("mobile", {"padding": "partial", "upsample": "resize_conv"}),
    ("mobile", {"block_scale": 8}),
    ("resnet", {"padding": "zero"}),
    ("resnet", {"padding": "partial"}),
    ("resnet", {"padding": "zero", "upsample": "even_subpixel"}),
    ("unet", {}),
  ],
)
@pytest.mark.parametrize("tile", [0, 64])
def test_one_partition(generator_type, changes, tile, images, tmp_path):
  """LiteRT's XNNPACK takes the whole graph; nothing is left to others."""
  module = _module(generator_type, **changes)
  content = tflite_convert.convert(module, [32], "float32", tile=tile)
  path = tmp_path / "g_AB.tflite"
  path.write_bytes(content)
  _, found = tflite_probe.run_isolated(str(path), images[:1], timed=False)
  assert found["runtime"].startswith("ai-edge-litert")
  assert found["partitions"] == 1
  # Other than these none has a refusal in the sources of the GPU delegate.
  assert set(found["operators"]) <= {
    "ADD",
    "CONCATENATION",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "DEPTH_TO_SPACE",
    "LEAKY_RELU",
    "MEAN",
    "MINIMUM",
    "MUL",
    "RELU",
    "RESIZE_BILINEAR",
    "RSQRT",
    "SUB",
  }


@pytest.mark.slow
@pytest.mark.parametrize(
  ("preset", "most_bytes"), [("mobile", 400_000), ("mobile_fast", 250_000)]
)
def test_mobile_presets_are_one_partition(preset, most_bytes, tmp_path):
  """At their own 256 pixels, in kinds for processors and others."""
  folder = conftest.ROOT / "official" / "cyclegan" / "configs"
  given = dict(
    line[2:].split("=")
    for line in (folder / f"{preset}.flags").read_text().splitlines()
    if line.startswith("--")
  )
  assert given["generator_type"] == "mobile" and given["crop_size"] == "256"
  names = ("gen_n_filters", "n_res_blocks", "skip_filters", "block_scale")
  module = _module(**{n: int(given[n]) for n in names if n in given})
  path = tmp_path / "g_AB.tflite"
  image = np.random.default_rng(0).random((1, 256, 256, 3), np.float32)
  for quantization in ("float32", "float16", "dynamic"):
    path.write_bytes(tflite_convert.convert(module, [256], quantization))
    _, found = tflite_probe.run_isolated(str(path), image, timed=False)
    assert found["partitions"] == 1, quantization
  assert path.stat().st_size <= most_bytes  # the last one, dynamic


def test_what_cannot_be_converted_is_refused(monkeypatch):
  monkeypatch.setattr(
    tf.lite.TFLiteConverter,
    "from_saved_model",
    lambda *_, **__: type("C", (), {"convert": lambda self: _fail()})(),
  )
  with pytest.raises(errors.UserError, match="--quantization=float32.*no"):
    tflite_convert.convert(_module(), [32], "float32")


def _fail():
  raise RuntimeError("no such operator\nand more")


if __name__ == "__main__":
  conftest.main(__file__)
