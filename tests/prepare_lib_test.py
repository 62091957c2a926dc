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
import pathlib
import random
import select
import signal
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from official.cyclegan import prepare_lib
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import dataset_audit
from official.cyclegan.data import folders
from official.cyclegan.data import image_files
from official.cyclegan.data import sources
from tests import color_files
from tests import conftest
from tests import odd_files


@pytest.fixture
def odd(tmp_path):
  """Odd files in A, drawn fruits in B; all that is good in A, and how."""
  (tmp_path / "a").mkdir()
  expected = odd_files.write_good(tmp_path / "a")
  (tmp_path / "a" / "notes.txt").write_text("")
  (tmp_path / "b").mkdir()
  for i in range(9):
    image = conftest.smooth_picture(np.random.default_rng(i), 30, 40, red=False)
    image[5 : 9 + i, 5:20] = 25 * i
    image_files.write(str(tmp_path / "b" / f"{i}.jpg"), image)
  config = config_lib.DataConfig(
    domain_a=str(tmp_path / "a"),
    domain_b=str(tmp_path / "b"),
    background=odd_files.BACKGROUND_NAME,
  )
  return config, expected


def _write(config, output, shard_bytes=1 << 20):
  audit = dataset_audit.audit(config)
  summary = dataset_audit.report(audit)
  prepare_lib.write(audit, summary, config, str(output), shard_bytes)
  return audit


@pytest.mark.slow
@pytest.mark.one_stack
def test_every_picture_is_packed_as_it_is_read(odd, tmp_path):
  config, expected = odd
  output = tmp_path / "packed"
  audit = _write(config, output, shard_bytes=5000)
  builder = tfds.builder_from_directory(str(output))
  assert len(builder.info.splits["trainA"].shard_lengths) > 1
  shown = {}
  for split in sources.SPLITS:
    for example in builder.as_dataset(split=split).as_numpy_iterator():
      assert folders.DOMAINS[example["label"]] == split[-1]
      if split[-1] == "A":
        shown[example["name"].decode()] = example["image"]
  names = {os.path.basename(name) for name in expected}
  assert set(shown) == names
  for path in (p.path for p in audit.pictures if p.domain == "A"):
    name = os.path.basename(path)
    want = image_files.read(path, config.background).astype(int)
    # TFDS's own decoder of JPEGs uses a faster transform than Pillow's.
    assert np.abs(shown[name] - want).max() <= (8 if "jp" in name else 0), name

  # As a data set of ours: the same pictures, and now to the last bit.
  source = sources.open_source(config_lib.DataConfig(dataset=str(output)))
  folder = sources.open_source(config)
  assert source.counts == folder.counts
  for split in sources.SPLITS:
    one, other = (
      sorted(image.tobytes() for image in s.images(split).as_numpy_iterator())
      for s in (source, folder)
    )
    assert one == other


def test_ranges_of_deep_pictures_are_packed_and_known(tmp_path):
  rng = np.random.default_rng(0)
  for domain, low in (("a", 2000), ("b", 9000)):
    (tmp_path / domain).mkdir()
    for i in range(4):
      levels = rng.integers(low, low + 300, (20, 30, 1)).astype(np.uint16)
      (tmp_path / domain / f"{i}.png").write_bytes(color_files.png(levels))
  config = config_lib.DataConfig(
    domain_a=str(tmp_path / "a"), domain_b=str(tmp_path / "b"), range="auto"
  )
  audit = _write(config, tmp_path / "packed")
  source = sources.open_source(
    config_lib.DataConfig(dataset=str(tmp_path / "packed"))
  )
  assert source.level_ranges == audit.level_ranges
  assert abs(source.level_ranges["B"].low - 9000) < 5
  for split in sources.SPLITS:
    for image in source.images(split).as_numpy_iterator():
      assert len(np.unique(image)) > 150, split
  table = (tmp_path / "packed" / "report.md").read_text()
  assert "| black and white" in table and "16" in table


def test_finished_set_is_left_alone_and_others_are_not_replaced(
  odd, tmp_path, log
):
  config, _ = odd
  output = tmp_path / "packed"
  _write(config, output)
  before = {p: p.stat().st_mtime_ns for p in output.iterdir()}
  _write(config, output)
  assert "already" in log.text
  assert before == {p: p.stat().st_mtime_ns for p in output.iterdir()}
  (tmp_path / "a" / "plain.png").unlink()
  (tmp_path / "a" / "link.png").unlink()
  with pytest.raises(errors.UserError, match="holds something else"):
    _write(config, output)
  assert before == {p: p.stat().st_mtime_ns for p in output.iterdir()}


def test_output_elsewhere_is_refused(odd):
  config, _ = odd
  with pytest.raises(errors.UserError, match="gs://bucket.*local folder"):
    _write(config, "gs://bucket/set")


