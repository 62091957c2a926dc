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
import PIL.Image
import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import level_range
from official.cyclegan.data import image_checks
from official.cyclegan.data import image_files
from tests import color_files
from tests import conftest


def test_text_called_jpg_is_named(tmp_path):
  picture = conftest.smooth_picture(np.random.default_rng(0), 20, 30)
  paths = []
  for i in range(8):
    paths.append(str(tmp_path / f"{i}.jpg"))
    image_files.write(paths[-1], picture)
  image_checks.check_all(paths, config_lib.DataConfig())
  (tmp_path / "3.jpg").write_text("This is no picture.")
  whole = (tmp_path / "5.jpg").read_bytes()
  (tmp_path / "5.jpg").write_bytes(whole[: len(whole) // 2])
  with pytest.raises(errors.UserError) as error:
    image_checks.check_all(paths, config_lib.DataConfig())
  message = str(error.value)
  assert "3.jpg" in message and "5.jpg" in message and "4.jpg" not in message
  assert "\n" not in message and "Replace or remove" in message


def test_every_file_is_seen_and_the_broken_ones_are_told_apart(tmp_path):
  picture = conftest.smooth_picture(np.random.default_rng(0), 20, 30)
  paths = [str(tmp_path / name) for name in ("b.jpg", "a.png", "c.png")]
  for path in paths[:2]:
    image_files.write(path, picture)
  (tmp_path / "c.png").write_text("This is no picture.")
  seen = {}
  readable, broken = image_checks.examine(
    paths,
    config_lib.DataConfig(),
    lambda path, image: seen.setdefault(path, image),
  )
  assert list(readable) == paths[:2] and list(broken) == paths[2:]
  assert readable[paths[0]].plain and not readable[paths[1]].plain
  for path in paths[:2]:
    np.testing.assert_array_equal(seen[path], image_files.read(path))
  assert seen[paths[2]] is None


def _deep(folder, levels, count=3):
  """Writes 16-bit pictures whose levels lie in a range."""
  folder.mkdir(exist_ok=True)
  paths = []
  for i in range(count):
    ramp = np.linspace(*levels, 35 * 41).round().reshape(35, 41, 1)
    paths.append(str(folder / f"{i}.png"))
    (folder / f"{i}.png").write_bytes(color_files.png(ramp.astype(np.uint16)))
  return paths


def _decide(tmp_path, config, a=(51241, 52180), b=(0, 65535)):
  files = {
    "trainA": _deep(tmp_path / "a", a),
    "trainB": _deep(tmp_path / "b", b),
  }
  files |= {"testA": files["trainA"][:1], "testB": files["trainB"][:1]}
  readable, broken = image_checks.examine(
    [*files["trainA"], *files["trainB"]], config
  )
  assert not broken
  ranges = image_checks.level_ranges(files, readable, config)
  read = image_checks.reader(files, ranges, config)
  return ranges, {split: read(files[split][0]) for split in files}


def test_a_narrow_range_is_spoken_of_and_used_if_asked(tmp_path, log):
  ranges, shown = _decide(tmp_path, config_lib.DataConfig())
  assert ranges == {"A": None, "B": None}
  assert len(np.unique(shown["trainA"])) == 4
  assert "Domain A has hardly any levels: 4 of 256" in log.text
  assert "51241" in log.text and "--range=auto" in log.text
  assert "Domain B" not in log.text
  ranges, shown = _decide(tmp_path, config_lib.DataConfig(range="auto"))
  assert abs(ranges["A"].low - 51241) < 2 and abs(ranges["A"].high - 52180) < 2
  for split in ("trainA", "testA", "trainB", "testB"):
    assert len(np.unique(shown[split])) > 250, split
  ranges, shown = _decide(tmp_path, config_lib.DataConfig(range="51000,53000"))
  assert ranges["A"] == ranges["B"] == level_range.LevelRange(51000, 53000)
  want = (np.linspace(51241, 52180, 35 * 41) - 51000) / 2000 * 255
  got = shown["trainA"][..., 0].ravel()
  assert np.abs(got - want).max() <= 0.6


def test_a_picture_of_one_level_stops_nobody(tmp_path):
  config = config_lib.DataConfig(range="auto")
  _, shown = _decide(tmp_path, config, a=(900, 900))
  assert len(np.unique(shown["trainA"])) == 1


def test_jpegs_with_another_profile_are_not_plain(tmp_path):
  picture = conftest.smooth_picture(np.random.default_rng(0), 20, 30)
  profiles = {
    "none.jpg": None,
    "srgb.jpg": image_files.srgb_profile(),
    "p3.jpg": color_files.profile(color_files.DISPLAY_P3, 2.2),
    "damaged.jpg": b"x" * 900,
  }
  paths = [str(tmp_path / name) for name in profiles]
  for path, profile in zip(paths, profiles.values()):
    PIL.Image.fromarray(picture).save(path, quality=95, icc_profile=profile)
  seen = {}
  readable, _ = image_checks.examine(
    paths,
    config_lib.DataConfig(),
    lambda path, image: seen.setdefault(path, image),
  )
  plain = {p.rpartition("/")[2] for p, info in readable.items() if info.plain}
  assert plain == {"none.jpg", "srgb.jpg", "damaged.jpg"}
  for path in paths:
    np.testing.assert_array_equal(seen[path], image_files.read(path))
  assert (seen[paths[2]] != seen[paths[0]]).any()


def test_a_jpeg_that_tensorflow_refuses_is_left_to_pillow(tmp_path):
  path = tmp_path / "a.jpg"
  image_files.write(
    str(path), conftest.smooth_picture(np.random.default_rng(0), 20, 30)
  )
  whole = image_files.read(str(path))
  path.write_bytes(path.read_bytes()[:-2])
  readable, broken = image_checks.examine([str(path)], config_lib.DataConfig())
  assert not broken and not readable[str(path)].plain
  np.testing.assert_array_equal(image_files.read(str(path)), whole)


def test_pixels_may_be_limited(tmp_path):
  path = str(tmp_path / "a.png")
  image_files.write(
    path, conftest.smooth_picture(np.random.default_rng(0), 20, 30)
  )
  _, broken = image_checks.examine(
    [path], config_lib.DataConfig(max_pixels=599)
  )
  assert "600 pixels are more than --max_pixels=599" in broken[path]


if __name__ == "__main__":
  conftest.main(__file__)
