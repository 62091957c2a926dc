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
import re

import numpy as np
import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import locks
from official.cyclegan.data import image_files
from official.cyclegan.data import image_grid
from official.cyclegan.reporting import page
from official.cyclegan.reporting import run_page
from official.cyclegan.training import history as history_lib
from tests import conftest


@pytest.fixture
def folder(tmp_path):
  """A run's folder, as far as its page looks at it."""
  run = tmp_path / "my run"
  (run / "samples").mkdir(parents=True)
  given = config_file.read_given("quickstart")
  config = config_file.with_given(config_lib.Config(), given)
  config = config_checks.resolve(config)
  config = conftest.replace(config, "loss", lambda_id=3.25)
  config_file.save(config, str(run))
  starts = [
    {
      "time": "2026-01-02T03:04:05+00:00",
      "first_step": first,
      "command": "/usr/bin/python3 /x/official/cyclegan/train.py"
      " '--model_dir=my run' --experiment=quickstart --lambda_id=3.25",
      "versions": {"python": "3.11.7", "tensorflow": "2.15.1"},
      "git_revision": "abc+",
      "device": {"devices": ["CPU", "GPU T4"]},
      **notes,
    }
    for first, notes in (
      (0, {"probe": {"advice": ["Colour is what has to change."]}}),
      (500, {}),
    )
  ]
  data = {"name": "fruits", "images": {"trainA": 1234, "testA": 7}}
  (run / "run.json").write_text(json.dumps({"data": data, "starts": starts}))
  for step in (100, 200):
    rows = [[np.full((8, 8, 3), step, np.uint8)] * 4 for _ in range(4)]
    path = str(run / "samples" / f"step_{step:07d}.png")
    image_files.write(path, image_grid.grid(rows))
  image_files.write(str(run / "contact_sheet.png"), rows[0][0])
  return run


def _history(**progress):
  history = history_lib.History()
  for step in (50, 100):
    history.add(step, {"gan_AB": 1 / step})
  history.add_event(80, "mode_collapse", "g_AB", "Raise --lambda_reconstr.")
  history.progress = {
    "state": "running",
    "step": 100,
    "total": 2000,
    **progress,
  }
  return history


def _text(folder, history, draw=False):
  parts = run_page.Parts.of(str(folder))
  if draw:
    parts.draw(history)
  html = run_page.render(str(folder), history, parts)
  html = re.sub(r"data:image[^\"']+", "data:", html)
  text = re.sub(r"<(style|script).*?</\1>", "", html, flags=re.DOTALL)
  return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_no_place_of_this_machine_is_told_but_in_the_command(folder):
  """Of what was typed, noted or refused; the command is as it was typed."""
  places = ["/home/ann lee/my pics/fruits", "/data/ann/fruits"]
  record = json.loads((folder / "run.json").read_text())
  record["data"]["name"] = " and ".join(places)
  (folder / "run.json").write_text(json.dumps(record))
  config = conftest.replace(
    config_file.load(str(folder)),
    "data",
    dataset="",
    domain_a=places[0],
    domain_b=places[1],
  )
  config_file.save(config, str(folder))
  failure = f"{folder}/checkpoints cannot be written, nor /mnt/big/disk/x."
  history = _history(state="failed", message=failure)
  history.add_event(90, "droplets", "g_BA", f"Look at {places[1]}.")
  text = _text(folder, history)
  assert "my pics/fruits and ann/fruits, used at" in text
  assert "Stopped: checkpoints cannot be written, nor disk/x." in text
  assert "Look at ann/fruits." in text, text
  assert "domain_b ann/fruits" in text, text
  for place in (*places, "/mnt/big", "/home"):
    assert place not in text
  # What is typed stays as it was typed.
  assert "&#39;--model_dir=my run&#39;" in text


def test_says_why_there_are_no_curves(folder):
  nothing = history_lib.History(progress={"state": "running"})
  assert "no results.png: not one finite number" in _text(folder, nothing, True)
  nothing.add(1, {"gan_AB": float("nan")})
  assert "no results.png: not one finite number" in _text(folder, nothing, True)
  # Numbers that are drawn later, or now, if only one.
  assert "results.png:" not in _text(folder, _history())
  one = history_lib.History()
  one.add(1, {"gan_AB": 0.5})
  parts = run_page.Parts.of(str(folder))
  parts.draw(one, str(folder / "results.png"))
  assert parts.curves and (folder / "results.png").stat().st_size > 1000


def test_says_all_that_is_known_of_a_run(folder):
  text = _text(folder, _history(), draw=True)
  assert "Run my run This run is training: step 100 of 2,000." in text
  assert "A to B" in text and "B to A" in text
  assert "Step 80, mode collapse: Raise --lambda_reconstr." in text
  assert "gan_AB 0.01" in text
  assert "fruits, used at 64 pixels. Colour is what has to change." in text
  assert "trainA 1,234" in text
  assert "What differs from the preset quickstart option value" in text
  assert "lambda_id 3.25" in text
  assert "gen_n_filters" not in text  # which the preset has
  assert (
    "To go on python -m official.cyclegan.train &#39;--model_dir=my run&#39;"
    " --experiment=quickstart --lambda_id=3.25"
  ) in text
  for word in ("tensorflow 2.15.1", "source abc+", "device GPU T4", "step 500"):
    assert word in text
  assert "Not measured yet. python -m official.cyclegan.evaluate" in text


