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
r"""Trains variants at the same budget and tabulates their true error.

Recipe (about an hour on two cores):

  python tools/benchmarks/ablation.py --output_dir=runs/ablation \
    --flagfile=official/cyclegan/configs/quickstart.flags --train_steps=1600

and what the parts of the default for any pictures are worth (two hours):

  python tools/benchmarks/ablation.py --output_dir=runs/parts \
    --experiment=pictures --train_steps=1600 --parts \
    --datasets=photo2painting_scenes,pages=data/pages

Each variant is what the flags describe with one thing changed, trained on the
built-in data sets, or on folders, with several seeds. Prints a Markdown table
of the mean absolute error to the truth on the test split, A to B, relative to
doing nothing: the mean over the seeds and, in brackets, the smallest and the
largest. Where the test pictures of a folder's domains have other names the
truth is not known, and the table has KID and the Frechet distance of patches,
relative to doing nothing too. Also writes ablation.json and ablation.md. What
is finished is kept, so that the same command goes on after an interruption.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import statistics
from typing import Any

import markdown_table
import named_folder
from absl import flags

from official.cyclegan.core import command
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import cpu_tuning
from official.cyclegan.core import errors
from official.cyclegan.core import flags as core_flags

core_flags.define_run()
_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "Folder for the results.")
_SEEDS = flags.DEFINE_list("seeds", ["1", "2", "3"], "Seeds.")
_DATASETS = flags.DEFINE_list(
  "datasets",
  ["apple2orange_scenes", "photo2painting_scenes"],
  "Data sets whose truth is known: built-in ones, and folders as name=folder.",
)
_PARTS = flags.DEFINE_bool(
  "parts", False, "Without each part of the preset pictures, and nothing else."
)
_ONLY = flags.DEFINE_list("only", [], "Only these variants; empty: all.")

# By the name what a variant is called, and what it changes, by part.
_Variants = dict[str, tuple[str, dict[str, dict[str, Any]]]]
# By the name that a result has without the truth, of which measure it is the
# ratio to doing nothing, and how its column's name ends.
_WITHOUT_TRUTH = {
  "relative_kid_AB": ("kid_random", ", KID"),
  "relative_fid_patches_AB": ("fid_patches", ", patches"),
}
# What each variant changes. Raw generators come from the default's own run.
_VARIANTS: _Variants = {
  "default": ("as configured", {}),
  "no_global_skip": ("no global skip", {"model": {"global_skip": False}}),
  "no_pool": ("no image pool", {"train": {"buffer_max_length": 0}}),
  "conv_transpose": (
    "--upsample=conv_transpose",
    {"model": {"upsample": "conv_transpose"}},
  ),
  "resize_conv": (
    "--upsample=resize_conv",
    {"model": {"upsample": "resize_conv"}},
  ),
  "mixed_bfloat16": (
    "--precision=mixed_bfloat16",
    {"train": {"precision": "mixed_bfloat16"}},
  ),
  "mixed_float16": (
    "--precision=mixed_float16",
    {"train": {"precision": "mixed_float16"}},
  ),
}
# The preset `pictures` without what it differs by from the quickstart, and with
# what it had once.
_WITHOUT_PARTS: _Variants = {
  "default": ("as configured", {}),
  "no_fourier": ("--disc_input=image", {"model": {"disc_input": "image"}}),
  "details": ("--disc_input=details", {"model": {"disc_input": "details"}}),
  "colors": ("--disc_input=colors", {"model": {"disc_input": "colors"}}),
  "disc_norms": ("--disc_norm=instance", {"model": {"disc_norm": "instance"}}),
  "disc_normal": ("--disc_init=normal", {"model": {"disc_init": "normal"}}),
  "lsgan": ("--gan_mode=lsgan", {"loss": {"gan_mode": "lsgan"}}),
  "no_penalties": (
    "--lambda_r1=0 --lambda_r2=0",
    {"loss": {"lambda_r1": 0.0, "lambda_r2": 0.0}},
  ),
  "no_mean_colors": ("--lambda_color=0", {"loss": {"lambda_color": 0.0}}),
  "gen_norms": ("--gen_norm=instance", {"model": {"gen_norm": "instance"}}),
  "not_clipped": ("--noclip_generated", {"train": {"clip_generated": False}}),
  "paper_weights": (
    "--lambda_validation=1 --lambda_reconstr=10 --lambda_id=5",
    {
      "loss": {
        "lambda_validation": 1.0,
        "lambda_reconstr": 10.0,
        "lambda_id": 5.0,
      }
    },
  ),
  "constant_rates": (
    "--lr_policy=constant",
    {"train": {"lr_policy": "constant"}},
  ),
  "long_decay": (
    "--decay_fraction=0.5",
    {"train": {"decay_fraction": 0.5}},
  ),
  "full_size": (
    "--half_size_fraction=0",
    {"train": {"half_size_fraction": 0.0}},
  ),
  "subpixel": ("--upsample=subpixel", {"model": {"upsample": "subpixel"}}),
  "rare_penalties": (
    "--penalty_interval=8",
    {"loss": {"penalty_interval": 8}},
  ),
}


def main() -> None:
  """Trains what is not trained yet, then tabulates."""
  output_dir = core_flags.require("output_dir", "give a folder.")
  known = _WITHOUT_PARTS if _PARTS.value else _VARIANTS
  chosen = _ONLY.value or list(known)
  for name in chosen:
    if name not in known:
      raise errors.UserError(
        f"is not a variant. Known: {', '.join(known)}.", "only", name
      )
  variants = {name: known[name] for name in chosen}
  datasets = dict(_dataset(text) for text in _DATASETS.value)
  path = pathlib.Path(output_dir, "ablation.json")
  path.parent.mkdir(parents=True, exist_ok=True)
  base = config_checks.resolve(core_flags.config_from_flags())
  # Imported late: a refused flag does not wait for TensorFlow.
  cpu_tuning.load_tensorflow(base.train)
  results: dict[str, Any] = {}
  if path.exists():
    results = json.loads(path.read_text(encoding="utf-8"))
  for dataset_name, data in datasets.items():
    for seed in _SEEDS.value:
      for variant, (_, changes) in variants.items():
        key = _key(variant, dataset_name, seed, base)
        if key not in results:
          config = _config(base, changes, data, int(seed))
          folder = os.path.join(output_dir, key)
          results[key] = _train(config, folder, raw=not changes)
          path.write_text(json.dumps(results, indent=2) + "\n")
          print(key, results[key], flush=True)
  table = _table(results, variants, list(datasets), base)
  path.with_suffix(".md").write_text(table)
  print(table, end="")


def _dataset(text: str) -> tuple[str, dict[str, Any]]:
  """Returns a data set's name, and its options.

  Args:
    text: As given: a built-in one's name, or name=folder.

  Raises:
    errors.UserError: If there is no such folder.
  """
  if "=" not in text:
    return text, {"dataset": text}
  name, folder = named_folder.parse(text, "datasets")
  return name, {"dataset": folder, "paired": named_folder.is_paired(folder)}


def _key(
  variant: str, dataset_name: str, seed: str, base: config_lib.ResolvedConfig
) -> str:
  """Returns the name of a run, which is also its folder's."""
  return f"{variant}/{dataset_name}/{base.train.train_steps}/{seed}"


