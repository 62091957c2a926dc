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
import collections
import dataclasses
import json
import os

import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan import export_lib
from official.cyclegan import train_lib
from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.data import image_files
from official.cyclegan.data import sources
from official.cyclegan.serving import android_project
from official.cyclegan.serving import detail_choice
from official.cyclegan.serving import export_report
from official.cyclegan.serving import golden
from official.cyclegan.serving import image_translator
from official.cyclegan.serving import onnx_file
from official.cyclegan.serving import saved_model_file
from official.cyclegan.serving import tflite_convert
from official.cyclegan.serving import tflite_graph
from official.cyclegan.serving import tflite_probe
from official.cyclegan.training import checkpoints
from official.cyclegan.training import run_metadata
from tests import conftest

# They train, start processes or measure.
pytestmark = [
  pytest.mark.slow,
  pytest.mark.usefixtures("few_steps_are_not_traced"),
]

_ENDINGS = ("", ".tflite", "_float16.tflite", "_dynamic.tflite")


@pytest.fixture(scope="module")
def run(pictures, tmp_path_factory):
  """A short run of the U-Net on 32 pixels, and its folder."""
  config = config_checks.resolve(
    config_lib.Config(
      data=config_lib.DataConfig(dataset=str(pictures), crop_size=32),
      model=config_lib.ModelConfig(
        generator_type="unet", gen_n_filters=4, disc_n_filters=4, init="he"
      ),
      train=config_lib.TrainConfig(
        train_steps=2, buffer_max_length=2, precision="float32"
      ),
    )
  )
  folder = str(tmp_path_factory.mktemp("run"))
  train_lib.train(config, folder)
  return folder


@pytest.fixture(scope="module", autouse=True)
def conversions():
  """Converts once what several tests export: that takes most of the time."""
  made = {}
  convert = tflite_convert.convert

  def convert_once(module, sizes, quantization, calibration, tile, graphs):
    key = module.direction, tuple(sizes), quantization, tile
    if key not in made:
      made[key] = convert(
        module, sizes, quantization, calibration, tile, graphs
      )
    return made[key]

  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(tflite_convert, "convert", convert_once)
    yield


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
  folder = tmp_path_factory.mktemp("exported")
  return export_lib.export(run, str(folder)), folder


def _unit_images(count, size=32):
  rng = np.random.default_rng(0)
  return np.stack(
    [conftest.smooth_picture(rng, size, size) / 255.0 for _ in range(count)]
  ).astype(np.float32)


@pytest.mark.parametrize("paired", [False, True])
def test_detail_is_measured_on_large_pictures_of_both_domains(
  run, tmp_path, monkeypatch, paired
):
  rng = np.random.default_rng(0)
  for split in ("trainA", "trainB", "testA", "testB"):
    (tmp_path / "data" / split).mkdir(parents=True)
    for i in range(2):
      picture = conftest.smooth_picture(rng, 64, 64, split[-1] == "A")
      image_files.write(str(tmp_path / "data" / split / f"{i}.png"), picture)
  seen = []

  def own_detail(translator, tests, others):
    seen.append((tests, others))
    return 0.6 if len(seen) == 1 else 0.7

  monkeypatch.setattr(detail_choice, "own_detail", own_detail)
  out = tmp_path / "out"
  report = export_lib.export(
    run,
    str(out),
    options=command_config.ExportConfig(
      detail="tiles", format=("tflite",), quantization=("float32",)
    ),
    data=config_lib.DataConfig(dataset=str(tmp_path / "data"), paired=paired),
  )
  pictures = {
    domain: np.stack(
      [
        image_files.read(str(tmp_path / "data" / f"test{domain}" / f"{i}.png"))
        for i in range(2)
      ]
    )
    for domain in "AB"
  }
  for (tests, others), domains in zip(seen, ("AB", "BA")):
    for found, domain, other in (
      (tests, *domains),
      (others, *reversed(domains)),
    ):
      np.testing.assert_array_equal(found[2].images, pictures[domain])
      if paired:
        np.testing.assert_array_equal(found[2].truth, pictures[other])
      else:
        assert found[2].truth is None
      assert not len(found[4].images)
  for direction, share in (("AtoB", 0.6), ("BtoA", 0.7)):
    noted = report["detail"][direction]
    assert noted["best"] == "tiles" and noted["own_detail"] == share
    assert noted["noise"] in (0, 0.08)
    opened = image_translator.open_model(str(out), direction)
    assert opened.own_detail == share and opened.noise == noted["noise"]
    assert opened.tiles


