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
"""Runs a pipeline on this machine, or writes it down for Kubeflow."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import pathlib
import re
from typing import Any

import tensorflow as tf
from absl import logging

from official.cyclegan import prepare_lib
from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import devices
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.core import level_range
from official.cyclegan.core import locks
from official.cyclegan.core import overwriting
from official.cyclegan.data import dataset_audit
from official.cyclegan.data import example_records
from official.cyclegan.data import sources
from official.cyclegan.pipeline import pushing
from official.cyclegan.pipeline import settings as settings_lib
from official.cyclegan.pipeline import work_folders
from official.cyclegan.serving import core_ml_file
from official.cyclegan.serving import onnx_file
from official.cyclegan.serving import web_page

_PICTURES = "pictures"  # in the work's folder: records that `prepare` wrote
_SHARD_BYTES = 128 << 20
_OWN_PATTERN = "*-{split}.tfrecord*"  # TFDS's, and so `prepare`'s
_PATTERN = example_records.PREFIX + "{split}/*"


@dataclasses.dataclass(frozen=True)
class Records:
  """Pictures as TFX takes them.

  Attributes:
    folder: Where they are.
    pattern: Which files hold a split, with `{split}` in it.
    levels: As of `Settings`.
  """

  folder: str
  pattern: str
  levels: dict[str, Any]


def require_tfx() -> None:
  """Refuses to go on where TFX is not installed.

  Raises:
    errors.UserError: Says how to get it.
  """
  missing = importlib.util.find_spec("tfx") is None
  if missing or importlib.util.find_spec("ml_metadata") is None:
    raise errors.UserError(
      "TFX is not installed: tools/tfx_env.sh makes an environment with it"
      " (Python 3.10 or 3.11), whose python runs this command."
    )


def run(settings: settings_lib.Settings) -> dict[str, Any] | None:
  """Runs a pipeline to its end; what is as it was is not done again.

  Args:
    settings: What it is told.

  Returns:
    Which model is in use, as `pushing.current`; None if there is none.

  Raises:
    errors.UserError: If an option or the pictures make it impossible.
    locks.InUseError: If it runs already.
  """
  given = str(settings.pipeline.pipeline_root)
  if files.is_address(given):
    raise errors.UserError(
      ": on this machine a pipeline works in a folder. Give one; --push_dir may"
      " be an address.",
      "pipeline_root",
      given,
    )
  settings = _absolute(settings, os.path.realpath(given))
  told = settings.pipeline
  root = str(told.pipeline_root)
  config = config_checks.resolve(settings.config)
  for name in ("pipeline_root", "push_dir", "work_dir"):
    path = getattr(told, name)
    if path and not files.is_address(path):
      overwriting.check(overwriting.of_data(config.data), name, path)
  check(settings)
  _require_exporters(settings.export)
  files.make_folder(root, "pipeline_root")
  with locks.hold(root, "pipeline_root"):
    # Before anything uses TensorFlow, as several of the steps do.
    devices.set_up(config)
    work = told.work_dir or os.path.join(root, "work")
    records = find_records(config.data, work)
    _run_steps(dataclasses.replace(settings, levels=records.levels), records)
    kept = [records.folder] if records.folder.startswith(work) else []
    work_folders.tidy(work, kept)
  return pushing.current(told.push_dir or os.path.join(root, "pushed"))


def _run_steps(settings: settings_lib.Settings, records: Records) -> None:
  """Runs all steps here, in this process."""
  _be_quiet()
  # Imported late: what is wrong with the pictures is told sooner.
  from tfx.orchestration.local import local_dag_runner

  from official.cyclegan.pipeline import tfx_pipeline

  made = tfx_pipeline.create_pipeline(settings, records.folder, records.pattern)
  local_dag_runner.LocalDagRunner().run(made)


def _be_quiet() -> None:
  """Leaves out what TFX and Beam say of themselves: each run the same.

  What fails there is raised as well.
  """
  logging.get_absl_handler().addFilter(
    lambda record: (
      not re.search(r"[/\\](tfx|apache_beam)[/\\]", record.pathname)
    )
  )


def compile_for_kubeflow(settings: settings_lib.Settings) -> str:
  """Writes a pipeline down as Kubeflow Pipelines 2 and Vertex AI run it.

  Args:
    settings: What it is told.

  Returns:
    The file.

  Raises:
    errors.UserError: If something is missing that is needed there.
  """
  told = settings.pipeline
  data = settings.config.data
  if not (data.dataset and sources.is_prepared(data.dataset)):
    raise errors.UserError(
      ": the containers need records at an address that all of them read. Give"
      " what prepare wrote, such as gs://bucket/pictures.",
      "dataset",
      data.dataset,
    )
  for name in ("image", "work_dir"):
    if not getattr(told, name):
      raise errors.UserError("is missing: kubeflow needs it.", name)
  check(settings)
  if importlib.util.find_spec("kfp") is None:
    raise errors.UserError(
      "kfp-pipeline-spec is not installed: tools/tfx_env.sh installs it."
    )
  from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner

  from official.cyclegan.pipeline import tfx_pipeline

  levels = {} if files.is_address(data.dataset) else _levels(data.dataset)
  settings = dataclasses.replace(settings, levels=levels)
  made = tfx_pipeline.create_pipeline(settings, data.dataset)
  runner = kubeflow_v2_dag_runner.KubeflowV2DagRunner(
    kubeflow_v2_dag_runner.KubeflowV2DagRunnerConfig(default_image=told.image)
  )
  job = runner.run(made, write_out=False)
  files.write_text(
    pathlib.Path(told.compiled),
    json.dumps(job, indent=2, sort_keys=True) + "\n",
    "compiled",
  )
  return told.compiled


def check(settings: settings_lib.Settings) -> None:
  """Refuses options that would only fail hours later.

  Args:
    settings: What the pipeline is told.

  Raises:
    errors.UserError: Carries the option.
  """
  told, train = settings.pipeline, settings.config.train
  device = settings.config.device.distribution_strategy
  if settings.config.distill.teacher:
    raise errors.UserError(
      "is for distill, not for a pipeline. Leave it out.",
      "teacher",
      settings.config.distill.teacher,
    )
  config = config_checks.resolve(settings.config)
  config_checks.check_training(config)
  config_checks.resolve_export(settings.export, config)
  if told.tuned:
    config_checks.check_search(settings.search)
    for name in ("max_minutes", "until"):
      if getattr(train, name):
        raise errors.UserError(
          "is not for --tuned: trials are compared after equally many steps."
          " Give --train_steps.",
          name,
          getattr(train, name),
        )
  if told.warm_start and device != "one_device":
    raise errors.UserError(
      "is for one device only.", "warm_start", told.warm_start
    )
  if told.measure.endswith("inception") and not (
    settings.evaluation.inception or settings.evaluation.inception_weights
  ):
    raise errors.UserError(
      "needs evaluation.inception=true.", "measure", told.measure
    )


def _require_exporters(export: command_config.ExportConfig) -> None:
  """Refuses what cannot be written here, which export would find out late."""
  if "web" in export.format:
    web_page.require_runtime()
  if "onnx" in export.format:
    onnx_file.require_packages()
  if "coreml" in export.format:
    core_ml_file.require_package()


def _absolute(
  settings: settings_lib.Settings, root: str
) -> settings_lib.Settings:
  """Returns settings whose paths do not depend on the current folder."""
  told = dataclasses.replace(settings.pipeline, pipeline_root=root)
  for name in ("push_dir", "work_dir"):
    path = getattr(told, name)
    if path and not files.is_address(path):
      told = dataclasses.replace(told, **{name: os.path.abspath(path)})
  return dataclasses.replace(settings, pipeline=told)


def find_records(config: config_lib.DataConfig, work: str) -> Records:
  """Finds pictures as records, and packs them where they are none.

  Args:
    config: Where the pictures are.
    work: A folder; gets the records of pictures that are files.

  Returns:
    The records; of the same pictures always the same files.

  Raises:
    errors.UserError: If there are no such pictures, or one is broken.
  """
  if not config.domain_a and example_records.is_artifact(config.dataset):
    return Records(os.path.abspath(config.dataset), _PATTERN, {})
  is_folder = config.domain_a or (
    os.path.isdir(config.dataset) and not sources.is_prepared(config.dataset)
  )
  if is_folder:
    folder = _pack(config, work)
  else:
    source = sources.open_source(config)  # which checks, downloads and draws
    folder = os.path.dirname(source.files[0])
  return Records(folder, _OWN_PATTERN, _levels(folder))


def _pack(config: config_lib.DataConfig, work: str) -> str:
  """Looks through pictures and packs them, unless these are packed already."""
  audit = dataset_audit.audit(config)
  names = sorted(
    f"{p.split} {os.path.basename(p.path)} {p.digest}" for p in audit.pictures
  )
  name = work_folders.key(*names, config.background, config.range)
  folder = os.path.join(work, _PICTURES, name)
  if not sources.is_prepared(folder):
    files.make_folder(os.path.dirname(folder), "work_dir")
    summary = dataset_audit.report(audit)
    prepare_lib.write(audit, summary, config, folder, _SHARD_BYTES)
  logging.info("%d pictures in %s.", len(audit.pictures), folder)
  return folder


def _levels(folder: str) -> dict[str, Any]:
  """Returns what `prepare` noted of levels; nothing of other folders."""
  path = os.path.join(folder, prepare_lib.REPORT_NAME)
  try:
    with tf.io.gfile.GFile(path) as file:
      domains = json.loads(file.read())["domains"]
    found = {name: domains[name].get("levels") for name in domains}
    for levels in found.values():
      level_range.from_list(levels)
  except (tf.errors.OpError, ValueError, KeyError, AttributeError, TypeError):
    return {}
  return {n: {"levels": levels} for n, levels in found.items() if levels}
