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
"""The pipeline's own components: load check, comparison, push.

Python functions that TFX's decorator makes components of. No `from __future__
import annotations` here: the decorator reads the annotations themselves.
"""

# mypy: disable-error-code="valid-type, misc"

import dataclasses
import json
import os
import pathlib
from typing import Any

import tensorflow as tf
from absl import logging
from tfx.dsl.component.experimental import annotations
from tfx.dsl.component.experimental import decorators
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from official.cyclegan import evaluate_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import files
from official.cyclegan.pipeline import decision
from official.cyclegan.pipeline import load_check
from official.cyclegan.pipeline import pushing
from official.cyclegan.pipeline import settings as settings_lib
from official.cyclegan.pipeline import work_folders

# Custom properties that TFX's resolver and Pusher look at.
_BLESSED, _NOT_BLESSED = "BLESSED", "NOT_BLESSED"
_SCHEMA_PATH = pathlib.Path(__file__).with_name("schema.pbtxt")
_VERDICT_NAME = "verdict.json"


def _export_of(model: Any, folder: str) -> str:
  """Returns what was exported of a Model artifact, on this machine."""
  found: str = path_utils.serving_model_path(model.uri)
  if files.is_address(found):
    local = os.path.join(folder, str(model.id))
    work_folders.copy(found, local)
    return local
  return found


def _write(path: str, text: str) -> None:
  with tf.io.gfile.GFile(path, "w") as file:
    file.write(text)


@decorators.component
def PictureSchema(
  schema: annotations.OutputArtifact[standard_artifacts.Schema],
  version: annotations.Parameter[str] = "",
) -> None:
  """Says what a record of pictures has, wherever this package is installed.

  SchemaGen would make a list of values of the pictures' names.

  Args:
    schema: Gets `schema.pbtxt`.
    version: This package's; another one may know another schema.
  """
  del version  # part of what tells one schema from another
  tf.io.gfile.makedirs(schema.uri)
  text = _SCHEMA_PATH.read_text(encoding="utf-8")
  _write(os.path.join(schema.uri, _SCHEMA_PATH.name), text)


@decorators.component
def ModelLoadCheck(
  model: annotations.InputArtifact[standard_artifacts.Model],
  blessing: annotations.OutputArtifact[standard_artifacts.InfraBlessing],
  version: annotations.Parameter[str] = "",
) -> None:
  """Lets every exported file translate a picture, in a process of its own.

  Args:
    model: The model.
    blessing: Gets `blessed` and, if something is wrong, `problems`.
    version: This package's; another one checks again.
  """
  del version  # part of what tells one check from another
  with files.temporary_folder() as folder:
    problems = load_check.check(_export_of(model, folder))
  for problem in problems:
    logging.warning("The model is refused: %s.", problem)
  name = _NOT_BLESSED if problems else _BLESSED
  blessing.set_int_custom_property("blessed", int(not problems))
  blessing.set_string_custom_property("problems", "; ".join(problems))
  tf.io.gfile.makedirs(blessing.uri)
  _write(os.path.join(blessing.uri, f"INFRA_{name}"), "")