def test_tiles_are_checked_too(run, tmp_path, monkeypatch):
  options = command_config.ExportConfig(
    detail="tiles", format=("tflite",), quantization=("float32", "float16")
  )
  report = export_lib.export(
    run, str(tmp_path / "out"), ["AtoB"], options=options
  )
  # Its test pictures are not large enough to tell how much detail to keep.
  settings = {"noise": 0.0, "own_detail": 1.0}
  assert report["detail"]["AtoB"] == {"best": "tiles", **settings}
  exact, half = report["files"].values()
  assert exact["tile"]["max_difference"] <= 1e-4 < 1e-2
  assert exact["tile"]["psnr"] > half["tile"]["psnr"] > 40

  def other(module, multiple):
    made = of_module(module, multiple)
    return dataclasses.replace(
      made, translate=lambda *given: made.translate(*given) + np.float32(0.01)
    )

  of_module = image_translator.tiles_of_module
  monkeypatch.setattr(image_translator, "tiles_of_module", other)
  with pytest.raises(errors.UserError, match="The tiles of g_AB.tflite differ"):
    export_lib.export(run, str(tmp_path / "bad"), ["AtoB"], options=options)
  assert not (tmp_path / "bad").exists()


@pytest.mark.parametrize("direction", checkpoints.DIRECTIONS)
def test_files_match_the_keras_generator(run, exported, direction):
  """On 20 images, by independent code: at most 1e-4 of full scale apart."""
  _, folder = exported
  name = config_lib.GENERATOR_NAMES[direction]
  generator, _ = checkpoints.load_generator(run, direction)
  images = _unit_images(20)
  want = np.clip(generator(images * 2 - 1).numpy() / 2 + 0.5, 0, 1)
  assert np.abs(want - images).max() > 1e-3  # it does change the images

  loaded = tf.saved_model.load(str(folder / name))
  (got,) = loaded.signatures["serving_default"](tf.constant(images)).values()
  assert np.abs(got.numpy() - want).max() <= 1e-4

  interpreter = tf.lite.Interpreter(str(folder / f"{name}.tflite"))
  interpreter.allocate_tensors()
  (inputs,), (outputs,) = (
    interpreter.get_input_details(),
    interpreter.get_output_details(),
  )
  for details in (inputs, outputs):
    assert details["shape"].tolist() == [1, 32, 32, 3]
    assert details["dtype"] == np.float32
  for image, expected in zip(images, want):
    interpreter.set_tensor(inputs["index"], image[None])
    interpreter.invoke()
    result = interpreter.get_tensor(outputs["index"])[0]
    assert np.abs(result - expected).max() <= 1e-4


def test_saved_model_takes_any_size_and_batch(exported):
  _, folder = exported
  loaded = tf.saved_model.load(str(folder / "g_AB"))
  images = tf.constant(np.zeros((3, 48, 64, 3), np.float32))
  assert loaded(images)["image_B"].shape == images.shape


def test_report_and_details(exported):
  report, folder = exported
  assert json.loads((folder / "export.json").read_text()) == report
  names = [f"{g}{e}" for g in ("g_AB", "g_BA") for e in _ENDINGS]
  assert sorted(report["files"]) == sorted(names)
  others = ["export.json", "export.md", "export_AtoB.png", "export_BtoA.png"]
  others += ["golden", "samples", *export_lib.PAGES]
  assert sorted(os.listdir(folder)) == sorted([*names, *others])
  for name, entry in report["files"].items():
    exact = name.split(".")[0] in ("g_AB", "g_BA")
    assert not exact or entry["max_difference"] <= report["tolerance"] == 1e-4
    assert entry["test_images"] == 3
    assert entry["bytes"] > 10_000
    sizes = [
      os.path.getsize(os.path.join(parent, file))
      for parent, _, below in os.walk(folder / name)
      for file in below
    ]
    if name.endswith(".tflite"):
      sizes.append((folder / name).stat().st_size)
    assert entry["bytes"] == sum(sizes)
    if name.endswith(".tflite"):
      assert entry["psnr"] > 30 and list(entry["by_size"]) == ["32"]
      assert entry["operators"]["CONV_2D"] > 5
      runtimes = " ".join(entry["partitions"])
      assert "ai-edge-litert" in runtimes and "tensorflow" in runtimes
      assert entry["relative_l1"] is None  # nobody knows the truth here
      half = entry["by_size"]["32"].get("half_precision")
      assert bool(half) == ("dynamic" not in name)
      for sums, least in (("fp32_sums", 60), ("fp16_sums", 45)):
        assert (
          not half or half[sums]["is_finite"] and half[sums]["psnr"] > least
        )
  assert "in half precision" in (folder / "export.md").read_text()
  details = json.loads(
    (folder / "g_BA" / "assets.extra" / "cyclegan.json").read_text()
  )
  assert details == {
    "direction": "BtoA",
    "size": 32,
    "size_multiple": 16,
    "reach": 60,  # pixels, of this U-Net
    "minimum_size": 32,
    "channels": 3,
    "color_space": "sRGB",
    "input_levels": None,
  }