def test_what_was_begun_with_other_pictures_is_dropped(odd, tmp_path):
  config, _ = odd
  partial = tmp_path / "packed.partial"
  partial.mkdir()
  stale = partial / "pictures-trainA.tfrecord-00000-of-00001"
  stale.write_bytes(b"of other pictures")
  (partial / "plan.json").write_text('{\n  "pictures": "of others"\n}\n')
  _write(config, tmp_path / "packed")
  builder = tfds.builder_from_directory(str(tmp_path / "packed"))
  assert len(list(builder.as_dataset(split="trainA"))) > 5


@pytest.mark.parametrize(
  ("theirs", "words"),
  [
    ("mine.txt", "is something else"),
    ("plan.json", "is something else"),
    ("link", "which is read"),
  ],
)
def test_where_it_is_made_first_is_nobody_elses(odd, tmp_path, theirs, words):
  config, _ = odd
  partial = tmp_path / "packed.partial"
  if theirs == "link":  # to the pictures of a domain
    partial.symlink_to(tmp_path / "b")
  else:
    partial.mkdir()
    (partial / theirs).write_text('{"for": "tomorrow"}')
  before = sorted(os.listdir(partial))
  audit = dataset_audit.DatasetAudit((), {}, {})
  with pytest.raises(errors.UserError, match=words):
    prepare_lib.write(audit, {}, config, str(tmp_path / "packed"), 1 << 20)
  assert sorted(os.listdir(partial)) == before


@pytest.mark.parametrize("where", ["mounted", "current", "other", "nowhere"])
def test_a_place_that_cannot_be_is_refused_before_the_pictures_are_read(
  odd, tmp_path, monkeypatch, where
):
  config, _ = odd
  output = tmp_path / "packed"
  output.mkdir()
  words = "packed"
  if where == "mounted":
    words = "mount point"
    monkeypatch.setattr(
      os.path, "ismount", lambda path: os.fspath(path) == str(output)
    )
  elif where == "current":
    words = "current folder"
    monkeypatch.chdir(output)
    output = pathlib.Path(".")
  elif where == "other":
    words = "something else"
    (output / "mine.txt").touch()
  else:
    words = "is a file"
    output.rmdir()
    (tmp_path / "file").touch()
    output.symlink_to(tmp_path / "file")
  before = sorted(os.listdir(tmp_path))
  with (
    pytest.raises(errors.UserError, match=words),
    prepare_lib.reserving(config, str(output)),
  ):
    pytest.fail("The pictures would be read.")
  assert sorted(os.listdir(tmp_path)) == before


def test_a_link_to_a_folder_is_filled_and_its_mode_kept(odd, tmp_path):
  config, _ = odd
  (tmp_path / "disk" / "packed").mkdir(parents=True)
  (tmp_path / "disk" / "packed").chmod(0o2770)
  (tmp_path / "link").symlink_to(tmp_path / "disk" / "packed")
  _write(config, tmp_path / "link")
  packed = tmp_path / "disk" / "packed"
  assert (tmp_path / "link").is_symlink() and (packed / "plan.json").exists()
  assert packed.stat().st_mode & 0o7777 == 0o2770
  assert os.listdir(tmp_path / "disk") == ["packed"]


def test_a_thread_that_fails_stops_the_others(odd, tmp_path, monkeypatch):
  config, _ = odd
  example, begun = prepare_lib._example, []

  def fails(picture, background):
    begun.append(picture)
    if len(begun) == 1:
      raise OSError(28, "No space left on device")
    return example(picture, background)

  monkeypatch.setattr(prepare_lib, "_example", fails)
  with pytest.raises(errors.StorageError, match="No space left"):
    _write(config, tmp_path / "packed", shard_bytes=2000)
  partial = tmp_path / "packed.partial"
  assert not list(partial.glob("*partial"))  # they would keep the disk full


def test_full_disk_is_one_line(odd, tmp_path, monkeypatch):
  config, _ = odd

  def full(*_):
    raise OSError(28, "No space left on device")

  with monkeypatch.context() as patch:
    patch.setattr(prepare_lib, "_contact_sheet", full)
    with pytest.raises(errors.UserError, match="No space left.*goes on"):
      _write(config, tmp_path / "packed")
  assert not (tmp_path / "packed").exists()
  with pytest.raises(errors.UserError, match="prepare was stopped"):
    sources.open_source(config_lib.DataConfig(dataset=str(tmp_path / "packed")))
  _write(config, tmp_path / "packed")


