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
import ast
import hashlib
import json
import pathlib
import re

import pytest
import yaml

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.reporting import model_card
from tests import conftest

_EVALUATION = {
  "protocol": {
    "dataset": "/home/somebody/secret",
    "inception": "/home/somebody/weights",
    "images_A": 7,
    "images_B": 8,
    "size": 64,
    "references_A": 9,
    "references_B": 10,
    "reference_split": "train",
    "precision": "float32",
  },
  "directions": {
    "AtoB": {
      "model": {"swd": 0.25, "psnr": None, "edge_correlation": 0.5},
      "nothing": {"swd": 1.0, "edge_correlation": 1.0},
      "histogram": {"swd": 0.5, "edge_correlation": 0.75},
      "affine": {"swd": 0.125},
    }
  },
}


def _report(io="float01", trained_on="fruits"):
  found = {"psnr": 40.0, "milliseconds": {"1": 2.0, "2": 1.0}}
  entry = {
    "direction": "AtoB",
    "quantization": "float32",
    "bytes": 4,
    "psnr": 40.0,
    "ssim": None,
    "relative_l1": None,
    "by_size": {"64": found, "96": found},
  }
  return {
    "size": 64,
    "sizes": [64, 96],
    "io": io,
    "trained_on": trained_on,
    "test_images": 3,
    "keras_relative_l1": {"AtoB": None},
    "picture_rows": {"AtoB": ["input", "Keras", "float32"]},
    "files": {"g_AB": {"bytes": 9}, "g_AB.tflite": entry},
  }


@pytest.fixture
def export(tmp_path):
  """A folder with what an export's card looks at."""
  folder = tmp_path / "export"
  (folder / "g_AB").mkdir(parents=True)
  (folder / "g_AB.tflite").write_bytes(b"tfl3")
  (folder / "export_AtoB.png").write_bytes(b"")
  return folder


def _write(
  folder, report=None, licence="mit", channels=3, networks=None, **options
):
  model = config_lib.ModelConfig(channels=channels, **networks or {})
  config = config_lib.Config(model=model)
  model_card.write(
    str(folder),
    report or _report(),
    config_checks.resolve(config),
    str(folder.parent / "run"),
    licence,
    **options,
  )
  text = (folder / "README.md").read_text()
  _, head, body = text.split("---\n", 2)
  return yaml.safe_load(head), body


def _evaluate(folder):
  run = folder.parent / "run" / "evaluation"
  run.mkdir(parents=True)
  (run / "report.json").write_text(json.dumps(_EVALUATION))


def _blocks(body, language):
  return re.findall(rf"```{language}\n(.*?)```", body, re.DOTALL)


def test_the_hubs_own_reader_takes_the_card_and_its_measures(export):
  """What of its checks needs no network: YAML, model-index, licence."""
  hub = pytest.importorskip("huggingface_hub", reason="no huggingface_hub")
  _evaluate(export)
  _write(export, licence="CC-BY-4.0")
  card = hub.ModelCard.load(export / "README.md")
  assert card.data.license == "cc-by-4.0"
  assert card.data.pipeline_tag == "image-to-image"
  assert {"tflite", "cyclegan"} <= set(card.data.tags)
  results = {
    (r.task_type, r.dataset_name, r.metric_type, r.metric_name): r.metric_value
    for r in card.data.eval_results
  }
  task, name = "image-to-image", "fruits"
  words = "sliced Wasserstein distance of patches"
  assert results[task, name, "swd", words] == 0.25
  assert card.data.model_name == "CycleGAN fruits"
  # What it reads can be written and read again.
  again = hub.ModelCard(f"---\n{card.data.to_yaml()}\n---\n{card.text}")
  assert again.data.eval_results == card.data.eval_results


def test_values_are_finite_numbers(export):
  _evaluate(export)
  head, _ = _write(export)
  (index,) = head["model-index"]
  values = [m["value"] for r in index["results"] for m in r["metrics"]]
  assert values and all(isinstance(value, float) for value in values)
  # How well a file was converted is not how good the model is.
  types = {m["type"]: m["name"] for r in index["results"] for m in r["metrics"]}
  assert "Keras" in types["psnr_to_keras"] and "psnr" not in types


@pytest.mark.parametrize(
  ("licence", "known"),
  [("mit", "mit"), (" Apache-2.0 ", "apache-2.0"), ("Ask me: [x](y)", "other")],
)
def test_a_licence_is_one_that_the_hub_knows_or_another(export, licence, known):
  head, body = _write(export, licence=licence)
  assert head["license"] == known
  assert ("license_name" in head) == (known == "other")
  if known == "other":
    assert re.fullmatch("[a-z0-9-.]+", head["license_name"])
    assert "Ask me: \\[x\\](y)" in body