def test_golden_outputs_are_those_of_the_files(exported):
  _, folder = exported
  cases = golden.read(str(folder / "golden"))
  assert len(cases) == 6
  for case in cases:
    name = config_lib.GENERATOR_NAMES[case.name.split("/")[0]]
    interpreter = tf.lite.Interpreter(str(folder / f"{name}.tflite"))
    run = interpreter.get_signature_runner("serving_default")
    (made,) = run(image=case.image[None]).values()
    assert np.abs(made[0] - case.expected).max() < 1e-4
    assert np.abs(case.image - case.expected).max() > 1e-3


@pytest.mark.parametrize(
  ("better", "worst", "quantization", "refused"),
  [
    (60, 50, "float16", False),
    (60, 10, "float16", False),
    (10, 10, "float32", False),
    (10, 10, "float16", True),
    (0, 0, "float16", True),
  ],
)
def test_half_precision_warns_or_is_refused(
  log, better, worst, quantization, refused
):
  found = {"fp32_sums": {"psnr": better}, "fp16_sums": {"psnr": worst}}
  arguments = "g.tflite", quantization, found, _options()
  if refused:
    with pytest.raises(errors.UserError, match="g.tflite.*in half precision"):
      export_lib._judge_half_precision(*arguments)
    return
  export_lib._judge_half_precision(*arguments)
  assert ("of 10.0 where" in log.text) == (worst == 10)


def test_tflite_has_fixed_shapes_only(exported):
  """Dynamic tensors would keep every delegate away from the graph."""
  _, folder = exported
  interpreter = tf.lite.Interpreter(str(folder / "g_AB.tflite"))
  interpreter.allocate_tensors()
  operators = {op["op_name"] for op in interpreter._get_ops_details()}
  assert not operators & {"SHAPE", "PACK", "STRIDED_SLICE"}
  assert not {op for op in operators if op.startswith("Flex")}


def _options(**changes):
  return command_config.ExportConfig(
    **{"format": ("tflite",), "quantization": ("float32",), **changes}
  )


def test_other_sizes_and_whole_numbers(run, tmp_path):
  options = _options(sizes=(48, 32), io="uint8")
  report = export_lib.export(run, str(tmp_path), ["AtoB"], options)
  assert report["size"] == 48 and report["sizes"] == [48, 32]
  interpreter = tf.lite.Interpreter(str(tmp_path / "g_AB.tflite"))
  signature = interpreter.get_signature_runner("serving_default")
  (entry,) = signature.get_input_details().values()
  assert entry["shape"].tolist() == [1, 48, 48, 3]
  assert entry["dtype"] == np.uint8
  assert list(report["files"]) == ["g_AB.tflite"]
  entry = report["files"]["g_AB.tflite"]
  assert list(entry["by_size"]) == ["48", "32"]
  content = (tmp_path / "g_AB.tflite").read_bytes()
  for name, size in (("serving_default", "48"), ("s32", "32")):
    found = entry["by_size"][size]
    graph = tflite_graph.read(content, name)
    kinds = collections.Counter(o.kind for o in graph.operators)
    assert found["operators"] == kinds
  assert entry["operators"] == entry["by_size"]["48"]["operators"]
  assert entry["by_size"]["48"]["partitions"] == 1
  assert entry["by_size"]["32"]["partitions"] is None
  # Rounding to levels is no reason to compare with anything but Keras.
  assert 0.9 * 0.5 / 255 < entry["max_difference"] <= 0.5 / 255 + 1e-4
  assert not (tmp_path / "g_BA").exists()