def test_contact_sheet_shows_both_domains(odd, tmp_path):
  config, _ = odd
  _write(config, tmp_path / "packed")
  with PIL.Image.open(tmp_path / "packed" / "contact_sheet.png") as sheet:
    pixels = np.asarray(sheet.convert("RGB")).astype(int)
  assert pixels.shape[1] > pixels.shape[0] > 500
  left, right = np.split(pixels[:, : pixels.shape[1] // 2 * 2], 2, axis=1)
  red, blue = ((h[..., 0] - h[..., 2])[h.min(-1) < 250] for h in (left, right))
  assert np.median(red) > 10 and np.median(blue) < -10


@pytest.mark.parametrize("mode", config_lib.PREPROCESSINGS)
def test_preview_shows_what_is_drawn(odd, mode):
  config, _ = odd
  config = config_checks.resolve(
    config_lib.Config(
      data=config_lib.DataConfig(
        domain_a=config.domain_a,
        domain_b=config.domain_b,
        preprocess=mode,
        crop_size=16,
        load_size=20,
      ),
      train=config_lib.TrainConfig(augment="diffaugment"),
    )
  )
  picture = prepare_lib.preview(config)
  rows, columns = 8, 8
  if "crop" in mode:
    assert picture.shape == (rows * 18 - 2, columns * 18 - 2, 3)
  else:
    assert picture.shape[1] > columns * 18 and not (picture.shape[0] + 2) % rows
  assert picture.dtype == np.uint8 and picture.std() > 10


def _digest(folder):
  """Returns each file's examples, in which features have no order."""
  return {
    path.name: [
      {
        name: feature.SerializeToString()
        for name, feature in tf.train.Example.FromString(
          record
        ).features.feature.items()
      }
      for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    ]
    for path in sorted(pathlib.Path(folder).iterdir())
    if "tfrecord" in path.name
  }


# Looks through the pictures once; then, for each line that it reads, writes the
# data set in a new process, whose number it prints, and waits for its end.
_WRITER = """
import os, sys, time
from official.cyclegan import prepare_lib
from official.cyclegan.core import config
from official.cyclegan.data import dataset_audit

a, b, output = sys.argv[1:]
data = config.DataConfig(domain_a=a, domain_b=b)
audit = dataset_audit.audit(data)
summary = dataset_audit.report(audit)
example = prepare_lib._example

def slow_example(*given):
  time.sleep(0.02)
  return example(*given)

prepare_lib._example = slow_example
for _ in sys.stdin:
  child = os.fork()
  if not child:
    try:
      prepare_lib.write(audit, summary, data, output, 100_000)
    finally:
      os._exit(0)
  print(child, flush=True)
  os.waitpid(child, 0)
  print("ended", flush=True)
"""


@pytest.fixture
def writer(tmp_path):
  """A process that writes `packed` from `a` and `b`, as often as asked."""
  process = subprocess.Popen(
    [
      *(sys.executable, "-c", _WRITER),
      *(str(tmp_path / name) for name in ("a", "b", "packed")),
    ],
    cwd=conftest.ROOT,
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
    stderr=subprocess.DEVNULL,
    bufsize=0,  # lines are read one by one, so that `select` sees the next
  )
  yield process
  process.stdin.close()
  process.stdout.close()
  process.wait()


def _write_and_kill(writer, partial, seconds):
  """Kills it so long after it has begun; says whether it was still at it."""
  writer.stdin.write(b"write\n")
  child = int(writer.stdout.readline())

  def ended(within):
    return select.select([writer.stdout], [], [], within)[0]

  while not partial.exists() and not ended(0.01):
    pass
  killed = not ended(seconds)
  if killed:
    os.kill(child, signal.SIGKILL)
  assert writer.stdout.readline() == b"ended\n"
  return killed


@pytest.mark.slow
@pytest.mark.one_stack
def test_killed_anywhere_the_next_run_completes_it(tmp_path, request):
  """SIGKILL at random moments of writing: nothing, or a whole set."""
  for domain in "ab":
    (tmp_path / domain).mkdir()
    for i in range(60):
      rng = np.random.default_rng([i, ord(domain)])
      image = rng.integers(0, 256, (64, 64, 3), np.uint8)
      image_files.write(str(tmp_path / domain / f"{i}.png"), image)
  config = config_lib.DataConfig(
    domain_a=str(tmp_path / "a"), domain_b=str(tmp_path / "b")
  )
  writer = request.getfixturevalue("writer")  # now that there are pictures
  _write(config, tmp_path / "want", shard_bytes=100_000)
  output, partial = tmp_path / "packed", tmp_path / "packed.partial"
  draw = random.Random(3)
  progress, killed = [], 0
  for _ in range(12):
    killed += _write_and_kill(writer, partial, draw.uniform(0.1, 0.5))
    if output.exists():
      break
    with pytest.raises(errors.UserError, match="prepare was stopped"):
      sources.open_source(config_lib.DataConfig(dataset=str(output)))
    finished = [p for p in partial.glob("*-of-*") if p.suffix != files.PARTIAL]
    progress.append(len(finished))
  assert killed >= 2 and progress == sorted(progress)
  if not output.exists():
    _write(config, output, shard_bytes=100_000)
  assert _digest(output) == _digest(tmp_path / "want")
  assert (
    sources.open_source(config_lib.DataConfig(dataset=str(output))).counts
    == sources.open_source(config).counts
  )
  assert json.loads((output / "report.json").read_text())["domains"]


if __name__ == "__main__":
  conftest.main(__file__)