@decorators.component
def ModelComparison(
  examples: annotations.InputArtifact[standard_artifacts.Examples],
  model: annotations.InputArtifact[standard_artifacts.Model],
  infra_blessing: annotations.InputArtifact[standard_artifacts.InfraBlessing],
  blessing: annotations.OutputArtifact[standard_artifacts.ModelBlessing],
  evaluation: annotations.OutputArtifact[standard_artifacts.ModelEvaluation],
  settings: annotations.Parameter[str],
  baseline: annotations.InputArtifact[standard_artifacts.Model] = None,
) -> None:
  """Compares a model with the one in use, on the test pictures of now.

  Args:
    examples: The pictures.
    model: The model.
    infra_blessing: Whether it can be loaded.
    blessing: Gets `blessed`, and the figures by which that was decided.
    evaluation: Gets the reports of both, `candidate/` and `in_use/`, and
      `verdict.json`.
    settings: What `Settings.text` wrote.
    baseline: The model in use, if there is one.
  """
  told = settings_lib.read(settings)
  with files.temporary_folder() as folder:
    verdict = _verdict(told, folder, examples, model, infra_blessing, baseline)
    work_folders.copy(folder, evaluation.uri)
  level = logging.INFO if verdict.blessed else logging.WARNING
  what = "may be put into use" if verdict.blessed else "is refused"
  logging.log(level, "The model %s: %s.", what, verdict.text)
  text = json.dumps(dataclasses.asdict(verdict), indent=2) + "\n"
  _write(os.path.join(evaluation.uri, _VERDICT_NAME), text)
  blessing.set_int_custom_property("blessed", int(verdict.blessed))
  blessing.set_string_custom_property("current_model", model.uri)
  blessing.set_int_custom_property("current_model_id", model.id)
  if baseline is not None:
    blessing.set_string_custom_property("baseline_model", baseline.uri)
    blessing.set_int_custom_property("baseline_model_id", baseline.id)
  blessing.set_string_custom_property("measure", verdict.measure)
  blessing.set_string_custom_property("verdict", verdict.text)
  for name in ("value", "before", "worse_by"):
    figure = getattr(verdict, name)
    if figure is not None:
      blessing.set_float_custom_property(name, figure)
  tf.io.gfile.makedirs(blessing.uri)
  name = _BLESSED if verdict.blessed else _NOT_BLESSED
  _write(os.path.join(blessing.uri, name), "")


def _verdict(
  told: settings_lib.Settings,
  folder: str,
  examples: Any,
  model: Any,
  infra_blessing: Any,
  baseline: Any,
) -> decision.Verdict:
  """Decides; what was measured is written into a folder."""
  if not infra_blessing.get_int_custom_property("blessed"):
    why = infra_blessing.get_string_custom_property("problems")
    return decision.Verdict(False, "", None, None, None, why)
  if baseline is not None and baseline.id == model.id:
    text = "it is the model in use"
    return decision.Verdict(True, "", None, None, None, text)
  data = dataclasses.replace(
    told.config.data, dataset=examples.uri, domain_a="", domain_b=""
  )
  config = config_checks.resolve(dataclasses.replace(told.config, data=data))
  reports: list[dict[str, Any] | None] = []
  for name, artifact in (("candidate", model), ("in_use", baseline)):
    if artifact is None:
      reports.append(None)
      continue
    with files.temporary_folder() as copied:
      output = os.path.join(folder, name)
      report = evaluate_lib.evaluate(
        _export_of(artifact, copied), output, config, options=told.evaluation
      )
    reports.append(report)
  assert reports[0] is not None
  return decision.decide(
    reports[0], reports[1], told.pipeline.measure, told.pipeline.worse_by
  )


@decorators.component
def ModelPush(
  model: annotations.InputArtifact[standard_artifacts.Model],
  blessing: annotations.InputArtifact[standard_artifacts.ModelBlessing],
  pushed: annotations.OutputArtifact[standard_artifacts.PushedModel],
  push_dir: annotations.Parameter[str],
) -> None:
  """Puts a model into use, if it was blessed.

  Args:
    model: The model.
    blessing: Of it.
    pushed: Gets `pushed`, and where it is: as TFX's Pusher has it.
    push_dir: Where models are put. Empty: `pushed/` in the pipeline's folder.
  """
  told: dict[str, Any] = {"pushed": False}
  blessed = bool(blessing.get_int_custom_property("blessed"))
  pushed.set_int_custom_property("pushed", int(blessed))
  if blessed:
    above = os.path.join(pushed.uri, *[os.pardir] * 3)
    target = push_dir or os.path.join(os.path.normpath(above), "pushed")
    told = pushing.push(
      path_utils.serving_model_path(model.uri), target, model.uri
    )
    pushed.set_string_custom_property("pushed_destination", told["folder"])
    pushed.set_string_custom_property("pushed_version", str(told["version"]))
    logging.info("In use: %s.", told["folder"])
  tf.io.gfile.makedirs(pushed.uri)
  _write(os.path.join(pushed.uri, pushing.CURRENT_NAME), json.dumps(told))
