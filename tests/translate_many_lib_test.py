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
"""Tests of many pictures by Beam, in an environment without TensorFlow."""

import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import tarfile
import time

import numpy as np
import PIL.Image
import pytest

from tests import beam_python
from tests import conftest

# They start processes.
pytestmark = pytest.mark.slow

_ENDINGS = (".jpg", ".png", ".webp", ".bmp")


@pytest.fixture(scope="module")
def python():
  return beam_python.find()


def _files(folder):
  """Returns the digests of all files but manifests and lists, by names."""
  return {
    path.relative_to(folder).as_posix(): hashlib.sha256(
      path.read_bytes()
    ).hexdigest()
    for path in folder.rglob("*")
    if path.is_file() and path.suffix != ".jsonl"
  }


def _manifest(folder):
  lines = [
    json.loads(line)
    for path in folder.glob("manifest-*.jsonl")
    for line in path.read_text(encoding="utf-8").splitlines()
  ]
  sources = [line["source"] for line in lines]
  assert len(set(sources)) == len(sources)
  return {line["source"]: line for line in lines}


def _pictures(folder, count):
  rng = np.random.default_rng(count)
  for i in range(count):
    path = folder / ("", "sub", "sub/é #1")[i % 3] / f"{i}{_ENDINGS[i % 4]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = rng.integers(5, 90, 2)
    picture = conftest.smooth_picture(rng, height, width)
    PIL.Image.fromarray(picture).save(path)


def test_results_are_those_of_translate(python, halving, tmp_path):
  """Byte for byte, whatever works on them, and with the same names."""
  given = tmp_path / "in"
  _pictures(given, 12)
  for name in ("twice.png", "twice.bmp"):
    PIL.Image.new("RGB", (9, 7), (9, 99, len(name))).save(given / name)
  (given / "damaged.jpg").write_bytes(b"no picture")
  (given / "notes.md").write_text("no picture")
  for hidden in (".hidden.png", ".thumbnails/1.png", "__MACOSX/1.png"):
    (given / hidden).parent.mkdir(exist_ok=True)
    (given / hidden).write_bytes((given / "twice.png").read_bytes())
  options = {"model": halving, "input": given}
  beam_python.run(python, "translate", output=tmp_path / "one", **options)
  wanted = _files(tmp_path / "one")
  assert len(wanted) == 14
  for how in (
    {"workers": 1},
    {"workers": 2},
    {"workers": 4, "beam_options": "--direct_running_mode=multi_threading"},
  ):
    output = tmp_path / f"many{len(how)}{how['workers']}"
    done = beam_python.run(
      python, "translate_many", output=output, **options, **how
    )
    assert "14 pictures translated, 1 could not be" in done.stdout, done
    assert _files(output) == wanted
    manifest = _manifest(output)
    assert len(manifest) == 15
    for source, record in manifest.items():
      if "damaged" in source:
        assert "damaged.jpg" in record["error"] and record["sha256"] is None
      else:
        assert record["sha256"] == wanted[record["target"]]
        assert record["milliseconds"] > 0 and record["error"] is None


def test_given_again_does_what_is_missing(python, halving, tmp_path):
  given, output = tmp_path / "in", tmp_path / "out"
  _pictures(given, 400)
  options = {"model": halving, "input": given, "output": output, "workers": 1}
  begun = subprocess.Popen(
    beam_python.command(python, "translate_many", **options),
    cwd=conftest.ROOT,
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
    start_new_session=True,
  )
  deadline = time.monotonic() + 60
  while not list(output.rglob("*.jpg")) and time.monotonic() < deadline:
    time.sleep(0.01)
  os.killpg(begun.pid, signal.SIGKILL)
  begun.wait()
  whole = _files(output)
  there = [name for name in whole if "beam-temp" not in name]
  assert 0 < len(there) < 400
  done = beam_python.run(python, "translate_many", **options)
  assert " were there already" in done.stdout
  results = _files(output)
  assert len(results) == 400  # nothing partial, nothing of Beam's
  for name in there:
    if not name.endswith("cyclegan-partial"):
      assert results[name] == whole[name]
  manifest = _manifest(output)
  assert len(manifest) == 400
  for record in manifest.values():
    assert record["sha256"] == results[record["target"]]
  # A manifest that is there is carried on; what was removed is done again.
  (output / "0.jpg").unlink()
  done = beam_python.run(python, "translate_many", **options)
  assert "1 picture translated, 399 were there already" in done.stdout
  again = _manifest(output)
  again.pop(str(given / "0.jpg"))
  assert again == {s: r for s, r in manifest.items() if s in again}
  assert _files(output) == results


