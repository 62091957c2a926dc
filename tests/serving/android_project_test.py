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
"""Tests of android_project.py, and on a JVM of the app's own processing."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

import numpy as np
import pytest

from official.cyclegan.core import command_config
from official.cyclegan.serving import android_project
from official.cyclegan.serving import golden
from official.cyclegan.serving import image_translator
from tests import conftest

pytestmark = pytest.mark.one_stack
_JAVA = "java/org/example/restyle"
_SOURCES = (
  f"app/src/main/{_JAVA}/PictureProcessor.kt",
  f"app/src/main/{_JAVA}/GraphicsCheck.kt",
  f"app/src/test/{_JAVA}/GoldenCheck.kt",
)
_SIZE = 32


def _translate(image):
  """Stands for a model: colours turn, edges move, nothing stays."""
  turned = 1.0 - 0.7 * np.clip(image, 0.0, 1.0)[..., ::-1] ** 1.5
  return np.float32(0.8 * turned + 0.2 * np.roll(image, 2, axis=2))


def _project(folder, detail, channels=3, kinds=("float16", "dynamic")):
  """Writes a project around files that are none; returns its folder."""
  exported = pathlib.Path(folder, "export")
  project = exported / android_project.FOLDER
  translator = image_translator.ImageTranslator(
    _translate, _SIZE, 0, 4, channels
  )
  exported.mkdir()
  for direction, name in (("AtoB", "g_AB"), ("BtoA", "g_BA")):
    for kind in kinds:
      file = command_config.tflite_name(name, kind)
      (exported / file).write_bytes(file.encode())
    android_project.write_pictures(str(project), direction, translator, detail)
    golden.write(
      str(exported / golden.FOLDER),
      direction,
      golden.Contract("g.tflite", "serving_default", "image", "o", "float32"),
      _translate,
      _SIZE,
      channels,
    )
  android_project.write(
    str(project),
    str(exported),
    kinds,
    dict.fromkeys(("AtoB", "BtoA"), detail),
    _SIZE,
    channels,
  )
  return project


@pytest.mark.slow
def test_a_project_is_whole(tmp_path):
  project = _project(tmp_path, "guided")
  for name in (*_SOURCES, "settings.gradle.kts", "app/build.gradle.kts"):
    assert (project / name).is_file()
  options = dict(
    line.split("=")
    for line in (project / android_project.MARK).read_text().splitlines()
  )
  assert options["AtoB.cpu"] == "g_AB_dynamic.tflite"
  assert options["BtoA.gpu"] == "g_BA_float16.tflite"
  assert options["size"] == str(_SIZE) and options["AtoB.detail"] == "guided"
  assets = project / android_project.ASSETS
  for name in ("g_AB_dynamic.tflite", "g_BA_float16.tflite"):
    assert (assets / name).read_bytes() == name.encode()
  cases = golden.read(str(project / android_project.DEVICE_TEST))
  assert len(cases) == 6
  readme = (project / "README.md").read_text()
  assert "| A to B | g_AB_dynamic.tflite | g_AB_float16" in readme
  assert "$" not in readme
  # What was remembered of a phone holds for the files it was found with.
  other = tmp_path / "other"
  other.mkdir()
  again = _project(other, "guided", kinds=("dynamic",))
  text = (again / android_project.MARK).read_text()
  assert "AtoB.gpu=\n" in text and f"made={options['made']}\n" not in text


@pytest.mark.parametrize(
  ("given", "found"),
  [
    (("float32", "float16", "dynamic"), ("dynamic", "float16")),
    (("float32",), ("float32", "float32")),
    (("int8",), ("int8", "")),
    (("int4", "int8_mixed"), ("int8_mixed", "")),
  ],
)
def test_each_processor_gets_the_file_that_suits_it(given, found):
  assert android_project.kinds(given) == found


def test_large_pictures_are_kept_sharp_where_that_is_best():
  assert android_project.detail_of("tiles") == "guided"
  assert android_project.detail_of("stretch") == "stretch"
  for detail in command_config.DETAILS:
    assert android_project.detail_of(detail) in ("guided", "stretch")


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
  """The app's classes that need no Android, compiled."""
  compiler, java = shutil.which("kotlinc"), shutil.which("java")
  if not compiler or not java:
    pytest.skip("needs kotlinc and java: apt-get install kotlin")
  source = conftest.ROOT / "official" / "cyclegan" / android_project.FOLDER
  jar = tmp_path_factory.mktemp("kotlin") / "checked.jar"
  subprocess.run(
    [
      compiler,
      *[str(source / name) for name in _SOURCES],
      *("-include-runtime", "-d", str(jar)),
    ],
    check=True,
    capture_output=True,
  )

  def run(project):
    return subprocess.run(
      [
        *(java, "-cp", str(jar), "org.example.restyle.GoldenCheckKt"),
        str(project / android_project.ASSETS),
        str(project / android_project.TEST_PICTURES),
      ],
      check=False,
      capture_output=True,
      text=True,
    )

  return run


@pytest.mark.slow(seconds=15)
@pytest.mark.parametrize(
  ("detail", "channels"), [("guided", 3), ("stretch", 3), ("guided", 1)]
)
def test_the_app_translates_as_the_command(checked, tmp_path, detail, channels):
  project = _project(tmp_path, detail, channels)
  done = checked(project)
  assert done.stdout == "6 pictures agree\n", done.stderr
  # And it does not agree with whatever it is given.
  pictures = project / android_project.TEST_PICTURES / "BtoA"
  for name, mistake in (
    ("larger_translated.u8", lambda v: np.roll(v, channels)),
    ("smaller_given.u8", lambda v: np.roll(v, channels)),
  ):
    path = pictures / name
    kept = path.read_bytes()
    path.write_bytes(mistake(np.frombuffer(kept, np.uint8)).tobytes())
    done = checked(project)
    path.write_bytes(kept)
    assert done.returncode and name.split("_")[0] in done.stderr


if __name__ == "__main__":
  conftest.main(__file__)
