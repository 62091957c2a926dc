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
import importlib
import json
import os
import subprocess
import sys
import warnings

import pytest

from tests import conftest


def run_python(code):
  """Runs Python code in a process of its own, warnings shown."""
  return subprocess.run(
    [sys.executable, "-W", "always", "-c", code],
    cwd=conftest.ROOT,
    capture_output=True,
    text=True,
    check=False,
  )


def test_old_paths_give_what_moved_and_warn():
  result = run_python(
    "from official.cyclegan import health, config as config_lib\n"
    "from official.cyclegan.paired_error import l1\n"
    "import official.cyclegan.image_files\n"
    "from official.cyclegan.core import errors\n"
    "assert config_lib.UserError is errors.UserError\n"
    "assert config_lib.resolve(config_lib.Config()).data.crop_size == 128\n"
    "assert official.cyclegan.image_files.WRITABLE\n"
    "import sys; assert 'tensorflow' not in sys.modules\n"
  )
  assert result.returncode == 0, result.stderr
  for name, place in (
    ("health", "training.diagnostics"),
    ("config", "core.config"),
    ("paired_error", "evaluation.paired_metrics"),
  ):
    assert (
      f"DeprecationWarning: official.cyclegan.{name} has moved to"
      f" official.cyclegan.{place}"
    ) in result.stderr


@pytest.mark.slow
@pytest.mark.one_stack
def test_a_script_is_warned_without_asking_for_warnings(tmp_path):
  """Python shows DeprecationWarnings that are charged to the script only."""
  lines = {
    "folders": "import official.cyclegan.folders",
    "health": "from official.cyclegan import health",
    "survey": "from official.cyclegan.survey import Survey",
    "data.folders": "official.cyclegan.folders.Pile",
    "config": "from official.cyclegan.config import *",
    "translate_lib": "from official.cyclegan.translate_lib import SCALES",
  }
  script = tmp_path / "script.py"
  script.write_text(
    "\n".join([*lines.values(), "resolve(Config()), Choice, UserError"])
  )
  result = subprocess.run(
    [sys.executable, str(script)],
    env={**os.environ, "PYTHONPATH": str(conftest.ROOT)},
    capture_output=True,
    text=True,
    check=False,
  )
  assert result.returncode == 0, result.stderr
  for number, (old, line) in enumerate(lines.items(), 1):
    charged = f"{script}:{number}: DeprecationWarning: "
    assert charged in result.stderr, line
    assert old in result.stderr


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_old_choice_takes_its_old_arguments():
  from official.cyclegan import config

  chosen = config.Choice("best", raw=True)
  assert chosen == config.GeneratorSelection("best", use_ema=False)


def test_an_unknown_module_is_still_unknown():
  result = run_python("import official.cyclegan.nothing")
  assert "ModuleNotFoundError" in result.stderr
  result = run_python("from official.cyclegan import config; config.nothing")
  assert "has no attribute 'nothing'" in result.stderr


# What had no user but the package itself, and is declared otherwise now.
_GONE = {
  "common_flags": "flags are defined from declarations: core.flags.define",
  "config": "choices stand with their option: core.options.find(...).choices",
  "dataset": "nothing used test_images",
  "search_report": "a trial's folder says why it failed: tuning.trial_folder",
  "image_files": "one rule says what a folder holds: data.folders",
  "model": "loss terms are typed: modeling.loss_terms",
  "networks": "the wiring is read from the graph: modeling.channel_graph",
  "translate_lib": "core.model_path.locate says what a path holds",
}
_GONE_NAMES = {
  "AUGMENTATIONS",
  "BEST_METRICS",
  "CACHES",
  "CHANNELS",
  "CHOICES",
  "EXPORT_FORMATS",
  "IOS",
  "MAX_PIXELS",  # --max_pixels
  "LR_POLICIES",
  "ON_BAD_IMAGE",
  "REFERENCES",
  "STUDENTS",
  "TUNERS",
  "IMAGE",
  "channel_flows",
  "config_over",
  "count_over_budget",
  "discriminators_total",
  "exported_model",
  "find",  # folders.find_inputs
  "is_over_budget",
  "test_images",
  "weighted_total",
}


def _names():
  path = conftest.ROOT / "tests" / "testdata" / "v0_6_0" / "public_names.json"
  return json.loads(path.read_text(encoding="utf-8")).items()


@pytest.mark.parametrize(("old", "names"), _names(), ids=lambda v: str(v)[:20])
def test_every_public_name_of_0_6_0_is_found(old, names):
  with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    module = importlib.import_module(f"official.cyclegan.{old}")
    missing = [name for name in names if not hasattr(module, name)]
  if old in _GONE:
    missing = [
      name
      for name in missing
      if name not in _GONE_NAMES and not name.startswith("define_")
    ]
  assert not missing


if __name__ == "__main__":
  conftest.main(__file__)
