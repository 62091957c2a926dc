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
"""The private parts of keras-tuner that the search relies on, behind names.

Only this module imports `keras_tuner.src`, reads or overrides what begins with
an underscore in keras-tuner's classes, or knows how its workers ask their
chief. All of it is checked when the module is imported, so that another version
of keras-tuner ends in one sentence; `kerastuner_compat_test.py` checks in
addition that each part still behaves as the search needs it.
"""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner import oracles as kt_oracles
from keras_tuner.engine.trial import Trial
from keras_tuner.engine.trial import TrialStatus

from official.cyclegan.core import errors

SUPPORTED = "1.4.8"  # the version that setup.py asks for
_CONFIG_MODULE = "keras_tuner.src.config"
# Attributes of classes that are private in keras-tuner.
_OF_CLASSES: tuple[tuple[type, tuple[str, ...]], ...] = (
  (keras_tuner.Oracle, ("_set_project_dir", "_project_dir", "_save_trial")),
  (kt_oracles.BayesianOptimizationOracle, ("_vectorize_trials",)),
  (keras_tuner.Tuner, ("_populate_initial_space",)),
)
# Attributes that an oracle has once it is made.
_OF_ORACLES = ("_retry_queue",)

__all__ = ["Trial", "TrialStatus"]


class UnsupportedVersionError(errors.UserError):
  """The installed keras-tuner lacks something that the search relies on."""

  def __init__(self, missing: str):
    """Says what to install.

    Args:
      missing: What is not there.
    """
    super().__init__(
      f"keras-tuner {keras_tuner.__version__} has no {missing}, which the"
      f" search relies on. Install the version that this package was made for:"
      f" pip install keras-tuner=={SUPPORTED}"
    )


def check() -> None:
  """Checks that all private parts are there.

  Raises:
    UnsupportedVersionError: If one is missing.
  """
  for owner, names in _OF_CLASSES:
    _require(owner, names, owner.__name__)
  oracle = keras_tuner.Oracle(objective="loss", max_trials=1)
  _require(oracle, _OF_ORACLES, "Oracle")
  _require(_config(), ("DEBUG",), _CONFIG_MODULE)


def _require(owner: Any, names: tuple[str, ...], shown: str) -> None:
  for name in names:
    if not hasattr(owner, name):
      raise UnsupportedVersionError(f"{shown}.{name}")


def _config() -> Any:
  """Returns keras-tuner's module of settings."""
  try:
    return importlib.import_module(_CONFIG_MODULE)
  except ImportError as error:
    raise UnsupportedVersionError(_CONFIG_MODULE) from error


def synchronized(method: Callable[..., Any]) -> Callable[..., Any]:
  """Lets one thread at a time into an oracle, as `keras_tuner.synchronized`.

  keras-tuner's decorator keeps its lock for ever if the method raises: after a
  full disk a chief would never answer again. This one lets go of it.

  Args:
    method: Of an oracle.
  """

  @keras_tuner.synchronized
  @functools.wraps(method)
  def locked(*args: Any, **kwargs: Any) -> tuple[Any, Exception | None]:
    try:
      return method(*args, **kwargs), None
    except Exception as error:
      return None, error  # raised below, after the lock is released

  @functools.wraps(method)
  def call(*args: Any, **kwargs: Any) -> Any:
    result, error = locked(*args, **kwargs)
    if error is not None:
      raise error
    return result

  return call


class OracleMixin(keras_tuner.Oracle):
  """An oracle whose private parts have public names.

  keras-tuner's `_save_trial` writes one file for each trial, beside that of the
  oracle. Here it writes nothing: the subclass saves all trials in `save`.
  """

  @property
  def folder(self) -> str:
    """The folder of the search, which is created if it is missing."""
    return self._project_dir

  def set_folder(self, folder: str) -> None:
    """Sets the folder of the search.

    Args:
      folder: Its path.
    """
    self._set_project_dir(*os.path.split(os.path.abspath(folder)))

  @property
  def waiting(self) -> list[str]:
    """Names of trials that were begun and wait for a tuner to go on.

    `create_trial` takes the last one before it makes a new trial. The list may
    be changed.
    """
    return self._retry_queue

  def _save_trial(self, trial: Trial) -> None:
    """Leaves it to `save`, which writes all trials."""


class BayesianOracle(kt_oracles.BayesianOptimizationOracle):
  """keras-tuner's Gaussian process, fitted to a choice of the trials."""

  trials: dict[str, Trial]

  def fitted_trials(self) -> dict[str, Trial]:
    """Returns the trials that the process is fitted to, by their names."""
    return self.trials

  def fitted_points(self) -> tuple[np.ndarray, np.ndarray]:
    """Returns what the process is fitted to.

    Returns:
      The trials' values, `[trials, hyperparameters]` in [0, 1], and their
      objectives, `[trials]`.
    """
    return self._vectorize_trials()

  def _vectorize_trials(self) -> tuple[np.ndarray, np.ndarray]:
    everything = self.trials
    self.trials = self.fitted_trials()
    try:
      return super()._vectorize_trials()
    finally:
      self.trials = everything


class TunerMixin(keras_tuner.Tuner):
  """A tuner that builds no model before its first trial."""

  def __init__(
    self,
    oracle: keras_tuner.Oracle,
    hypermodel: keras_tuner.HyperModel,
    folder: str,
  ):
    """Declares the search space; in a worker, finds the chief.

    Args:
      oracle: Chooses the trials.
      hypermodel: Declares the search space, and trains the trials.
      folder: The folder of the search.
    """
    parent, name = os.path.split(os.path.abspath(folder))
    # keras-tuner would print the traceback of each trial that fails.
    _config().DEBUG = False
    super().__init__(oracle, hypermodel, directory=parent, project_name=name)

  def _populate_initial_space(self) -> None:
    """Declares what is varied; keras-tuner's builds models to find out."""
    hp = self.oracle.get_space()
    self.hypermodel.declare_hyperparameters(hp)
    self.oracle.update_space(hp)

  def wrap_requests(self, wrap: Callable[[Any], Any]) -> None:
    """Replaces what a worker's requests to its chief go through.

    Args:
      wrap: Gets the gRPC stub of the chief's service, and returns what has the
        same methods: each takes a request, and `wait_for_ready` and `timeout`
        by name.

    Raises:
      UnsupportedVersionError: If the requests go another way.
    """
    _require(self.oracle, ("stub",), "OracleClient")
    self.oracle.stub = wrap(self.oracle.stub)


check()
