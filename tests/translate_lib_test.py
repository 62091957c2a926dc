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
import os
import pathlib
import shutil

import numpy as np
import PIL.Image
import pytest

from official.cyclegan import translate_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import level_range
from official.cyclegan.core import messages
from official.cyclegan.data import image_files
from official.cyclegan.data import image_output
from official.cyclegan.serving import image_translator
from official.cyclegan.serving import tflite_edit
from tests import color_files
from tests import conftest


def test_files_folder_glob_and_single(models, pictures, tmp_path):
  out = str(tmp_path / "out")
  folder = str(pictures / "testA")
  written = translate_lib.translate_files(models["tflite"], folder, out, "AtoB")
  assert sorted(os.listdir(out)) == ["00.jpg", "01.png", "02.jpg"]
  for path in written:
    source = image_files.read(os.path.join(folder, os.path.basename(path)))
    assert image_files.read(path).shape == source.shape

  written = translate_lib.translate_files(
    models["run"], os.path.join(folder, "*.png"), str(tmp_path / "g"), "AtoB"
  )
  assert [os.path.basename(p) for p in written] == ["01.png"]

  one = str(tmp_path / "deep" / "one.png")
  translate_lib.translate_files(
    models["saved_model"], os.path.join(folder, "00.jpg"), one, "AtoB"
  )
  assert image_files.read(one).shape[-1] == 3


def test_broken_picture_is_named_and_the_rest_translated(
  models, pictures, tmp_path
):
  shutil.copytree(pictures / "testA", tmp_path / "in")
  (tmp_path / "in" / "00a.jpg").write_text("no picture")
  with pytest.raises(errors.UserError) as error:
    translate_lib.translate_files(
      models["run"], str(tmp_path / "in"), str(tmp_path / "out"), "AtoB"
    )
  assert "00a.jpg" in str(error.value) and "3 of 4" in str(error.value)
  assert len(os.listdir(tmp_path / "out")) == 3


@pytest.mark.parametrize("kind", ["pipe", "device", "folder's file"])
def test_nothing_is_written_to_a_pipe_or_device(pictures, tmp_path, kind):
  given = made = tmp_path / "out.png"
  if kind == "device":
    given = made = pathlib.Path("/dev/full")
  elif kind == "pipe":
    os.mkfifo(made)
  else:
    given, made = tmp_path, tmp_path / "01.png"
    os.mkfifo(made)
  with pytest.raises(errors.UserError, match=f"--output: {made} is a pipe"):
    translate_lib.translate_files(
      "no such model", str(pictures / "testA" / "01.png"), str(given), "AtoB"
    )
  assert not made.is_file() and os.path.exists(made)


def test_inputs_are_never_overwritten(models, pictures, tmp_path):
  shutil.copytree(pictures / "testA", tmp_path / "in")
  with pytest.raises(errors.UserError, match="would overwrite .*which is read"):
    translate_lib.translate_files(
      models["run"], str(tmp_path / "in"), str(tmp_path / "in"), "AtoB"
    )
  one = str(tmp_path / "in" / "01.png")
  with pytest.raises(errors.UserError, match="--output=.* would overwrite"):
    translate_lib.translate_files(models["tflite"], one, one, "AtoB")


@pytest.fixture
def halved(monkeypatch):
  """A generator that halves, without a model: whatever `--model` says."""
  halving = image_translator.ImageTranslator(lambda x: x / 2, 16, 4, 4)
  monkeypatch.setattr(image_translator, "open_model", lambda *_, **__: halving)


def _translate(inputs, output, **options):
  return translate_lib.translate_files(
    "model", str(inputs), output, "AtoB", "native", **options
  )


def _write(folder, *names, mode="RGB"):
  for i, name in enumerate(names):
    path = os.path.join(os.fsencode(folder), os.fsencode(name))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    PIL.Image.new(mode, (12, 8), 40 * i + 40).save(os.fsdecode(path))


def _names(folder):
  return sorted(
    os.path.relpath(os.path.join(where, name), folder)
    for where, _, names in os.walk(folder)
    for name in names
  )


