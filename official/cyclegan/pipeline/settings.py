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
"""What a pipeline is told, as text that its steps are handed."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
from collections.abc import Mapping
from typing import Any, TypeVar

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import options
from official.cyclegan.core import search_config

_DISTRIBUTION = "cyclegan-garden"
_T = TypeVar("_T")
# By the names of `Settings`.
_SECTIONS = {
  "pipeline": command_config.PipelineConfig,
  "evaluation": command_config.EvaluateConfig,
  "export": command_config.ExportConfig,
  "search": search_config.SearchConfig,
}


@dataclasses.dataclass(frozen=True)
class Settings:
  """All options of a pipeline.

  Attributes:
    config: The run, as it was asked for; where its pictures are does not count
      in a step, which gets an Examples artifact.
    pipeline: The pipeline itself.
    evaluation: How a model is measured.
    export: What is written of it.
    search: What is searched before, if `pipeline.tuned`.
    levels: What `prepare` noted of levels of pictures with more than 8 bits,
      by domain: `report.json`'s `domains`.
  """

  config: config_lib.Config
  pipeline: command_config.PipelineConfig = command_config.PipelineConfig()
  evaluation: command_config.EvaluateConfig = command_config.DEFAULT_EVALUATION
  export: command_config.ExportConfig = command_config.DEFAULT_EXPORT
  search: search_config.SearchConfig = dataclasses.field(
    default_factory=search_config.SearchConfig
  )
  levels: Mapping[str, Any] = dataclasses.field(default_factory=dict)

  def with_pipeline(self, *names: str) -> Settings:
    """Returns these settings with only some options of the pipeline's own.

    Args:
      *names: Which stay; the others get their defaults.
    """
    kept = {name: getattr(self.pipeline, name) for name in names}
    return dataclasses.replace(
      self, pipeline=command_config.PipelineConfig(**kept)
    )

  def text(self, *names: str) -> str:
    """Returns some of the attributes as JSON, with this package's version.

    A step does what it did before if this is the same: so it has to hold all
    that the step's result depends on, and nothing else.

    Args:
      *names: Of attributes.
    """
    values: dict[str, Any] = {"version": version()}
    for name in names:
      part = getattr(self, name)
      if name == "config":
        plain = dataclasses.asdict(part)
        for option in ("dataset", "domain_a", "domain_b", "data_dir"):
          del plain["data"][option]
        values[name] = plain
      elif name == "levels":
        values[name] = dict(part)
      else:
        values[name] = search_config.option_values(part)
    return json.dumps(values, sort_keys=True)


def read(text: str) -> Settings:
  """Returns what `Settings.text` wrote; what it left out has its default.

  Args:
    text: The JSON.
  """
  values = json.loads(text)
  config = config_lib.Config()
  for name, found in values.get("config", {}).items():
    part = _changed(getattr(config, name), found)
    config = dataclasses.replace(config, **{name: part})
  parts = {
    name: _changed(part(), values[name])
    for name, part in _SECTIONS.items()
    if name in values
  }
  return Settings(config, levels=values.get("levels", {}), **parts)


def _changed(part: _T, values: Mapping[str, Any]) -> _T:
  """Returns a part with values as JSON has them."""
  entries = search_config.declared_options(part)
  changed: _T = search_config.with_options(
    part,
    {
      name: options.convert(entries[name], value)
      for name, value in values.items()
      if value is not None  # as pipeline_root is by default
    },
  )
  return changed


def version() -> str:
  """Returns this package's version, empty where it is not installed."""
  try:
    return importlib.metadata.version(_DISTRIBUTION)
  except importlib.metadata.PackageNotFoundError:
    return ""
