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
"""Runs commands in children of a process that has the large packages imported.

A start of Python with TensorFlow takes seconds, a fork milliseconds. The child
has its own arguments, folder, environment and output, and runs the command's
module as `__main__`. The process that forks must not have used TensorFlow yet:
its threads would be missing in the children.
"""

from __future__ import annotations

import gc
import importlib
import os
import runpy
import sys
import threading
import traceback
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence

# What takes the time of a command's start, but for this project's modules.
HEAVY = (
  "tensorflow",
  "tensorflow_addons",
  "tensorflow_datasets",
  "keras_tuner",
  "matplotlib.figure",
  "tensorboard.plugins.hparams.api",
  "imagehash",
  "ai_edge_litert.interpreter",
)


def import_packages(names: Iterable[str] = HEAVY) -> None:
  """Imports packages for all children; those that are not installed are not.

  Args:
    names: The modules.
  """
  # As `core/command` sets it before it lets TensorFlow be imported.
  os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
  for name in names:
    try:
      importlib.import_module(name)
    except ImportError:  # an optional one
      continue
  gc.collect()
  gc.freeze()  # no child looks through the packages' objects again


def become(
  target: Sequence[str],
  cwd: str,
  env: Mapping[str, str],
  outputs: Sequence[str],
  before: Callable[[], None] = lambda: None,
) -> typing.NoReturn:
  """Turns this process, which has just been forked, into a command.

  Args:
    target: `-m` and a module's name, or a Python file; then its arguments.
    cwd: The folder that it runs in.
    env: Its environment.
    outputs: Files that get standard output and standard error.
    before: Called when all else is in place.
  """
  status = 1
  try:
    for fd, path in enumerate(outputs, 1):
      os.dup2(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC), fd)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    words = list(target)
    before()
    if words[0] == "-m":
      sys.path[:0] = [os.getcwd(), *filter(None, paths)]
      sys.argv = words[1:]
      runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
      sys.path[:0] = [os.path.dirname(words[0]), *filter(None, paths)]
      sys.argv = words
      runpy.run_path(words[0], run_name="__main__")
    status = 0
  except SystemExit as end:
    if isinstance(end.code, str):
      print(end.code, file=sys.stderr)
    elif end.code is None or isinstance(end.code, int):
      status = end.code or 0
  except BaseException:
    traceback.print_exc()
  finally:
    # As a process that ends by itself: threads are waited for, exit handlers
    # run; then without what the forking process has registered.
    try:
      for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
          thread.join()
      sys.stdout.flush()
      sys.stderr.flush()
    finally:
      os._exit(status)