def test_sub_folders_keep_their_places_and_the_rest_is_counted(
  halved, tmp_path, log
):
  _write(tmp_path / "in", "a.png", "x/a.png", "x/y/b.jpg", "x/._b.png")
  _write(tmp_path / "in", "x/a.bmp", ".cache/c.png", "__MACOSX/x/a.png")
  (tmp_path / "in" / "x" / "._a.png").write_bytes(b"resource fork")
  for name in ("notes.txt", "clip.MOV", "x/other.mov", "README"):
    (tmp_path / "in" / name).write_text("")
  written = _translate(tmp_path / "in", str(tmp_path / "out"))
  assert _names(tmp_path / "out") == [
    "a.png",
    "x/a.bmp.png",
    "x/a.png",
    "x/y/b.jpg",
  ]
  assert len(written) == 4
  assert (
    "8 files left out: 4 hidden, 2 .mov, 1 .txt, 1 without an ending"
    in log.text
  )
  with PIL.Image.open(tmp_path / "out" / "x" / "a.png") as picture:
    assert picture.getpixel((0, 0)) == (40, 0, 0)


@pytest.mark.parametrize(
  ("pattern", "want"),
  [
    ("in/*.png", ["a.png", "b[1].png"]),
    ("in/**/*.png", ["a.png", "b[1].png", "x/c.png", "x/y [2]/d.png"]),
    ("in/*/*.png", ["x/c.png"]),
    ("in/x/y [2]/*.png", ["d.png"]),
    ("in/x/y [2]", ["d.png"]),
    ("in/b[1].png", ["b[1].png"]),
    ("in/b[1]*", ["b[1].png"]),
    ("in/[ab]*.png", ["a.png", "b[1].png"]),
    ("in/x*", ["x/c.png", "x/y [2]/d.png"]),
    ("./in/../in/a*", ["a.png"]),
    ("in//a*", ["a.png"]),
    ("in//x//y [2]", ["d.png"]),
    (".//in/x/", ["c.png", "y [2]/d.png"]),
  ],
)
def test_patterns_and_brackets(halved, tmp_path, monkeypatch, pattern, want):
  _write(tmp_path, "in/a.png", "in/b[1].png", "in/x/c.png", "in/x/y [2]/d.png")
  _write(tmp_path, "in/.hidden.png", "in/x/._c.png")
  (tmp_path / "in" / "x" / "loop").symlink_to(tmp_path / "in" / "x")
  monkeypatch.chdir(tmp_path)
  for output, inputs in (("1", pattern), ("2", str(tmp_path / pattern))):
    _translate(inputs, output)
    assert _names(output) == want


def test_names_that_are_not_utf_8(halved, tmp_path, log):
  _write(tmp_path, b"in/\xe9t\xe9/\xff.png", b"in/a.png")
  (tmp_path / "in" / os.fsdecode(b"\xfe.jpg")).write_text("no picture")
  (tmp_path / "in" / os.fsdecode(b"x.\xfe")).write_text("no picture")
  with pytest.raises(errors.UserError) as error:
    _translate(tmp_path / "in", str(tmp_path / "out"))
  text = messages.printable(str(error.value))
  assert "2 of 3 pictures were" in text and "\\xfe.jpg" in text
  names = [os.fsencode(name) for name in _names(tmp_path / "out")]
  assert names == [b"a.png", b"\xe9t\xe9/\xff.png"]


@pytest.mark.parametrize(
  ("wanted", "want"),
  [
    ("same", ["a.jpeg", "b.TIF", "c.gif.png", "c.png", "d.webp"]),
    ("png", ["a.png", "b.png", "c.gif.png", "c.png", "d.png"]),
    ("jpg", ["a.jpeg", "b.jpg", "c.gif.jpg", "c.png.jpg", "d.jpg"]),
    ("webp", ["a.webp", "b.webp", "c.gif.webp", "c.png.webp", "d.webp"]),
    ("tiff", ["a.tiff", "b.TIF", "c.gif.tiff", "c.png.tiff", "d.tiff"]),
  ],
)
def test_formats_of_a_folder(halved, tmp_path, wanted, want):
  _write(tmp_path / "in", "a.jpeg", "b.TIF", "c.gif", "c.png", "d.webp")
  output = translate_lib.Output(str(tmp_path / "out"), wanted)
  _translate(tmp_path / "in", output)
  assert _names(tmp_path / "out") == want
  for name in want:
    with PIL.Image.open(tmp_path / "out" / name) as picture:
      assert picture.format == image_output.format_of(name)


