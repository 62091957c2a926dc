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
import json
import shutil

import numpy as np
import PIL.Image
import pytest

from official.cyclegan import evaluate_lib
from official.cyclegan import export_lib
from official.cyclegan import train_lib
from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.evaluation import image_quality
from official.cyclegan.evaluation import paired_metrics
from tests import conftest

# They train, start processes or measure.
pytestmark = [
  pytest.mark.slow,
  pytest.mark.usefixtures("few_steps_are_not_traced"),
]


@pytest.fixture(scope="module")
def run(pictures, tmp_path_factory):
  """A run of one step and what export makes of it."""
  config = config_checks.resolve(
    config_lib.Config(
      data=config_lib.DataConfig(
        dataset=str(pictures), crop_size=32, paired=True
      ),
      model=conftest.TINY_MODEL,
      train=config_lib.TrainConfig(train_steps=1, precision="float32"),
    )
  )
  folder = tmp_path_factory.mktemp("run")
  train_lib.train(config, str(folder))
  options = command_config.ExportConfig(quantization=("float32",))
  export_lib.export(str(folder), str(folder / "export"), options=options)
  return folder, config


def _evaluate(model, config, output, **options):
  return evaluate_lib.evaluate(
    str(model),
    str(output),
    config,
    options=command_config.EvaluateConfig(**options),
  )


@pytest.fixture(scope="module")
def reported(run, tmp_path_factory):
  """The report on the run, and the folder that it is written to."""
  folder, config = run
  output = tmp_path_factory.mktemp("report")
  return _evaluate(folder, config, output), output


@pytest.fixture(scope="module")
def report(reported):
  return reported[0]


def _translations(model, pictures):
  """What both directions make of pictures, and what they are made for."""
  translators = evaluate_lib.open_both(str(model))
  return {
    direction: (
      np.concatenate(
        [translator.translate(picture[None]) for picture in pictures]
      ),
      (translator.size, translator.channels),
    )
    for direction, translator in translators.items()
  }


def test_every_form_of_an_export_translates_like_the_run(run, tmp_path):
  folder, config = run
  (tmp_path / "files").mkdir()  # without the SavedModels
  for name in ("g_AB.tflite", "g_BA.tflite"):
    shutil.copy(folder / "export" / name, tmp_path / "files")
  pictures = np.random.default_rng(0).random((3, 32, 32, 3), np.float32)
  want = _translations(folder, pictures)
  assert list(want) == ["AtoB", "BtoA"]
  for model in (
    folder / "export",
    folder / "export" / "g_AB",
    folder / "export" / "g_BA.tflite",
    tmp_path / "files",
  ):
    got = _translations(model, pictures)
    assert list(got) == ["AtoB", "BtoA"], model
    for direction, (images, made_for) in got.items():
      assert made_for == want[direction][1] == (32, 3)
      np.testing.assert_allclose(
        images, want[direction][0], atol=1e-3, err_msg=f"{model} {direction}"
      )
  for name in ("export", "export/g_AB"):
    assert config_file.find(str(folder / name)).data == config.data


def test_ways_to_keep_detail_are_compared_at_several_sizes(run, tmp_path):
  """Of a size that no picture has, nothing is said."""
  folder, config = run
  report = _evaluate(folder, config, tmp_path, detail_sizes=(40, 1000))
  found = report["full_size"]
  assert (
    json.loads((tmp_path / "report.json").read_text())["full_size"] == found
  )
  for direction in ("AtoB", "BtoA"):
    assert list(found[direction]) == ["40"]
    ways = found[direction]["40"]
    assert set(ways) == {"stretch", "guided", "tiles", "native"}
    # Enlarged pictures are less sharp than those translated as they are.
    assert 0 < ways["stretch"]["sharpness"] < ways["native"]["sharpness"]
    (sheet,) = tmp_path.glob(f"*{direction}*40*")
    assert PIL.Image.open(sheet).width > 5 * 40


def test_an_exported_file_has_the_figures_of_the_run(run, report, tmp_path):
  folder, config = run
  name = "export/g_BA.tflite"
  found = config_file.find(str(folder / name))
  assert found.data == config.data
  got = _evaluate(folder / name, found, tmp_path)
  assert got["directions"].keys() == report["directions"].keys()
  for direction, entry in report["directions"].items():
    for candidate, measures in entry.items():
      for measure, value in measures.items():
        np.testing.assert_allclose(
          got["directions"][direction][candidate][measure],
          value,
          rtol=2e-3,
          atol=1e-3,
          err_msg=f"{direction} {candidate} {measure}",
        )