def _config(
  base: config_lib.ResolvedConfig,
  variant: dict[str, dict[str, Any]],
  data: dict[str, Any],
  seed: int,
) -> config_lib.ResolvedConfig:
  """Returns the base configuration with a variant's changes."""
  changes: dict[str, dict[str, Any]] = {"data": data, "train": {"seed": seed}}
  for part, values in variant.items():
    changes[part] = {**changes.get(part, {}), **values}
  return config_checks.resolve(
    dataclasses.replace(
      base,
      **{
        part: dataclasses.replace(getattr(base, part), **values)
        for part, values in changes.items()
      },
    )
  )


def _train(
  config: config_lib.ResolvedConfig, model_dir: str, raw: bool
) -> dict[str, float]:
  """Trains one run and measures its generators, if asked the raw ones too."""
  import tensorflow as tf

  from official.cyclegan import train_lib
  from official.cyclegan.core import devices
  from official.cyclegan.data import sources
  from official.cyclegan.evaluation import validation

  tf.keras.backend.clear_session()
  devices.set_up(config)
  model = train_lib.train(config, model_dir)
  evaluator = validation.Evaluator(
    validation.load(sources.open_source(config.data), config.data.crop_size)
  )
  unchanged = evaluator.measure_translations(
    "AtoB", evaluator.test_set.images["A"]
  )
  found: dict[str, float] = {}
  measured = {"": model.inference_generators}
  if raw:
    measured["raw_"] = model.g_AB, model.g_BA
  for prefix, generators in measured.items():
    g_AB, g_BA = map(validation.from_generator, generators)
    forward = evaluator.measure_direction("AtoB", g_AB, g_BA)
    backward = evaluator.measure_direction("BtoA", g_BA, g_AB)
    measures = validation.mean_of_both({"AtoB": forward, "BtoA": backward})
    if not evaluator.test_set.paired:
      for name, (measure, _) in _WITHOUT_TRUTH.items():
        # Two piles that are the same: there is nothing to change.
        nothing = unchanged[measure]
        measures[name] = forward[measure] / nothing if nothing else 1.0
    found |= {prefix + name: value for name, value in measures.items()}
  return found


def _table(
  results: dict[str, Any],
  variants: _Variants,
  datasets: list[str],
  base: config_lib.ResolvedConfig,
) -> str:
  """Returns the results as Markdown."""
  headers = [f"{base.train.train_steps} steps, seeds {', '.join(_SEEDS.value)}"]
  columns: list[tuple[str, str]] = []  # data set, measure
  for name in datasets:
    some = results[_key(next(iter(variants)), name, _SEEDS.value[0], base)]
    if "relative_l1_AB" in some:
      columns.append((name, "relative_l1_AB"))
      headers.append(f"`{name}`")
      continue
    for measure, (_, ending) in _WITHOUT_TRUTH.items():
      columns.append((name, measure))
      headers.append(f"`{name}`{ending}")
  rows = [(variant, title, "") for variant, (title, _) in variants.items()]
  if "default" in variants:
    rows.insert(1, ("default", "raw generators, no averages", "raw_"))
  lines = []
  for variant, title, prefix in rows:
    cells = []
    for name, measure in columns:
      found = [
        results[_key(variant, name, seed, base)][prefix + measure]
        for seed in _SEEDS.value
      ]
      mean = statistics.mean(found)
      cells.append(f"{mean:.3f} ({min(found):.3f} to {max(found):.3f})")
    lines.append([title, *cells])
  return markdown_table.table(headers, lines) + "\n"


if __name__ == "__main__":
  command.run(main)