def test_a_single_files_ending_names_its_format(halved, tmp_path):
  _write(tmp_path, "in.png", "other/in.png")
  for name in ("x.webp", "x.tif", "x.avif", "x.JPG"):
    assert _translate(tmp_path / "in.png", str(tmp_path / name)) == [
      str(tmp_path / name)
    ]
    assert (tmp_path / name).is_file()
  for name in ("x.gif", "x.heic", "x.bmp", "x.jxl", "x.svg", "x.png "):
    with pytest.raises(errors.UserError, match="cannot write .*webp"):
      _translate(tmp_path / "in.png", str(tmp_path / name))
  for name in ("a.v2", "b.1", "domain.A"):  # folders, as people call them
    _translate(tmp_path / "in.png", str(tmp_path / name))
    assert _names(tmp_path / name) == ["in.png"]
  with pytest.raises(errors.UserError, match="is an address"):
    _translate(tmp_path / "in.png", f"file://{tmp_path}/x.png")
  (tmp_path / "folder.webp").mkdir()
  _translate(tmp_path / "in.png", str(tmp_path / "folder.webp"))
  assert _names(tmp_path / "folder.webp") == ["in.png"]
  with pytest.raises(errors.UserError, match="not a single one"):
    _translate(tmp_path / "other", str(tmp_path / "y.png"))
  with pytest.raises(errors.UserError, match="--format=png contradicts"):
    output = translate_lib.Output(str(tmp_path / "y.jpg"), "png")
    _translate(tmp_path / "in.png", output)
  with pytest.raises(errors.UserError, match="--keep=alpha: JPEG"):
    output = translate_lib.Output(str(tmp_path / "o"), "jpg", keep=("alpha",))
    _translate(tmp_path / "other", output)
  assert not (tmp_path / "o").exists() and not (tmp_path / "y.jpg").exists()


def test_what_is_kept_comes_from_each_input(halved, tmp_path):
  _write(tmp_path / "in", "opaque.png")
  _write(tmp_path / "in", "clear.png", mode="RGBA")
  output = translate_lib.Output(str(tmp_path / "out"), keep=("alpha",))
  _translate(tmp_path / "in", output)
  modes = {}
  for name in ("opaque.png", "clear.png"):
    with PIL.Image.open(tmp_path / "out" / name) as picture:
      modes[name] = picture.mode
  assert modes == {"opaque.png": "RGB", "clear.png": "RGBA"}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_give_no_numbers_give_no_pictures(
  tmp_path, monkeypatch, value
):
  """Not black ones: the first one ends it."""
  broken = image_translator.ImageTranslator(
    lambda image: np.where(image > 0.1, image, np.float32(value)), 16, 4, 4
  )
  monkeypatch.setattr(image_translator, "_open", lambda *_: broken)
  _write(tmp_path / "in", "a.png", "b.png", "c.png")
  for inputs in (tmp_path / "in", tmp_path / "in" / "a.png"):
    with pytest.raises(errors.UserError, match="--model=.* gives NaN or inf"):
      _translate(inputs, str(tmp_path / "out"))
  assert not os.listdir(tmp_path / "out")


