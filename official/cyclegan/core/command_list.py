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
"""The commands by name, in the order in which most people need them."""

from __future__ import annotations

import ast
import importlib.util

_PACKAGE = __name__.split(".core.")[0]

NAMES = (
  "download",
  "prepare",
  "probe",
  "train",
  "distill",
  "tune",
  "evaluate",
  "export",
  "check_device",
  "translate",
  "translate_many",
  "evaluate_many",
  "prepare_many",
  "pipeline",
  "demo",
  "studio",
  "doctor",
  "completion",
)
# Those of them that are a room's `__main__`, for a room has the name.
_ROOMS = ("pipeline",)


def module(name: str) -> str:
  """Returns the name of the module that is a command.

  Args:
    name: One of `NAMES`.
  """
  return f"{_PACKAGE}.{name}{'.__main__' if name in _ROOMS else ''}"


def summary(name: str) -> str:
  """Returns what a command does, in one line, without importing it.

  Args:
    name: One of `NAMES`.
  """
  found = importlib.util.find_spec(module(name))
  source = found.loader.get_source(module(name))  # type: ignore
  return (ast.get_docstring(ast.parse(source)) or "").splitlines()[0]