def test_onnx_takes_any_size(run, tmp_path):
  for package in ("onnx", "onnxruntime"):
    pytest.importorskip(package, reason=f"{package} is not installed")
  options = _options(format=("onnx",), sizes=(32, 48))
  report = export_lib.export(run, str(tmp_path), ["BtoA"], options)
  assert list(report["files"]) == ["g_BA.onnx"]
  assert report["files"]["g_BA.onnx"]["max_difference"] <= 1e-4
  assert not (tmp_path / "golden").exists()  # of .tflite files
  table = (tmp_path / "export.md").read_text()
  assert "* `g_BA.onnx`: any size, " in table
  generator, _ = checkpoints.load_generator(run, "BtoA")
  images = _unit_images(2, 64)
  want = np.clip(generator(images * 2 - 1).numpy() / 2 + 0.5, 0, 1)
  got = onnx_file.run(str(tmp_path / "g_BA.onnx"), images)
  np.testing.assert_allclose(got, want, atol=1e-4)


def test_core_ml_packages_are_written_and_not_compared(run, tmp_path):
  pytest.importorskip("coremltools", reason="coremltools is not installed")
  report = export_lib.export(
    run, str(tmp_path), ["AtoB"], _options(format=("coreml",))
  )
  (entry,) = report["files"].values()
  assert (tmp_path / "g_AB.mlpackage" / "Manifest.json").exists()
  assert entry["max_difference"] is None and "macOS" in entry["parity"]

  index = json.loads((tmp_path / "golden" / "golden.json").read_text())
  assert "g_AB.mlpackage" in json.dumps(index)
  table = (tmp_path / "export.md").read_text()
  assert "* `g_AB.mlpackage`: 32 pixels, " in table and "macOS" in table


def test_what_keras_rounds_is_told_from_what_a_file_gets_wrong(run):
  """Beyond the tolerance the same weights with exact means are compared."""
  config = config_file.load(run)
  generator, _ = checkpoints.load_generator(run, "AtoB")
  source = sources.open_source(config.data, config.model.channels)
  options = config_checks.resolve_export(_options(), config)
  direction = export_lib._load(generator, "AtoB", source, config, options)
  right = direction.expected[32]
  # As if Keras's own means were off: what is right is not refused for it,
  expected = {32: right + np.float32(1e-3)}
  direction = dataclasses.replace(direction, expected=expected)
  assert export_lib._difference_of_size(direction, right, 32, 1e-4) <= 1e-4
  # what is wrong is.
  wrong = right.copy()
  wrong[0, 0, 0, 0] += 0.01
  assert export_lib._difference_of_size(direction, wrong, 32, 1e-4) > 5e-3


def _holds(folder, needle):
  return [
    p for p in folder.rglob("*") if p.is_file() if needle in p.read_bytes()
  ]


def test_without_samples_nothing_of_the_pictures_is_handed_on(
  run, pictures, tmp_path, log
):
  options = _options(format=("saved_model", "tflite"), samples=2)
  for samples in (2, 0):
    options = dataclasses.replace(options, samples=samples)
    report = export_lib.export(run, str(tmp_path), ["AtoB"], options)
    said = log.records[-1].getMessage()
    # The golden files' are drawn.
    images = sorted(
      p.name
      for p in tmp_path.rglob("*.png")
      if tmp_path / "golden" not in p.parents
    )
    names = _holds(tmp_path, str(pictures).encode())
    warm_up = tmp_path / "g_AB" / saved_model_file.WARM_UP_PATH
    if samples:
      real = image_files.read(str(tmp_path / "samples" / "A_0.png")) / 255.0
      real = real.astype(np.float32).tobytes()
      assert real in warm_up.read_bytes()
      assert images == ["A_0.png", "A_1.png", "export_AtoB.png"]
      assert {p.name for p in names} == {"export.json", "export.md"}
      assert str(pictures) in said and "--samples=0" in said
    else:
      assert not images and not names and report["data"] is None
      table = (tmp_path / "export.md").read_text()
      assert table == export_report.table(report) and ".png" not in table
      assert str(pictures) not in said and "none of the pictures" in said
      assert real not in warm_up.read_bytes()


