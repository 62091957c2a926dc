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
"""Module names of version 0.6.0, which are still imported for one release.

`from official.cyclegan import networks` and `from official.cyclegan.networks
import build_generator` give what moved, with a DeprecationWarning that says
where it is now. Nothing is imported before it is asked for.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
import warnings
from collections.abc import Callable, Sequence
from typing import Any

_PACKAGE = "official.cyclegan"
# Where the contents of each module went; the first that has a name counts.
MODULES: dict[str, tuple[str, ...]] = {
  "adam": ("modeling.adam",),
  "atomic_folder": ("core.files",),
  "budget": ("serving.deployment_cost",),
  "callbacks": (
    "training.callbacks",
    "training.summaries",
    "training.diagnostics_callback",
    "training.stop_requests",
  ),
  "checkpoints": ("training.checkpoints", "training.checkpoint_store"),
  "common_flags": ("core.flags", "core.command"),
  "config": (
    "core.config",
    "core.command_config",
    "core.search_config",
    "core.config_checks",
    "core.config_file",
    "core.errors",
    "core.files",
  ),
  "convolution": ("modeling.convolution",),
  "dataset": ("data.dataset", "core.memory"),
  "devices": ("core.devices",),
  "diffaugment": ("modeling.diffaugment",),
  "distillation": ("modeling.distillation",),
  "distribution_distance": ("evaluation.distribution_distance",),
  "drawing": ("scenes.drawing",),
  "export_report": ("serving.export_report",),
  "features": ("evaluation.features",),
  "folders": ("data.folders",),
  "fruit_scenes": ("scenes.fruit_scenes",),
  "health": ("training.diagnostics",),
  "image_files": ("data.image_files", "core.files"),
  "image_pool": ("modeling.image_pool",),
  "image_quality": ("evaluation.image_quality",),
  "inheritance": ("modeling.weight_transfer",),
  "layers": ("modeling.layers",),
  "losses": ("modeling.losses",),
  "model": ("modeling.model",),
  "model_cost": ("serving.model_cost",),
  "networks": (
    "modeling.generators",
    "modeling.discriminators",
    "modeling.blocks",
  ),
  "normalization": ("modeling.normalization",),
  "painting_scenes": ("scenes.painting_scenes",),
  "paired_error": ("evaluation.paired_metrics",),
  "preprocessing": ("data.preprocessing",),
  "run_record": ("training.run_metadata",),
  "sample_grid": ("training.progress_grid", "data.image_grid"),
  "saved_model_file": ("serving.saved_model_file",),
  "scene_datasets": ("scenes.scene_datasets",),
  "schedules": ("modeling.schedules",),
  "search_oracles": ("tuning.oracles",),
  "search_report": ("tuning.search_report",),
  "sources": ("data.sources", "data.preprocessing", "data.image_checks"),
  "survey": ("data.dataset_audit",),
  "tflite_convert": ("serving.tflite_convert",),
  "tflite_edit": ("serving.tflite_edit",),
  "tflite_file": ("serving.tflite_file",),
  "tflite_probe": ("serving.tflite_probe",),
  "translator": ("serving.serving_module",),
  "validation": ("evaluation.validation", "data.preprocessing"),
  "video": ("serving.video",),
  "web_page": ("serving.web_page",),
}
# Names that are called otherwise now, by their old module; with a path where
# they have gone elsewhere than the rest of it.
RENAMED: dict[str, dict[str, str]] = {
  "adam": {"Adam": "FusedAdam"},
  "atomic_folder": {"replacing": "replacing_folder"},
  "budget": {"OverBudget": "ExceedsLimit"},
  "callbacks": {"Pictures": "ProgressPictures", "Health": "Diagnostics"},
  "video": {"ENDINGS": "data.folders.VIDEO_SUFFIXES"},
  "image_files": {
    "READABLE": "data.folders.IMAGE_SUFFIXES",
    "check_background": "core.config_checks.check_background",
  },
  "checkpoints": {
    "Store": "CheckpointStore",
    "BestStore": "BestCheckpoint",
    "damage": "corruption",
  },
  "config": {
    "DEFAULT_CHOICE": "DEFAULT_SELECTION",
    "check_inheritance": "check_transfer",
  },
  "dataset": {"Share": "InputShard"},
  "export_report": {
    "compare": "fidelity_to_keras",
    "true_error": "relative_l1",
  },
  "folders": {"Pile": "DomainFiles"},
  "inheritance": {"inherit": "transfer_weights"},
  "layers": {
    "Conv2D": "BorderConv2D",
    "DepthwiseConv2D": "PartialDepthwiseConv2D",
    "UpSampling2D": "XnnpackUpSampling2D",
    "Dropout": "CheckpointedDropout",
  },
  "paired_error": {"compare": "measure"},
  "saved_model_file": {"runner": "load"},
  "scene_datasets": {
    "draw_fruits": "scenes.fruit_scenes.draw",
    "draw_painting": "scenes.painting_scenes.draw",
  },
  "search_oracles": {
    "Durable": "CrashSafeOracle",
    "TRIAL_FOLDER": "tuning.trial_folder.NAME",
  },
  "search_report": {
    "EXECUTION_FOLDER": "tuning.trial_folder.EXECUTION_NAME",
    "FAILURE_NAME": "tuning.trial_folder.FAILURE_NAME",
    "RESULT_NAME": "tuning.trial_folder.RESULT_NAME",
    "TRACEBACK_NAME": "tuning.trial_folder.TRACEBACK_NAME",
    "plot_front": "plot_pareto_front",
  },
  "survey": {"Survey": "DatasetAudit", "survey": "audit"},
  "tflite_file": {
    "Contract": "SignatureSpec",
    "contract": "signature_spec",
    "runner": "load",
    "function": "translate_function",
  },
  "tflite_probe": {"probe": "run_isolated"},
  "translator": {"Translator": "ServingModule"},
  "validation": {
    "Judge": "Evaluator",
    "to_uint8": "network_to_uint8",
    "to_pictures": "unit_to_uint8",
  },
}
# What left the command libraries, which keep their names: where it is now.
LEFT: dict[str, dict[str, str]] = {
  "train_lib": {
    "Interrupted": "training.stop_requests.Interrupted",
    "build": "training.build.build",
    "run_steps": "training.build.run_steps",
    "steps_per_epoch": "training.build.steps_per_epoch",
    "with_precision": "training.build.with_precision",
  },
  "translate_lib": {
    "Runner": "serving.image_translator.ImageTranslator",
    "SCALES": "core.command_config.SCALES",
    "open_model": "serving.image_translator.open_model",
    "translate_image": "serving.image_translator.translate_image",
  },
  "tune_lib": {
    "COST_NAME": "tuning.trial_folder.COST_NAME",
    "RECORD_NAME": "tuning.search_record.FILE_NAME",
    "Tuner": "tuning.tuner.Tuner",
    "WORKER_VARIABLES": "tuning.workers.VARIABLES",
  },
}


def left(library: str) -> Callable[[str], Any]:
  """Returns the `__getattr__` of a command library that has become smaller.

  Args:
    library: Its name.
  """

  def look_up(name: str) -> Any:
    if name not in LEFT[library]:
      raise AttributeError(
        f"module {_PACKAGE + '.' + library!r} has no attribute {name!r}"
      )
    place = LEFT[library][name]
    warnings.warn(
      f"{library}.{name} is {_PACKAGE}.{place} now; the old name goes with the"
      " next release.",
      DeprecationWarning,
      stacklevel=2,
    )
    return _load(place)

  return look_up


def _load(place: str) -> Any:
  """Returns what a path within the package names."""
  path, _, name = place.rpartition(".")
  return getattr(importlib.import_module(f"{_PACKAGE}.{path}"), name)


def _choice(which: str = "latest", raw: bool = False) -> Any:
  """Makes what `config.Choice` was of its old arguments."""
  return _load("core.command_config.GeneratorSelection")(which, use_ema=not raw)


def _warn_of(old: str) -> None:
  """Warns whoever imports an old module, or takes a name from it.

  Python shows a DeprecationWarning only where it is charged to a line of the
  program itself. Two calls up is that line: the functions of `importlib` in
  between are not counted.
  """
  places = ", ".join(f"{_PACKAGE}.{path}" for path in MODULES[old])
  warnings.warn(
    f"{_PACKAGE}.{old} has moved to {places}; the old name goes with the next"
    " release.",
    DeprecationWarning,
    stacklevel=3,
  )


class _OldModule(types.ModuleType):
  """Looks names up where they are now."""

  def __getattr__(self, name: str) -> Any:
    old = self.__name__.rpartition(".")[2]
    if name == "__all__":  # for `import *`
      return dir(self)
    if name.startswith("__"):
      raise AttributeError(name)
    _warn_of(old)
    if (old, name) == ("config", "Choice"):
      return _choice
    wanted = RENAMED.get(old, {}).get(name, name)
    if "." in wanted:
      return _load(wanted)
    for path in MODULES[old]:
      module = importlib.import_module(f"{_PACKAGE}.{path}")
      if hasattr(module, wanted):
        return getattr(module, wanted)
    raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

  def __dir__(self) -> list[str]:
    """Returns the public names, by their old spelling where they had one."""
    old = self.__name__.rpartition(".")[2]
    names = {*RENAMED.get(old, {}), *(["Choice"] if old == "config" else [])}
    for path in MODULES[old]:
      module = importlib.import_module(f"{_PACKAGE}.{path}")
      names |= {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not isinstance(value, types.ModuleType)
        and getattr(value, "__module__", module.__name__) == module.__name__
      }
    return sorted(names)


class OldNames(importlib.abc.MetaPathFinder, importlib.abc.Loader):
  """Finds old modules; asked last, so that it hides nothing."""

  def find_spec(
    self,
    fullname: str,
    path: Sequence[str] | None,
    target: types.ModuleType | None = None,
  ) -> importlib.machinery.ModuleSpec | None:
    """Returns a specification for an old module, None for any other."""
    package, _, name = fullname.rpartition(".")
    if package != _PACKAGE or name not in MODULES:
      return None
    return importlib.machinery.ModuleSpec(fullname, self)

  def create_module(
    self, spec: importlib.machinery.ModuleSpec
  ) -> types.ModuleType:
    """Returns a module that has what the old one had."""
    _warn_of(spec.name.rpartition(".")[2])
    return _OldModule(spec.name)

  def exec_module(self, module: types.ModuleType) -> None:
    """Does nothing: an old module has no code of its own."""


def install() -> None:
  """Makes old names importable; twice is harmless."""
  if not any(isinstance(finder, OldNames) for finder in sys.meta_path):
    sys.meta_path.append(OldNames())