def test_what_is_done_before_the_first_picture_does_not_grow_with_them(
  halved, tmp_path, monkeypatch
):
  """A few looks at each file and none into it, however many there are."""
  looks, counts = [], []
  for name in ("stat", "lstat", "open"):
    original = getattr(os, name)

    def counted(*arguments, _original=original, **options):
      looks.append(arguments[0])
      return _original(*arguments, **options)

    monkeypatch.setattr(os, name, counted)
  opened = []
  monkeypatch.setattr(
    image_files, "inspect", lambda path, *_: opened.append(path)
  )
  monkeypatch.setattr(
    translate_lib, "_translate_all", lambda *_: counts.append(len(looks)) or []
  )
  for count in (50, 150):
    folder = tmp_path / f"in{count}"
    folder.mkdir()
    for i in range(count):
      (folder / f"{i}.png").touch()
    looks.clear()
    _translate(folder, str(tmp_path / f"out{count}"))
  assert not opened
  assert (counts[1] - counts[0]) / 100 < 15


def test_pictures_of_16_bits_are_told_once(halved, tmp_path, log):
  _write(tmp_path / "in", "a.png", "b.png", mode="I;16")
  _write(tmp_path / "in", "c.png")
  _translate(tmp_path / "in", str(tmp_path / "out"))
  assert log.text.count("2 pictures have more than 8 bits") == 1


def test_videos_of_a_folder_are_handed_on(halved, tmp_path, log):
  _write(tmp_path / "in", "a.png")
  for name in ("b.mov", "x/c.webm", "x/bad.mp4"):
    (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "in" / name).write_bytes(b"video")

  def translate_video(translator, path, target):
    if "bad" in path:
      raise errors.UserError(f"{path} is no video.")
    shutil.copy(path, target)

  with pytest.raises(errors.UserError) as error:
    _translate(
      tmp_path / "in", str(tmp_path / "out"), translate_video=translate_video
    )
  assert "3 of 4 files were translated" in str(error.value)
  assert _names(tmp_path / "out") == ["a.png", "b.mov", "x/c.webm"]
  _translate(tmp_path / "in", str(tmp_path / "again"))
  assert "3 files left out: 1 .mov, 1 .mp4, 1 .webm" in log.text
  assert translate_lib.describe(["a.png"]) == "1 picture"
  assert translate_lib.describe(["a.mp4", "b.MOV"]) == "2 videos"


def test_messages_of_a_folder_speak_of_pictures(halved, tmp_path):
  (tmp_path / "in").mkdir()
  for want in ("holds no pictures. Put", "(1 file left out: 1 .txt). Put"):
    with pytest.raises(errors.UserError) as error:
      _translate(tmp_path / "in", str(tmp_path / "out"))
    assert want in str(error.value) and "trainA" not in str(error.value)
    (tmp_path / "in" / "notes.txt").write_text("")
  assert not (tmp_path / "out").exists()


def test_full_disk_stops_at_once(halved, tmp_path, monkeypatch):
  _write(tmp_path / "in", "a.png", "b.png")
  tried = []

  def full(path, *_):
    tried.append(path)
    raise errors.UserError("full") from OSError(28, "No space left on device")

  monkeypatch.setattr(image_output, "write", full)
  with pytest.raises(errors.UserError, match="full"):
    _translate(tmp_path / "in", str(tmp_path / "out"))
  assert len(tried) == 1


def test_results_that_would_overwrite_each_other_are_refused(
  halved, tmp_path, monkeypatch
):
  _write(tmp_path / "in", "a.png", "a.bmp", "a.bmp.gif", "a.bmp.bmp")
  _write(tmp_path / "case", "a.png", "A.png")
  if len(os.listdir(tmp_path / "case")) == 2:
    _translate(tmp_path / "case", str(tmp_path / "out"))
    monkeypatch.setattr(files, "ignores_case", lambda path: True)
    with pytest.raises(errors.UserError, match="several files"):
      _translate(tmp_path / "case", str(tmp_path / "other"))
  _translate(tmp_path / "in", str(tmp_path / "in_out"))
  assert len(_names(tmp_path / "in_out")) == 4


