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
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.core import level_range
from official.cyclegan.data import image_files
from official.cyclegan.modeling import generators
from official.cyclegan.serving import image_translator
from official.cyclegan.serving import saved_model_file
from official.cyclegan.serving import serving_module
from tests import conftest

_DETAILS = "assets.extra/cyclegan.json"
# Both signatures, in a process that knows nothing of this package.
_ALONE = """
import sys
import numpy as np
import tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
image = np.load(sys.argv[2])
made = loaded.signatures["serving_default"](image=tf.constant(image))
np.save(sys.argv[3], made["image_B"])
files = [open(path, "rb").read() for path in sys.argv[4:]]
answer = loaded.signatures["serving_bytes"](image_bytes=tf.constant(files))
for path, encoded in zip(sys.argv[4:], answer["image_B_bytes"].numpy()):
  open(path + ".made.png", "wb").write(encoded)
assert not [name for name in sys.modules if name.startswith("official")]
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
  config = config_checks.resolve(
    config_lib.Config(
      data=config_lib.DataConfig(crop_size=32), model=conftest.TINY_MODEL
    )
  )
  tf.keras.utils.set_random_seed(0)  # whatever ran before
  generator = generators.build_generator(config.model)
  path = str(tmp_path_factory.mktemp("model") / "g_AB")
  example = np.random.default_rng(1).random((1, 32, 32, 3), np.float32)
  module = serving_module.ServingModule(generator, "AtoB")
  saved_model_file.write(module, path, config, example)
  return path, module, example


@pytest.mark.slow
def test_answers_without_this_package(model, tmp_path):
  path, module, _ = model
  rng = np.random.default_rng(0)
  image = rng.random((2, 24, 40, 3), np.float32)
  np.save(tmp_path / "in.npy", image)
  files = [str(tmp_path / name) for name in ("a.png", "b.jpg", "c.png")]
  for name, size in zip(files, ((32, 32), (50, 71), (9, 20))):
    image_files.write(name, conftest.smooth_picture(rng, *size))
  subprocess.run(
    [
      sys.executable,
      "-c",
      _ALONE,
      path,
      str(tmp_path / "in.npy"),
      str(tmp_path / "out.npy"),
      *files,
    ],
    cwd=tmp_path,
    check=True,
    env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
  )
  want = module(image)["image_B"].numpy()
  np.testing.assert_allclose(np.load(tmp_path / "out.npy"), want, atol=1e-5)
  opened = image_translator.open_model(path, "AtoB")
  for name in files:
    made = image_files.read(f"{name}.made.png").astype(int)
    picture = image_files.read(name)
    assert made.shape == picture.shape
    want = image_translator.translate_image(opened, picture)
    # TensorFlow decodes JPEG by another algorithm than Pillow.
    tolerance = 2 if name.endswith("png") else 12
    assert np.abs(made - want).max() <= tolerance
    assert np.abs(made - want).mean() < tolerance / 4


def test_details_say_what_pictures_are_taken(model, tmp_path):
  _, module, example = model
  config = config_checks.resolve(
    config_lib.Config(
      data=config_lib.DataConfig(crop_size=32), model=conftest.TINY_MODEL
    )
  )
  path = str(tmp_path / "g_AB")
  levels = level_range.LevelRange(100, 5000)
  saved_model_file.write(module, path, config, example, levels)
  details = json.loads((tmp_path / "g_AB" / _DETAILS).read_text())
  assert details["input_levels"] == [100, 5000]
  assert details["color_space"] == "sRGB"
  assert image_translator.open_model(path, "AtoB").levels == levels
  assert image_translator.open_model(model[0], "AtoB").levels is None


@pytest.mark.parametrize(
  "change",
  [
    {"direction": "AtoC"},
    {"direction": ["AtoB"]},
    {"size": "32"},
    {"size": 10**30},
    {"size_multiple": 0},
    {"minimum_size": True},
    {"channels": 4},
    {"channels": None},
  ],
)
def test_details_of_another_shape_are_refused(change, tmp_path):
  path = tmp_path / saved_model_file.DETAILS_PATH
  path.parent.mkdir()
  whole = {
    "direction": "AtoB",
    "size": 32,
    "size_multiple": 4,
    "minimum_size": 8,
  }
  path.write_text(json.dumps(whole))
  details = saved_model_file.read_details(str(tmp_path))
  assert (details.channels, details.levels) == (3, None)
  path.write_text(json.dumps({**whole, **change}))
  with pytest.raises(errors.UserError, match="cyclegan.json is damaged"):
    saved_model_file.read_details(str(tmp_path))


@pytest.mark.parametrize(
  ("name", "damage"),
  [
    ("saved_model.pb", lambda data: data[: len(data) // 2]),
    ("saved_model.pb", lambda data: b""),
    ("variables/variables.index", lambda data: data[:40]),
    ("variables/variables.data-00000-of-00001", lambda data: data[:99]),
  ],
)
def test_a_damaged_saved_model_is_one_error_that_names_it(
  name, damage, model, tmp_path
):
  path = conftest.copy(model[0], tmp_path / "g_AB")
  (path / name).write_bytes(damage((path / name).read_bytes()))
  with pytest.raises(errors.UserError, match=f"--model={path} is "):
    image_translator.open_model(str(path), "AtoB")


def test_a_saved_model_that_gives_something_else_is_refused(model):
  translate = saved_model_file.load(model[0])
  with pytest.raises(errors.UserError, match="--model=.* is damaged"):
    translate(np.zeros((1, 32, 32, 5), np.float32))


def test_warm_up_requests_are_answered(model):
  path, _, example = model
  loaded = tf.saved_model.load(path)
  records = tf.data.TFRecordDataset(
    os.path.join(path, saved_model_file.WARM_UP_PATH)
  )
  asked = {}
  for record in records.as_numpy_iterator():
    log = prediction_log_pb2.PredictionLog.FromString(record)
    request = log.predict_log.request
    assert request.model_spec.name == "g_AB"
    inputs = {
      name: tf.constant(tf.make_ndarray(value))
      for name, value in request.inputs.items()
    }
    name = request.model_spec.signature_name
    asked[name] = loaded.signatures[name](**inputs)
  assert sorted(asked) == ["serving_bytes", "serving_default"]
  assert asked["serving_default"]["image_B"].shape == example.shape
  (encoded,) = asked["serving_bytes"]["image_B_bytes"].numpy()
  assert tf.io.decode_png(encoded).shape == example.shape[1:]


if __name__ == "__main__":
  conftest.main(__file__)
