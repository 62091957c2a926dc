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
"""The whole road through the real entry points, for every kind of run."""

import json
import os
import subprocess

import numpy as np
import PIL.Image
import pytest

from official.cyclegan import evaluate
from official.cyclegan import export
from official.cyclegan import prepare
from official.cyclegan import train
from official.cyclegan import translate
from official.cyclegan.core import errors
from official.cyclegan.data import image_files
from tests import conftest
from tests import odd_files

# They train, start processes or measure.
pytestmark = [
  pytest.mark.slow(seconds=7),  # of one test
  pytest.mark.usefixtures("few_steps_are_not_traced"),
]

_BINARIES = {
  "prepare": prepare,
  "train": train,
  "evaluate": evaluate,
  "export": export,
  "translate": translate,
}
# Run as a user would, in a process of its own; the others run their `main` in
# this process, which spares them TensorFlow's start.
_AS_PROCESSES = {("resnet", 1)}


def _run(as_process, name, **options):
  arguments = [f"--{key}={value}" for key, value in options.items()]
  if as_process:
    result = conftest.run_binary(name, *arguments, eagerly=name == "train")
    assert result.returncode == 0, result.stderr
    return
  conftest.run_command(_BINARIES[name], *arguments)


@pytest.fixture(
  scope="module",
  params=[("resnet", 1), ("unet", 4)],
  ids=lambda p: f"{p[0]}-batch{p[1]}",
)
def road(request, pictures, tmp_path_factory):
  """A run trained and exported; says where, and how to go on."""
  generator_type, batch_size = request.param
  as_process = request.param in _AS_PROCESSES
  folder = tmp_path_factory.mktemp("road")
  _run(
    as_process,
    "train",
    model_dir=folder / "run",
    dataset=pictures,
    crop_size=32,
    load_size=36,
    generator_type=generator_type,
    batch_size=batch_size,
    gen_n_filters=4,
    disc_n_filters=4,
    disc_n_layers=1,
    n_res_blocks=1,
    train_steps=2,
    buffer_max_length=2,
  )
  _run(
    as_process,
    "export",
    model_dir=folder / "run",
    output_dir=folder / "export",
  )
  return folder, as_process


@pytest.mark.parametrize("direction", ["AtoB", "BtoA"])
def test_train_export_translate(road, pictures, direction):
  folder, as_process = road
  name = {"AtoB": "g_AB", "BtoA": "g_BA"}[direction]
  source = pictures / f"test{direction[0]}"
  results = {}
  for kind, model in (
    ("tflite", folder / "export" / f"{name}.tflite"),
    ("saved_model", folder / "export" / name),
    ("run", folder / "run"),
  ):
    output = folder / f"{direction}_{kind}"
    _run(
      as_process and kind == "tflite",
      "translate",
      model=model,
      input=source,
      output=output,
      direction=direction,
      detail="stretch",  # what is best for it is known of an export only
    )
    names = sorted(os.listdir(output))
    assert names == sorted(os.listdir(source))
    results[kind] = [image_files.read(str(output / n)) for n in names]
    for result, n in zip(results[kind], names):
      assert result.shape == image_files.read(str(source / n)).shape
  for kind in ("saved_model", "run"):
    for one, other in zip(results["tflite"], results[kind]):
      assert np.abs(one.astype(int) - other).max() <= 2  # 1, and JPEG's own


def test_report_of_the_export(road):
  folder, _ = road
  report = json.loads((folder / "export" / "export.json").read_text())
  assert set(report["files"]) == {
    f"{generator}{ending}"
    for generator in ("g_AB", "g_BA")
    for ending in ("", ".tflite", "_float16.tflite", "_dynamic.tflite")
  }
  for generator in ("g_AB", "g_BA"):
    for ending in ("", ".tflite"):
      entry = report["files"][f"{generator}{ending}"]
      assert entry["max_difference"] <= 1e-4


def _two_folders(tmp_path, monkeypatch):
  folder = tmp_path / "set"
  for name in ("A", "B"):
    (folder / name).mkdir(parents=True)
    odd_files.write_good(folder / name)
  odd_files.write_bad(folder / "A")
  return {
    "domain_a": folder / "A",
    "domain_b": folder / "B",
    "on_bad_image": "skip",
  }


