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
"""CycleGAN: from two unpaired sets of images to a model on a phone.

The commands (`python -m official.cyclegan.train`) read flags and call a library
of their name (`train_lib`); the parts are in rooms, listed in the order in
which they may import each other:

  core        options, checks, configuration files, flags, errors, devices
  scenes      the built-in data sets, drawn
  data        from files and TFDS to batches of images in [-1, 1]
  modeling    networks, losses, the model and its training step
  evaluation  measures with and without a known truth
  training    checkpoints, callbacks, diagnostics
  serving     SavedModel, TFLite, translating images
  reporting   pages, curves and model cards
  tuning      the search for loss weights and architectures

Public names can be imported from here; TensorFlow is imported when one that
needs it is asked for.
"""

from __future__ import annotations

import importlib
import typing

from official.cyclegan import old_names

# The public names by the module that each is in. `tools/generate.py` writes
# them to __init__.pyi, from which type checkers know what they are.
PUBLIC = {
  # Options, files, errors.
  "core.config": (
    "Config",
    "DataConfig",
    "DeviceConfig",
    "DistillConfig",
    "LossConfig",
    "ModelConfig",
    "ResolvedConfig",
    "TrainConfig",
  ),
  "core.command_config": (
    "EvaluateConfig",
    "ExportConfig",
    "GeneratorSelection",
  ),
  "core.config_checks": ("resolve",),
  "core.errors": ("UserError",),
  "core.options": ("Choices", "Range"),
  "core.search_config": ("SearchConfig",),
  # Images.
  "scenes.scene_datasets": ("Apple2orangeScenes", "Photo2paintingScenes"),
  "data.dataset": ("training_batches",),
  "data.dataset_audit": ("audit",),
  "data.sources": ("Source", "open_source"),
  # Networks and the model.
  "modeling.adam": ("FusedAdam",),
  "modeling.discriminators": ("build_discriminator",),
  "modeling.generators": ("build_generator",),
  "modeling.image_pool": ("ImagePool",),
  "modeling.layers": (
    "BorderConv2D",
    "CheckpointedDropout",
    "DepthToSpace",
    "PartialDepthwiseConv2D",
    "XnnpackUpSampling2D",
  ),
  "modeling.model": ("CycleGAN", "build_model"),
  "modeling.normalization": ("InstanceNormalization",),
  "modeling.schedules": ("ConstantThenDecay",),
  # Measures.
  "evaluation.distribution_distance": ("fid", "kid", "sliced_wasserstein"),
  "evaluation.features": ("random_features",),
  "evaluation.image_quality": (
    "edge_correlation",
    "grid_strength",
    "masked_psnr",
    "masked_ssim",
    "pooled_psnr",
    "psnr",
    "ssim",
  ),
  "evaluation.paired_metrics": (
    "l1",
    "masked_l1",
    "match_histograms",
    "relative_l1",
    "transport_colors",
  ),
  "evaluation.validation": ("Evaluator", "TestSet"),
  # Runs, exports, searches.
  "training.checkpoints": ("load_generator",),
  "serving.image_translator": (
    "ImageTranslator",
    "open_model",
    "translate_image",
  ),
  "serving.serving_module": ("ServingModule",),
  "serving.tflite_convert": ("convert",),
  "tune_lib": ("search",),
}
# `train`, `evaluate` and `export` are the commands' modules here; the functions
# are in `train_lib`, `evaluate_lib` and `export_lib`.
_PLACES = {name: place for place, names in PUBLIC.items() for name in names}

__all__ = sorted(_PLACES)  # noqa: PLE0605

# For one release the module names of version 0.6.0 are found as well.
old_names.install()


def __getattr__(name: str) -> typing.Any:
  """Imports a public name, or an old module, when it is first asked for."""
  if name in _PLACES:
    module = importlib.import_module(f"{__name__}.{_PLACES[name]}")
    return getattr(module, name)
  raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
  return sorted([*globals(), *__all__])
