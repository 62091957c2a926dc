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
  tuning      the search for loss weights and architectures

Public names can be imported from here; TensorFlow is imported when one that
needs it is asked for.
"""

from __future__ import annotations

import importlib
import typing

from official.cyclegan import old_names

# Where the public names are.
_PUBLIC = {
  "core.config": (
    "Config",
    "DataConfig",
    "DeviceConfig",
    "DistillConfig",
    "EvaluateConfig",
    "ExportConfig",
    "GeneratorSelection",
    "LossConfig",
    "ModelConfig",
    "ResolvedConfig",
    "SearchConfig",
    "TrainConfig",
  ),
}
_PLACES = {name: place for place, names in _PUBLIC.items() for name in names}

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