def _prepared(tmp_path, monkeypatch):
  output = tmp_path / "prepared"
  _run(False, "prepare", **_two_folders(tmp_path, None), output_dir=output)
  return {"dataset": output}


def _tfds_name(tmp_path, monkeypatch):
  conftest.tiny_cycle()
  return {"dataset": "tiny_cycle", "data_dir": tmp_path / "tfds"}


def _built_in(tmp_path, monkeypatch):
  conftest.draw_few(monkeypatch, 3)
  return {"dataset": "photo2painting_scenes", "data_dir": tmp_path / "tfds"}


@pytest.mark.parametrize(
  ("make", "channels"),
  [
    (_two_folders, 3),
    (_prepared, 1),
    (_tfds_name, 3),
    (_built_in, 1),
  ],
)
def test_every_kind_of_source_goes_the_whole_road(
  make, channels, tmp_path, monkeypatch
):
  source = make(tmp_path, monkeypatch)
  run, export_dir = tmp_path / "run", tmp_path / "export"
  _run(
    False,
    "train",
    **source,
    model_dir=run,
    channels=channels,
    crop_size=32,
    gen_n_filters=4,
    disc_n_filters=4,
    disc_n_layers=1,
    n_res_blocks=1,
    train_steps=1,
    buffer_max_length=2,
  )
  _run(False, "evaluate", model_dir=run)
  report = json.loads((run / "evaluation" / "report.json").read_text())
  images = report["protocol"]["images_A"]
  assert images > 0 and report["measures"]["cycle_l1"] > 0
  assert ("relative_l1" in report["measures"]) == (make is _built_in)
  if make is _tfds_name or make is _built_in:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    monkeypatch.setattr(
      "tensorflow_datasets.core.constants.DATA_DIR", str(tmp_path / "tfds")
    )
  models = [run]
  if make is _two_folders or make is _prepared:  # of each number of channels
    _run(
      False,
      "export",
      model_dir=run,
      output_dir=export_dir,
      quantization="float32",
    )
    models.append(export_dir / "g_AB.tflite")
  if make is _two_folders:  # with pictures that a TensorFlow model refuses too
    models.append(export_dir / "g_AB")
  given = source.get("domain_a", source.get("dataset"))
  results = set()
  for model in models:
    output = tmp_path / f"translated_{model.name}"
    try:
      _run(False, "translate", model=model, input=given, output=output)
    except errors.UserError as error:
      assert make is _two_folders and "loop.jpg" in str(error)
    results.add(tuple(sorted(os.listdir(output))))
  (names,) = results
  assert len(names) >= images
  with PIL.Image.open(output / names[0]) as picture:
    assert picture.mode == ("RGB" if channels == 3 else "L")


def test_translates_without_tensorflow(road, tmp_path):
  """In an environment that has none: the same pixels as TensorFlow's."""
  python = os.environ.get("LITERT_PYTHON")
  if not python:
    pytest.skip("LITERT_PYTHON names no Python with ai-edge-litert.")
  missing = subprocess.run([python, "-c", "import tensorflow"], check=False)
  assert missing.returncode, "TensorFlow is there: this would prove nothing."
  folder, _ = road
  (tmp_path / "in").mkdir()
  rng = np.random.default_rng(0)
  for i in range(50):
    image = conftest.smooth_picture(rng, *rng.integers(5, 90, 2))
    image_files.write(str(tmp_path / "in" / f"{i}.png"), image)
  options = {"input": tmp_path / "in", "direction": "BtoA"}
  subprocess.run(
    [
      *(python, "-m", "official.cyclegan.translate"),
      f"--model={folder / 'export' / 'g_BA.tflite'}",
      f"--output={tmp_path / 'alone'}",
      *[f"--{key}={value}" for key, value in options.items()],
    ],
    cwd=conftest.ROOT,
    check=True,
  )
  model = folder / "export" / "g_BA"
  _run(False, "translate", model=model, output=tmp_path / "all", **options)
  for i in range(50):
    alone, together = (
      image_files.read(str(tmp_path / name / f"{i}.png")).astype(int)
      for name in ("alone", "all")
    )
    assert np.abs(alone - together).max() <= 1


if __name__ == "__main__":
  conftest.main(__file__)