def test_a_list_of_addresses(python, halving, tmp_path):
  given = tmp_path / "pictures"
  _pictures(given, 4)
  (tmp_path / "list.txt").write_text(
    "\n".join(["", *map(str, sorted(given.rglob("*.*"))), "/gone/1.png", ""])
  )
  output = tmp_path / "out"
  done = beam_python.run(
    python,
    "translate_many",
    model=halving,
    input=tmp_path / "list.txt",
    output=output,
    workers=1,
    format="png",
  )
  assert "4 pictures translated, 1 could not be" in done.stdout, done
  names = set(_files(output))
  assert all(str(given).lstrip("/") in name for name in names)
  assert all(name.endswith(".png") for name in names)


def _example(**features):
  """Returns a record by TensorFlow's own means."""
  import tensorflow as tf

  return tf.train.Example(
    features=tf.train.Features(
      feature={
        name.replace("_", "/"): tf.train.Feature(
          bytes_list=tf.train.BytesList(value=[value])
        )
        for name, value in features.items()
      }
    )
  ).SerializeToString()


def test_records_are_read_wherever_pictures_are(python, halving, tmp_path):
  """Whoever wrote them; what is damaged is told of, and stops nothing."""
  import tensorflow as tf

  given, plain = tmp_path / "in", tmp_path / "plain"
  _pictures(plain, 4)
  contents = [path.read_bytes() for path in sorted(plain.rglob("*.*"))]
  (given / "deep").mkdir(parents=True)
  (given / "0.jpg").write_bytes((plain / "0.jpg").read_bytes())
  with open(os.fsencode(given) + b"/\xe9.jpg", "wb") as file:
    file.write((plain / "0.jpg").read_bytes())
  first = given / "deep" / "pictures-trainA.tfrecord-00000-of-00002"
  with tf.io.TFRecordWriter(str(first)) as writer:
    for i, content in enumerate(contents):
      writer.write(_example(image=content, name=f"d/{i // 2}.png".encode()))
    writer.write(_example(label=b"no picture"))
    writer.write(_example(image=b"no picture", name=b"bad.png"))
  whole = first.read_bytes()
  # The last record's own bytes are changed, and a piece of another follows.
  first.write_bytes(whole[:-9] + b"\0" + whole[-8:] + whole[:20])
  with tf.io.TFRecordWriter(
    str(given / "data_tfrecord-00000-of-00001.gz"), "GZIP"
  ) as writer:
    for content in contents[:2]:
      writer.write(_example(image_encoded=content))
  output = tmp_path / "out"
  options = {"model": halving, "input": given, "output": output, "workers": 1}
  done = beam_python.run(python, "translate_many", format="png", **options)
  assert "7 pictures translated, 4 could not be" in done.stdout, done
  assert set(_files(output)) == {
    "0.png",
    "data-00000-of-00001-000000.png",
    "data-00000-of-00001-000001.png",
    "deep/d/0.png",
    "deep/d/0-2.png",
    "deep/d/1.png",
    "deep/d/1-2.png",
  }
  beam_python.run(
    python,
    "translate",
    model=halving,
    input=plain,
    output=tmp_path / "one",
    format="png",
  )
  one = sorted(_files(tmp_path / "one").values())
  made = _files(output)
  assert one == sorted(v for n, v in made.items() if n.startswith("deep"))
  errors = [r["error"] for r in _manifest(output).values() if r["error"]]
  assert len(errors) == 4 and len(_manifest(output)) == 11
  for said in ("checksum", "ends within", "no picture called", "not UTF-8"):
    assert sum(said in error for error in errors) == 1
  done = beam_python.run(python, "translate_many", format="png", **options)
  assert "0 pictures translated, 7 were there already, 4 c" in done.stdout