def test_measures_stand_beside_doing_nothing_with_their_protocol(export):
  assert "Not measured beyond" in _write(export)[1]
  _evaluate(export)
  _, body = _write(export)
  table = conftest.unpadded(body)
  words = "sliced Wasserstein distance of patches"
  assert f"| {words} | 0.25 | 1 | 0.5 |" in table
  assert "7 and 8 test pictures at 64 pixels" in body
  assert "PSNR to the truth" not in table  # which is not known


def test_nothing_tells_where_the_pictures_lie(export):
  _evaluate(export)
  _write(export)
  for name in ("README.md", "metadata.json"):
    text = (export / name).read_text()
    assert "somebody" not in text and str(export.parent) not in text, name


@pytest.mark.parametrize("io", ["float01", "uint8"])
@pytest.mark.parametrize("channels", [1, 3])
def test_says_how_to_use_the_files_in_four_languages(export, io, channels):
  _, body = _write(export, _report(io), channels=channels)
  assert "`[1, 64, 64, " in body and "`s96` (96)" in body
  assert {*re.findall("```([a-z]+)", body)} == {
    *("python", "kotlin", "swift", "javascript", "bibtex")
  }
  size = 64 * 64 * channels * (1 if io == "uint8" else 4)
  (kotlin,) = _blocks(body, "kotlin")
  assert kotlin.count(f"allocateDirect({size})") == 2
  for program in _blocks(body, "python"):
    ast.parse(program)
  for language in ("kotlin", "swift", "javascript"):
    (program,) = _blocks(body, language)
    assert "g_AB.tflite" in program
    assert program.count("(") == program.count(")"), language


@pytest.mark.parametrize(
  ("networks", "multiple"),
  [
    ({}, 4),
    ({"generator_type": "unet"}, 16),
    ({"generator_type": "mobile", "block_scale": 8}, 8),
  ],
)
def test_says_which_sizes_the_saved_model_takes(export, networks, multiple):
  _, body = _write(export, networks=networks)
  assert f"height and width that are multiples of {multiple}," in body


def test_names_cannot_become_markdown_or_yaml(export):
  hostile = "a|b](http://x)\n---\n# <img src=x>: !!python/object"
  head, body = _write(
    export, _report(trained_on=hostile), author=hostile, description=hostile
  )
  assert (
    head["model-index"][0]["name"] == f"CycleGAN {' '.join(hostile.split())}"
  )
  assert "<img" not in body.replace("\\<img", "")
  assert "\n# \\<" not in body and "](http" not in body.replace("\\](http", "")


def test_metadata_names_every_file_with_its_checksum(export):
  _write(export, author="me")
  values = json.loads((export / "metadata.json").read_text())
  digest = hashlib.sha256(b"tfl3").hexdigest()
  assert values["files"]["g_AB.tflite"]["sha256"] == digest
  assert values["files"]["g_AB"]["kind"] == "saved_model"
  assert values["tflite"]["signatures"] == {"serving_default": 64, "s96": 96}
  assert values["tflite"]["outputs"] == {"AtoB": "image_B"}
  assert (values["author"], values["evaluation"]) == ("me", None)


def test_only_what_is_asked_for_is_written(export):
  (export / "README.md").write_text("mine")
  config = config_checks.resolve(config_lib.Config())
  model_card.write(
    str(export), _report(), config, "run", "mit", names=["metadata.json"]
  )
  assert (export / "README.md").read_text() == "mine"
  assert (export / "metadata.json").exists()


def test_the_python_of_a_real_card_translates(models, tmp_path, monkeypatch):
  interpreter = pytest.importorskip("ai_edge_litert.interpreter")
  assert interpreter
  export = pathlib.Path(models["export"])
  body = (export / "README.md").read_text()
  program = next(p for p in _blocks(body, "python") if "Interpreter" in p)
  picture = next(pathlib.Path(models["pictures"], "testA").iterdir())
  program = program.replace('"in.jpg"', repr(str(picture)))
  program = program.replace('"g_AB.tflite"', repr(str(export / "g_AB.tflite")))
  program = program.replace('"out.png"', repr(str(tmp_path / "out.png")))
  exec(compile(program, "README.md", "exec"), {})
  import PIL.Image

  with PIL.Image.open(tmp_path / "out.png") as made:
    assert made.size == (32, 32)


def test_a_real_card_links_pictures_that_are_there(models):
  export = pathlib.Path(models["export"])
  body = (export / "README.md").read_text()
  names = re.findall(r"!\[[^]]*\]\(([^)]+)\)", body)
  assert len(names) == 2
  for name in names:
    assert (export / name).is_file()


if __name__ == "__main__":
  conftest.main(__file__)