def test_integers_of_the_unet_run(run, tmp_path):
  """They are known to abort (tensorflow/tensorflow issue 59922)."""
  pytest.importorskip("litert_quantizer")  # for Python 3.10 and newer
  options = _options(
    quantization=("int8", "int4"), calibration_images=5, min_psnr=10
  )
  report = export_lib.export(run, str(tmp_path), ["AtoB"], options)
  assert list(report["files"]) == ["g_AB_int8.tflite", "g_AB_int4.tflite"]
  for entry in report["files"].values():
    assert len(entry["partitions"]) == 2


def test_a_file_that_cannot_be_run_is_refused(run, tmp_path, monkeypatch):
  def fail(*_, **__):
    raise tflite_probe.RuntimeFailure("ended by SIGABRT")

  monkeypatch.setattr(tflite_probe, "run_isolated", fail)
  with pytest.raises(errors.UserError, match="=float32: g_AB.tflite.*ABRT"):
    export_lib.export(run, str(tmp_path / "out"), options=_options())
  assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
  ("changes", "message"),
  [
    ({"sizes": (40,)}, "--sizes=40"),
    ({"quantization": ("int2",)}, "--quantization=int2 must be one of"),
    ({"quantization": ()}, "--quantization is empty"),
    ({"format": ("tflite", "tflite")}, "--format names something twice"),
    ({"io": "rgb"}, "--io=rgb"),
    ({"min_psnr": -1.0}, "--min_psnr=-1"),
    ({"test_images": 0}, "--test_images=0"),
  ],
)
def test_options_that_cannot_be_are_refused(run, tmp_path, changes, message):
  with pytest.raises(errors.UserError, match=message):
    export_lib.export(run, str(tmp_path / "out"), options=_options(**changes))
  assert not (tmp_path / "out").exists()


def test_output_dir_that_is_a_file_is_refused(run, tmp_path):
  (tmp_path / "file").write_text("keep me")
  with pytest.raises(errors.UserError, match="--output_dir="):
    export_lib.export(run, str(tmp_path / "file"))
  assert (tmp_path / "file").read_text() == "keep me"


@pytest.mark.parametrize(
  ("changes", "message"),
  [
    ({}, "g_AB.tflite differs"),
    (
      {"quantization": ("dynamic",), "min_psnr": 80},
      "g_AB_dynamic.tflite has a PSNR of .* --min_psnr=80",
    ),
  ],
)
def test_a_file_that_differs_is_not_written(
  run, tmp_path, monkeypatch, changes, message
):
  real = tflite_probe.run_isolated

  def off(*arguments, **options):
    made, found = real(*arguments, **options)
    return made + np.float32(2e-4), found

  monkeypatch.setattr(tflite_probe, "run_isolated", off)
  (tmp_path / "g_AB.tflite").write_text("an older export")
  with pytest.raises(errors.UserError, match=message):
    export_lib.export(run, str(tmp_path), options=_options(**changes))
  assert os.listdir(tmp_path) == ["g_AB.tflite"]
  assert (tmp_path / "g_AB.tflite").read_text() == "an older export"


@pytest.mark.parametrize("made", ["samples", "web", "android", ""])
def test_only_what_an_export_has_made_gives_way_to_the_next(tmp_path, made):
  report = {"files": {"g_AB.tflite": {}}, "picture_rows": {}}
  if made == "samples":
    report["picture_rows"]["AtoB"] = ["input"]
  (tmp_path / "export.json").write_text(json.dumps(report))
  folders = {"samples", "web", "android", "mine"}
  for name in folders:
    (tmp_path / name).mkdir()
  if made == "web":
    (tmp_path / "web" / "models.json").write_text("{}")
  if made == "android":
    (tmp_path / "android" / "app/src/main/assets").mkdir(parents=True)
    (tmp_path / "android" / android_project.MARK).touch()
  for name in ("g_AB.tflite", "g_BA.tflite", "export_AtoB.png"):
    (tmp_path / name).touch()
  kept = {*folders, "g_BA.tflite", "export_AtoB.png"} - {made}
  if made == "samples":
    kept.remove("export_AtoB.png")
  assert set(export_lib._others(str(tmp_path))) - {"export.json"} == kept