def test_report_holds_all_that_was_asked_for(run, report):
  _, config = run
  entry = report["directions"]["AtoB"]
  assert set(entry) == {
    *("model", "nothing", "histogram", "transport", "affine"),
  }
  assert entry["nothing"]["relative_l1"] == 1
  for measure in (
    "l1",
    "psnr",
    "ssim",
    "fid_random",
    "kid_random_std",
    "fid_patches",
    "swd",
    "edge_correlation",
    "grid",
  ):
    assert np.isfinite(entry["model"][measure]), measure
    assert measure in entry["nothing"]
  assert {"cycle_l1", "identity_l1", "nearest_ratio"} <= set(entry["model"])
  protocol = report["protocol"]
  assert (protocol["images_A"], protocol["references_B"]) == (3, 5)
  assert protocol["size"] == config.data.crop_size
  both = [report["directions"][d]["model"]["swd"] for d in ("AtoB", "BtoA")]
  np.testing.assert_allclose(report["measures"]["swd"], np.mean(both))
  text = " ".join(evaluate_lib.table(report).split())
  assert "| **this model** | doing nothing | histogram matching |" in text
  assert f"{entry['model']['psnr']:.4g}" in text
  assert (
    "of the train split, which histogram matching and the transport of" in text
  )
  assert "the affine colour map is fitted to the truth" in text


def test_files_are_written(reported):
  report, folder = reported
  assert json.loads((folder / "report.json").read_text()) == report
  # The table, without the places of this machine.
  text = (folder / "report.md").read_text()
  heading, _, rest = evaluate_lib.table(report).partition("\n")
  assert text.startswith("# ") and text.splitlines()[0] != heading
  assert rest[rest.index("## AtoB") :] in text
  page = (folder / "report.html").read_text()
  for place in (report["model"], report["protocol"]["dataset"]):
    assert place[0] != "/" or (place not in text and place not in page)
  assert "doing nothing" in page and "data:image/webp" in page
  with PIL.Image.open(folder / "pictures.png") as picture:
    # Input, translated, truth and the most similar real ones, both ways; three
    # pictures each.
    assert picture.size == (3 * 34 - 2, 8 * 34 - 2)


def test_a_single_file_under_another_name_has_one_direction(run, tmp_path):
  folder, config = run
  renamed = tmp_path / "zebra.tflite"
  shutil.copy(folder / "export" / "g_BA.tflite", renamed)
  assert config_file.find(str(renamed)) is None
  got = _evaluate(renamed, config, tmp_path / "out")
  assert set(got["directions"]) == {"BtoA"}
  assert "cycle_l1" not in got["measures"]


def test_without_truth_there_are_no_errors(run, scenes, tmp_path):
  """And on as many pictures, beside those of the split, that are asked for."""
  folder, _ = run
  data = config_lib.DataConfig(dataset=str(scenes["fruits"]), crop_size=32)
  config = config_checks.resolve(config_lib.Config(data=data))
  got = _evaluate(folder, config, tmp_path, reference="test", max_images=2)
  entry = got["directions"]["AtoB"]
  assert set(entry) == {"model", "nothing", "histogram", "transport"}
  assert "relative_l1" not in entry["model"] and "psnr" not in entry["model"]
  assert "nearest_ratio" not in entry["model"]  # they are compared with
  protocol = got["protocol"]
  assert protocol["images_A"] == 2 and protocol["references_A"] == 4
  assert protocol["reference_split"] == "test"
  assert "affine" not in evaluate_lib.table(got)
  with PIL.Image.open(tmp_path / "pictures.png") as picture:
    assert picture.size == (2 * 34 - 2, 6 * 34 - 2)


def test_what_has_no_number_is_said_in_words():
  measures = {"psnr": np.inf, "relative_l1": np.inf, "l1": 0.25}
  found = evaluate_lib._finite(measures)
  assert found == {"psnr": None, "relative_l1": None, "l1": 0.25}
  assert [evaluate_lib._cell(found, name) for name in (*found, "ssim")] == [
    "exact",
    "",
    "0.25",
    "",
  ]


def test_both_sides_of_a_mask_are_measured():
  rng = np.random.default_rng(0)
  truth = rng.integers(0, 256, (3, 24, 24, 3)).astype(np.uint8)
  images = np.clip(truth + rng.normal(0, 9, truth.shape), 0, 255)
  images = images.astype(np.uint8)
  mask = np.zeros(truth.shape[:3], bool)
  mask[:, 6:18, 6:18] = True
  got = evaluate_lib.compare_with_truth(images, truth, mask)
  outside = image_quality.masked_psnr(images, truth, ~mask)
  assert got["outside_psnr"] == outside
  share = mask.mean()
  np.testing.assert_allclose(
    share * got["masked_l1"] + (1 - share) * got["outside_l1"],
    paired_metrics.l1(images, truth),
    rtol=1e-5,
  )
  tiny = evaluate_lib.compare_with_truth(images[:, :8, :8], truth[:, :8, :8])
  assert set(tiny) == {"l1", "psnr"}


def test_folder_without_a_model_is_refused(tmp_path):
  with pytest.raises(errors.UserError, match="is not a model"):
    config_file.find(str(tmp_path))
  config = config_checks.resolve(config_lib.Config())
  with pytest.raises(errors.UserError, match="is not a model"):
    _evaluate(tmp_path, config, tmp_path.parent / "out_of_nothing")
  assert not (tmp_path.parent / "out_of_nothing").exists()


if __name__ == "__main__":
  conftest.main(__file__)
