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
"""Tests of the whole pipeline, in an environment with TFX."""

import json
import re

import pytest

from tests import conftest
from tests import tfx_python

_STORED = conftest.ROOT / "tests" / "testdata" / "pipeline_kubeflow.json"


def _compiled(tmp_path, *changes):
  path = tmp_path / "pipeline.json"
  done = tfx_python.run(
    tfx_python.find(),
    "-m",
    "official.cyclegan.pipeline",
    "--runner=kubeflow",
    f"--compiled={path}",
    "--experiment=none",
    "--pipeline_root=gs://bucket/pipeline",
    "--dataset=gs://bucket/pictures",
    "--work_dir=/mnt/work",
    "--image=registry.example/cyclegan-tfx:1",
    "--warm_start",
    "--tuned",
    "--train_steps=1000",
    *changes,
  )
  assert done.returncode == 0, done.stderr
  return json.loads(path.read_text(encoding="utf-8"))


def _without_options(value):
  """Replaces what changes with options and versions of this package.

  They are tested elsewhere; with more of them it is the same pipeline.
  """
  if isinstance(value, dict):
    return {key: _without_options(found) for key, found in value.items()}
  if isinstance(value, list):
    return [_without_options(found) for found in value]
  if isinstance(value, str):
    if re.fullmatch(r"\d+\.\d+\.\d+|3-\d+", value):  # the last is Python's
      return "VERSION"
    return "OPTIONS" if "version" in value and "{" in value else value
  return value


@pytest.mark.slow(seconds=12)
def test_the_form_for_kubeflow_is_the_stored_one(tmp_path):
  """To store another one write what `made` is to the file."""
  made = _without_options(_compiled(tmp_path))
  stored = json.loads(_STORED.read_text(encoding="utf-8"))
  assert made == _without_options(stored)


@pytest.mark.slow(seconds=11)
def test_the_form_for_kubeflow_names_no_file_of_this_machine(tmp_path):
  text = json.dumps(_compiled(tmp_path))
  assert str(conftest.ROOT) not in text and str(tmp_path) not in text
  assert "site-packages" not in text


@pytest.mark.slow(seconds=200)
def test_nights_of_a_pipeline(tmp_path):
  """First run, cached, new pictures, a worse model, and one that is killed."""
  done = tfx_python.run(
    tfx_python.find(),
    conftest.ROOT / "tools" / "checks" / "check_pipeline.py",
    f"--output_dir={tmp_path / 'nights'}",
    "--kills=1",
    "--short",
    "--steps=20",
  )
  log = tmp_path / "nights" / "log.txt"
  assert done.returncode == 0, (
    done.stdout,
    done.stderr,
    log.read_text()[-3000:],
  )
  assert "refused: relative_l1" in done.stdout
  assert "made by Trainer" in done.stdout
  assert "made by ImportExampleGen" in done.stdout


if __name__ == "__main__":
  conftest.main(__file__)