def test_levels_are_the_models_or_those_asked_for(halving, tmp_path):
  """The model halves [0, 1]; the pictures are of 16 bits with few levels."""
  ramp = np.linspace(1000, 3000, 256).reshape(16, 16, 1)
  (tmp_path / "in").mkdir()
  path = tmp_path / "in" / "a.png"
  path.write_bytes(color_files.png(ramp.round().astype(np.uint16)))
  described = tmp_path / "g_AB.tflite"
  levels = level_range.LevelRange(1000, 5000)
  description = tflite_edit.Description(*["x"] * 7, levels=levels)
  described.write_bytes(
    tflite_edit.with_metadata(pathlib.Path(halving).read_bytes(), description)
  )
  for model, option, low, high in (
    (described, "model", 1000, 5000),
    (described, "full", 0, 65535),
    (halving, "model", 0, 65535),
    (halving, "auto", 1000, 3000),
    (halving, "0,4000", 0, 4000),
  ):
    (written,) = translate_lib.translate_files(
      str(model), str(path), str(tmp_path / "o.png"), "AtoB", levels=option
    )
    want = (ramp - low) / (high - low) * 255 / 2
    got = image_files.read(written)
    assert np.abs(got - want).max() <= 1.5, option
  with pytest.raises(errors.UserError, match="--range=wide"):
    translate_lib.translate_files(
      halving, str(path), str(tmp_path / "o.png"), "AtoB", levels="wide"
    )


def test_large_photos_are_translated_at_their_size(halving, tmp_path):
  y, x = np.mgrid[:2100, :2200]
  image = np.stack([x / 9, y / 9, 255 - x / 9], -1).astype(np.uint8)
  path = str(tmp_path / "a.jpg")
  image_files.write(path, image)
  (written,) = translate_lib.translate_files(
    halving, path, str(tmp_path / "o.png"), "AtoB"
  )
  got = image_files.read(written)
  assert got.shape == image.shape
  # The model sees 16 pixels: in the middle a ramp is what it was.
  middle = slice(500, 1500)
  off = got[middle, middle].astype(float) - image[middle, middle] / 2
  assert np.abs(off).max() <= 4
  with pytest.raises(errors.UserError, match="--max_pixels=1000.*Raise that"):
    translate_lib.translate_files(
      halving, path, str(tmp_path / "o.png"), "AtoB", max_pixels=1000
    )


@pytest.mark.parametrize(
  ("name", "output", "detail", "words"),
  [
    ("notes.txt", "o.png", "fit", "--input: .*notes.txt cannot be read as an"),
    ("p.png", "o.png", "native", "--detail=native needs a model"),
    ("p.png", "o.xyz", "fit", "--output=.*o.xyz: cannot write '.xyz'"),
    ("p.png", "o.PGN", "fit", "--output=.*o.PGN: cannot write '.pgn'"),
  ],
)
def test_what_cannot_be_is_refused_before_anything_is_shown(
  name, output, detail, words, halving, tmp_path, capsys
):
  (tmp_path / "notes.txt").write_text("not a picture")
  PIL.Image.new("RGB", (8, 8)).save(tmp_path / "p.png")
  with pytest.raises(errors.UserError, match=f"^{words}"):
    translate_lib.translate_files(
      halving, str(tmp_path / name), str(tmp_path / output), "AtoB", detail
    )
  assert capsys.readouterr().err == ""
  assert len(list(tmp_path.iterdir())) == 2


def test_one_picture_goes_into_a_folder_of_any_name(halving, tmp_path):
  PIL.Image.new("RGB", (8, 8)).save(tmp_path / "p.png")
  (tmp_path / "made.xyz").mkdir()
  for folder in ("results", "results.2", "made.xyz"):
    (written,) = translate_lib.translate_files(
      halving, str(tmp_path / "p.png"), str(tmp_path / folder), "AtoB"
    )
    assert written == str(tmp_path / folder / "p.png")


def test_an_artifact_of_tfx_is_a_data_set(tmp_path):
  assert not translate_lib._is_dataset(str(tmp_path))
  (tmp_path / "Split-trainA").mkdir()
  assert translate_lib._is_dataset(str(tmp_path))


if __name__ == "__main__":
  conftest.main(__file__)