@pytest.mark.parametrize("pack", ["tfrecord", "webdataset"])
def test_shards_hold_what_files_would(python, halving, tmp_path, pack):
  """Each picture once, also when the job was killed between its files."""
  given, output = tmp_path / "in", tmp_path / "out"
  _pictures(given, 12)
  (given / "bad.png").write_bytes(b"no picture")
  (given / "0.png").write_bytes((given / "0.jpg").read_bytes())  # 0.jpg is, too
  options = {"model": halving, "input": given}
  beam_python.run(python, "translate", output=tmp_path / "one", **options)
  packed = {"output": output, "pack": pack, "shard_pictures": 4, "workers": 1}
  packed |= options
  done = beam_python.run(python, "translate_many", **packed)
  assert "13 pictures translated, 1 could not be" in done.stdout, done
  wanted = _files(tmp_path / "one")
  assert _packed(output, pack) == wanted
  before = _files(output)
  assert 2 <= len(before) <= 4
  manifest = _manifest(output)
  assert {r["target"]: r["sha256"] for r in manifest.values() if r["sha256"]}
  # Killed before a shard's list was written, and while another was.
  shards = sorted(output.glob("pictures-*"))
  (output / f"{shards[0].name}.jsonl").unlink()
  shards[-2].unlink()
  (output / f"{shards[-1].name}.cyclegan-partial").write_bytes(b"begun")
  (output / "pictures-mine.tar").write_bytes(b"somebody's own")
  done = beam_python.run(python, "translate_many", **packed)
  assert " were there already" in done.stdout
  (output / "pictures-mine.tar").unlink()
  assert _files(output) == before
  again = _manifest(output)
  assert set(again) == set(manifest)
  for source, record in manifest.items():
    assert record["sha256"] == again[source]["sha256"]
  # A picture that is repaired, and a new one, get shards of their own.
  for name in ("bad.png", "new.png"):
    (given / name).write_bytes((given / "0.jpg").read_bytes())
  done = beam_python.run(python, "translate_many", **packed)
  assert "2 pictures translated, 13 were there already:" in done.stdout
  assert before.items() < _files(output).items()
  assert set(_packed(output, pack)) == {*wanted, "bad.png", "new.png"}


def _packed(folder, pack):
  """Returns the digests of all pictures in shards, by their names."""
  import tensorflow as tf

  found = {}
  for path in sorted(folder.glob("pictures-*")):
    if path.suffix == ".tfrecord":
      for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        features = tf.train.Example.FromString(record).features.feature
        values = {n: f.bytes_list.value[0] for n, f in features.items()}
        name = values["name"].decode()
        assert name not in found
        found[name] = hashlib.sha256(values["image"]).hexdigest()
        assert values["sha256"].decode() == found[name]
        source = values["source"].decode()
        assert pathlib.Path(source).stem == pathlib.Path(name).stem
    elif path.suffix == ".tar":
      assert pack == "webdataset"
      samples = {}
      with tarfile.open(path) as tar:
        for member in tar:
          # As webdataset divides names.
          key, ending = re.match(
            r"((?:.*/|)[^.]+)[.]([^/]*)$", member.name
          ).groups()
          sample = samples.setdefault(key, {})
          assert ending not in sample
          sample[ending] = tar.extractfile(member).read()
      for sample in samples.values():
        about = json.loads(sample.pop("json"))
        ((ending, contents),) = sample.items()
        assert about["name"].endswith(f".{ending}")
        assert about["name"] not in found
        found[about["name"]] = hashlib.sha256(contents).hexdigest()
  return found


@pytest.mark.parametrize(
  ("wrong", "said"),
  [
    ({"input": "empty"}, "--input=.*holds no pictures"),
    ({"input": "none.txt"}, "--input=.*does not exist"),
    ({"model": "none.tflite"}, "--model=.*none.tflite"),
    ({"beam_options": "'--half"}, "--beam_options=.*quot"),
    ({"batch_size": "2"}, "--batch_size=2 needs a SavedModel"),
    ({"output": "in"}, "--output="),
    ({"output": "nowhere://x"}, "--output=nowhere://x.*cannot reach"),
  ],
)
def test_what_cannot_work_is_refused_first(
  python, halving, tmp_path, wrong, said
):
  _pictures(tmp_path / "in", 2)
  (tmp_path / "empty").mkdir()
  options = {
    "model": halving,
    "input": tmp_path / "in",
    "output": tmp_path / "out",
    **{
      key: value if re.search("'|:|^2", value) else tmp_path / value
      for key, value in wrong.items()
    },
  }
  before = _files(tmp_path)
  done = beam_python.run(python, "translate_many", **options)
  assert done.returncode == 2
  (line,) = [text for text in done.stderr.splitlines() if ": error: " in text]
  assert re.search(said, line), line
  assert _files(tmp_path) == before


if __name__ == "__main__":
  conftest.main(__file__)
