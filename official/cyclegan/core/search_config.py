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
"""Options of a search, each declared once, and what it can vary.

What is tried of an option is declared with the option itself (`search=`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import options
from official.cyclegan.core.options import Choices
from official.cyclegan.core.options import option
from official.cyclegan.core.options import Range

# Of those that need no truth the one that ranks trained models most like the
# truth does (docs/tuning.md).
DEFAULT_OBJECTIVE = "fid_patches"
SPACES = ("weights", "architecture")
FILE_NAME = "search.json"  # in a search's folder: its options


def _searchable() -> Iterator[tuple[str, str, Range | Choices]]:
  """Yields what a search can vary: its name, its part, and what is tried."""
  for part, cls in config_lib.parts().items():
    for entry in options.declared(cls):
      if entry.option.search:
        yield entry.name, part, entry.option.search


# What a search can vary: the part of the configuration that each is in.
SEARCHABLE = {name: part for name, part, _ in _searchable()}
Space = Mapping[str, "Range | Choices"]
DEFAULT_SPACE: Space = {name: tried for name, _, tried in _searchable()}


@dataclasses.dataclass(frozen=True)
class SearchConfig:
  """A search for better options.

  Attributes:
    space: What is tried of each option that can be searched. Its flags are the
      option's name with `_range` or `_choices`.
  """

  tuner: str = option(
    "bayesian",
    "What chooses the trials: bayesian learns from those before (Snoek et al.,"
    " Practical Bayesian Optimization of Machine Learning Algorithms, 2012),"
    " hyperband trains many a little and the best of them on (Li et al.,"
    " Hyperband, 2018), random, or grid (--grid_points values of each range).",
    choices=("bayesian", "hyperband", "random", "grid"),
    fixed=True,
  )
  search: tuple[str, ...] = option(
    ("lambda_validation", "lambda_reconstr", "lambda_id"),
    "What is varied, the rest stays as given. Any of: "
    + ", ".join(SEARCHABLE)
    + ". Adam makes only the ratios of the weights matter, so that one of them"
    " can be left out.",
    choices=tuple(SEARCHABLE),
    fixed=True,
  )
  objective: str = option(
    DEFAULT_OBJECTIVE,
    "What is made small: a validation measure, which never contains the"
    " weights. The default needs no truth (docs/tuning.md says why it).",
    choices=config_lib.METRICS,
    old_values=config_lib.METRIC_ALIASES,
    fixed=True,
  )
  space: Space = dataclasses.field(default_factory=lambda: dict(DEFAULT_SPACE))
  max_latency_ms: float = option(
    0.0,
    "A generator that takes longer for a picture on one thread of this machine,"
    " measured in the runtime without TensorFlow, is not trained. 0: no limit.",
    unit="milliseconds",
    minimum=0,
    fixed=True,
  )
  max_macs: float = option(
    0.0,
    "A generator with more multiply-accumulate operations, e.g. 5e8, is not"
    " trained. 0: no limit.",
    unit="operations",
    minimum=0,
    fixed=True,
  )
  max_size_kb: float = option(
    0.0,
    "A generator whose .tflite file is larger is not trained. 0: no limit.",
    unit="1,000 bytes",
    minimum=0,
    fixed=True,
  )
  budget_size: int = option(
    0,
    "Width and height at which these three are measured. 0: --crop_size.",
    unit="pixels",
    minimum=0,
    largest=config_lib.LARGEST_SIZE,
    fixed=True,
    needs={"max_latency_ms": (), "max_macs": (), "max_size_kb": ()},
  )
  budget_quantization: str = option(
    "dynamic",
    "Kind of .tflite file that is measured.",
    choices=config_lib.QUANTIZATIONS,
    fixed=True,
    needs={"max_latency_ms": (), "max_size_kb": ()},
  )
  trial_steps: int = option(
    1000,
    "Training steps of a trial; of hyperband's longest.",
    unit="steps",
    minimum=1,
    fixed=True,
  )
  max_trials: int = option(
    30, "Trials at most; hyperband decides by itself.", minimum=1
  )
  max_minutes: float = option(
    0.0,
    "No trial is begun after this time, that before an interruption included,"
    " nor one that leaves too little time for --finalists. 0: no limit.",
    unit="minutes",
    minimum=0,
  )
  finalists: int = option(
    0,
    "How many of the best trials are trained in full and evaluated again; the"
    " best of these wins, and is trained already. A short training ranks well"
    " but not perfectly (Jamieson and Talwalkar, Non-stochastic Best Arm"
    " Identification and Hyperparameter Optimization, 2016). 0: the best trial"
    " wins.",
    minimum=0,
  )
  executions_per_trial: int = option(
    1,
    "Trainings with different seeds in each trial, whose mean counts.",
    minimum=1,
    fixed=True,
  )
  grid_points: int = option(
    3,
    "Values of each range that --tuner=grid tries.",
    minimum=2,
    largest=1000,
    fixed=True,
    needs={"tuner": ("grid",)},
  )
  hyperband_factor: int = option(
    3,
    "Of this many trials hyperband trains one on (Li et al., 2018, section 3.6:"
    " 3 or 4).",
    minimum=2,
    largest=1000,
    fixed=True,
    needs={"tuner": ("hyperband",)},
  )
  worker_timeout: int = option(
    60,
    "Time without a sign of life after which a worker's trial is given to"
    " another one (--distributed).",
    unit="seconds",
    minimum=1,
  )
  restart_gb: float = option(
    0.0,
    "Memory of the program beyond which it starts itself again between two"
    " trials, because TensorFlow keeps what it has compiled for every model. 0:"
    " a quarter of the memory that is free at the start.",
    unit="10⁹ bytes",
    minimum=0,
  )


@dataclasses.dataclass(frozen=True)
class TuneConfig:
  """How `tune` runs, beside the search itself."""

  space: str = option(
    SPACES[0],
    "What is searched: loss weights, trained like train; or the architecture of"
    " a small generator that learns from --teacher, like distill. --search and"
    " the --..._choices have other defaults there: gen_n_filters, n_res_blocks,"
    " block_kernel, block_scale, upsample.",
    choices=SPACES,
  )
  tuner_dir: str | None = option(
    None, "Folder of the search; all of its processes share it.", is_path=True
  )
  distributed: bool = option(
    False,
    "This is one of several processes. KERASTUNER_TUNER_ID is chief in one and"
    " a name of its own in each of the others, which train;"
    " KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT are the chief's address"
    " in all.",
  )
  show_ended: bool = option(True, "Show the trials of earlier starts again.")


# Where `tune --space=architecture` searches if nothing else is asked for.
ARCHITECTURE_SEARCH = SearchConfig(
  search=(
    "gen_n_filters",
    "n_res_blocks",
    "block_kernel",
    "block_scale",
    "upsample",
  ),
  space={
    **DEFAULT_SPACE,
    "gen_n_filters": Choices((8, 12, 16, 20, 24, 28)),
    "n_res_blocks": Choices((2, 4, 6, 8)),
  },
)


def searched(config: config_lib.Config, names: Sequence[str]) -> dict[str, Any]:
  """Returns a configuration's values of what a search varies.

  Args:
    config: Not necessarily resolved.
    names: Some of `SEARCHABLE`.
  """
  return {
    name: getattr(getattr(config, SEARCHABLE[name]), name) for name in names
  }


def with_searched(
  config: config_lib.Config, values: dict[str, Any]
) -> config_lib.Config:
  """Returns a configuration with other values of what a search varies.

  Args:
    config: Not necessarily resolved.
    values: By the names of `SEARCHABLE`.

  Returns:
    The configuration, to be resolved; a discriminators' learning rate of its
    own keeps its ratio to the generators'.
  """
  for name, value in values.items():
    part = SEARCHABLE[name]
    changes = {name: value}
    if name == "learning_rate":
      ratio = config.train.disc_learning_rate / config.train.learning_rate
      changes["disc_learning_rate"] = value * ratio
    changed = dataclasses.replace(getattr(config, part), **changes)
    config = dataclasses.replace(config, **{part: changed})
  return config


def space_flag(name: str, tried: Range | Choices) -> str:
  """Returns the name of the flag that says what a search tries of an option.

  Args:
    name: The option.
    tried: What is tried.
  """
  return f"{name}_{tried.suffix}"


def declared_options(part: Any) -> dict[str, options.Declared]:
  """Returns all options of a part by name, with those of a search's space.

  Args:
    part: A dataclass with options, or an instance of it.
  """
  found = {entry.name: entry for entry in options.declared(part)}
  if part is SearchConfig or isinstance(part, SearchConfig):
    space = DEFAULT_SPACE if part is SearchConfig else part.space
    for name, tried in space.items():
      entry = _declare_tried(name, tried)
      found[entry.name] = entry
  return found


def _declare_tried(name: str, tried: Range | Choices) -> options.Declared:
  """Returns the option that says what a search tries of another option."""
  searched_option = options.find(config_lib.parts()[SEARCHABLE[name]], name)
  if isinstance(tried, Range):
    length, words = 2, f"Least and greatest {name} that is tried, log scale."
  else:
    length, words = 0, f"Values of {name} that are tried."
  return options.Declared(
    space_flag(name, tried),
    searched_option.kind,
    length,
    tried.values(),
    options.Option(words, unit=searched_option.option.unit, fixed=True),
  )


def with_options(part: Any, values: Mapping[str, Any]) -> Any:
  """Returns a part of a configuration with some options changed.

  Args:
    part: An instance of a dataclass with options.
    values: By the names of `declared_options`.
  """
  changes = dict(values)
  if isinstance(part, SearchConfig):
    space = dict(part.space)
    for name, tried in part.space.items():
      flag = space_flag(name, tried)
      if flag in changes:
        given = changes.pop(flag)
        space[name] = (
          Range(*given) if isinstance(tried, Range) else Choices(tuple(given))
        )
    changes["space"] = space
  return dataclasses.replace(part, **changes)


def option_values(part: Any) -> dict[str, Any]:
  """Returns the values of all options of a part, for JSON and for people.

  Args:
    part: An instance of a dataclass with options.
  """
  found = {
    entry.name: getattr(part, entry.name) for entry in options.declared(part)
  }
  if isinstance(part, SearchConfig):
    for name, tried in part.space.items():
      found[space_flag(name, tried)] = tried.values()
  return found