@pytest.fixture
def runs(tmp_path):
  """Folders of two runs that are never opened, and who they say they are."""
  for name in ("a", "b"):
    (tmp_path / name / "checkpoints").mkdir(parents=True)
    (tmp_path / name / "config.json").write_text("{}")
    (tmp_path / name / "run.json").write_text(json.dumps({"id": f"id {name}"}))
  return tmp_path


def _write_export(run, folder):
  folder.mkdir(parents=True, exist_ok=True)
  origin = run_metadata.origin(str(run))
  (folder / "export.json").write_text(json.dumps({"run": origin}))


def test_an_export_gives_way_to_one_of_the_same_run_only(runs):
  a, b, shared = runs / "a", runs / "b", runs / "shared"
  _write_export(b, b / "export")
  _write_export(b, shared / "b")
  for output in (b / "export", shared / "b"):
    with pytest.raises(errors.UserError, match="another run, b") as error:
      export_lib._require_own(str(a), str(output))
    message = str(error.value)
    assert message.startswith(f"--output_dir={output} ")
    assert "another folder" in message or f"Give {a}/export" in message
    export_lib._require_own(str(b), str(output))
  for output in ("a/export", "shared/a", "shared", "new"):
    export_lib._require_own(str(a), str(runs / output))
  # A run that was moved, and one that was trained anew in its place.
  b.rename(runs / "c")
  export_lib._require_own(str(runs / "c"), str(shared / "b"))
  (runs / "c" / "run.json").write_text(json.dumps({"id": "another"}))
  _write_export(runs / "c", shared / "c")
  (runs / "c" / "run.json").unlink()
  export_lib._require_own(str(runs / "c"), str(shared / "c"))
  # A run that was copied with its export has that for its own.
  export_lib._require_own(str(runs / "c"), str(runs / "c" / "export"))


@pytest.mark.parametrize(
  "report", ["{}", "{", "[1]", '{"run": 3}', '{"run": {"name": 1, "id": 2}}']
)
def test_exports_that_do_not_say_whose_they_are_give_way(runs, report):
  for folder in ("old", "b/export"):
    (runs / folder).mkdir()
    (runs / folder / "export.json").write_text(report)
  export_lib._require_own(str(runs / "a"), str(runs / "old"))
  with pytest.raises(errors.UserError, match="another run, b, and an export"):
    export_lib._require_own(str(runs / "a"), str(runs / "b" / "export"))


def test_exports_over_an_older_export(run, tmp_path, log):
  (tmp_path / "mine.txt").write_text("kept")
  for quantization in (("float32", "float16"), ("float32",)):
    assert "removed" not in log.text
    options = _options(format=("tflite", "android"), quantization=quantization)
    export_lib.export(run, str(tmp_path), ["BtoA"], options)
  assert f"in {tmp_path} had g_BA_float16.tflite, which" in log.text
  assert sorted(os.listdir(tmp_path)) == [
    "README.md",
    "android",
    "export.json",
    "export.md",
    "export_BtoA.png",
    "g_BA.tflite",
    "golden",
    "metadata.json",
    "mine.txt",
    "report.html",
    "samples",
  ]
  # What a card names is there, though the earlier export had more.
  text = (tmp_path / "README.md").read_text()
  assert "g\\_BA.tflite" in text and "float16" not in text
  assets = tmp_path / "android" / android_project.ASSETS
  assert sorted(os.listdir(assets)) == ["g_BA.tflite", "model.properties"]


def test_pages_of_somebody_elses_stay(tmp_path, log):
  assert export_lib._own_pages(str(tmp_path / "none")) == list(export_lib.PAGES)
  (tmp_path / "README.md").write_text("mine")
  pages = export_lib._own_pages(str(tmp_path))
  assert pages == ["report.html", "metadata.json"]
  assert "README.md stays as it is" in log.text
  report = {"files": {}, "pages": pages}
  (tmp_path / "export.json").write_text(json.dumps(report))
  (tmp_path / "metadata.json").write_text("of the earlier export")
  assert export_lib._own_pages(str(tmp_path)) == pages
  # What is written anew is not carried over, and what is somebody's is.
  others = export_lib._others(str(tmp_path))
  assert sorted(others) == ["README.md", "export.json"]


if __name__ == "__main__":
  conftest.main(__file__)