@pytest.mark.parametrize(
  ("progress", "words"),
  [
    ({"state": "finished", "step": 2000}, "is finished: step 2,000 of 2,000"),
    (
      {"state": "stopped", "total": None},
      "was stopped, and can go on: step 100.",
    ),
    ({"state": "failed", "message": "NaN at 7"}, "Stopped: NaN at 7"),
    ({"state": "new kind"}, "is in an unknown state"),
  ],
)
def test_says_how_a_run_stands(folder, progress, words):
  assert words in _text(folder, _history(**progress))


def test_healthy_runs_say_so_and_old_ones_do_not(folder):
  history = _history()
  history.events = []
  assert "No health rule has found anything" in _text(folder, history)
  old = _text(folder, history_lib.History())
  assert "No health rule" not in old and "earlier version" in old
  assert "A to B" in old


def test_measures_stand_beside_doing_nothing(folder):
  (folder / "evaluation").mkdir()
  measures = {"swd": 0.125, "psnr": None, "kid_random_std": 1.0}
  found = {"model": measures, "nothing": {"swd": 0.5}, "histogram": {}}
  report = {"directions": {"AtoB": found}}
  (folder / "evaluation" / "report.json").write_text(json.dumps(report))
  text = _text(folder, _history())
  assert "this model doing nothing histogram matching swd 0.125 0.5" in text
  assert "std" not in text and "Not measured" not in text


def test_exports_within_the_folder_are_shown(folder):
  (folder / "phone").mkdir()
  entry = {
    "bytes": 2000,
    "by_size": {"64": {"psnr": 40.04, "milliseconds": {"1": 2.04}}},
  }
  report = {"files": {"g_AB.tflite": entry, "g_AB": {"bytes": 9_000}}}
  (folder / "phone" / "export.json").write_text(json.dumps(report))
  (folder / "broken").mkdir()
  (folder / "broken" / "export.json").write_text("{")
  text = _text(folder, _history())
  assert "Folder phone" in text and "g_AB.tflite 64 2 40.0" in text


@pytest.mark.parametrize(
  "record",
  [None, "", "{", "[]", "{}", '{"starts": [1, {}], "data": {}}']
  + ['{"starts": [{"command": "a \'b"}]}', '{"starts": [{"command": "x"}]}'],
)
def test_a_page_is_made_of_what_is_left(folder, record):
  if record is None:
    (folder / "run.json").unlink()
  else:
    (folder / "run.json").write_text(record)
  for name in os.listdir(folder / "samples"):
    (folder / "samples" / name).write_bytes(b"")
  assert "Configuration" in _text(folder, _history())


def test_pages_of_hostile_names_hold_them_as_text(folder):
  history = _history(message="<script>alert(1)</script>")
  record = json.loads((folder / "run.json").read_text())
  record["data"]["name"] = "</p><script>alert(2)</script>"
  (folder / "run.json").write_text(json.dumps(record))
  parts = run_page.Parts.of(str(folder))
  html = run_page.render(str(folder), history, parts)
  assert "<script>alert" not in html


def test_a_folder_that_is_no_run_is_refused(tmp_path):
  with pytest.raises(errors.UserError, match="no trained model"):
    run_page.render(
      str(tmp_path), history_lib.History(), run_page.Parts.of(str(tmp_path))
    )
  run_page.refresh(str(tmp_path))  # which only gives up
  assert not (tmp_path / page.REPORT_NAME).exists()


def test_is_written_anew_unless_the_run_trains(folder, monkeypatch):
  _history().write(str(folder))
  run_page.refresh(str(folder))
  text = (folder / page.REPORT_NAME).read_text()
  assert "image/svg+xml" in text
  (folder / page.REPORT_NAME).write_text("of the training")

  def hold(*arguments):  # as by the process that trains
    raise locks.InUseError("is in use", "model_dir")

  monkeypatch.setattr(locks, "hold", hold)
  run_page.refresh(str(folder))
  assert (folder / page.REPORT_NAME).read_text() == "of the training"


@pytest.mark.slow
@pytest.mark.one_stack
def test_a_page_keeps_below_its_limit(folder):
  """Also with pictures that do not compress."""
  rng = np.random.default_rng(0)
  for step in range(1, 30):
    rows = [list(rng.integers(0, 256, (4, 256, 256, 3), np.uint8))] * 2
    path = str(folder / "samples" / f"step_{step:07d}.png")
    image_files.write(path, image_grid.grid(rows))
  for step in range(1, 200):
    (folder / "samples" / f"step_{step + 1000:07d}.png").write_bytes(b"")
  (folder / "samples" / "step_0000100.png").unlink()
  (folder / "samples" / "step_0000200.png").unlink()
  parts = run_page.Parts.of(str(folder))
  html = run_page.render(str(folder), _history(), parts)
  assert len(html) < page.LARGEST_BYTES


if __name__ == "__main__":
  conftest.main(__file__)
