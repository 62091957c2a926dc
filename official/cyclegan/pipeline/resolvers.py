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
"""Which model a training begins with."""

from __future__ import annotations

from typing import Any

from tfx.dsl.components.common import resolver
from tfx.dsl.input_resolution.strategies import latest_blessed_model_strategy


class WarmStartStrategy(resolver.ResolverStrategy):
  """The newest blessed model that was not trained on the pictures of now.

  The newest of all would be, the night after, the one that was just trained;
  then the same pictures would be trained on again and again.
  """

  def resolve_artifacts(
    self, store: Any, input_dict: dict[str, list[Any]]
  ) -> dict[str, list[Any]] | None:
    """Chooses among the models that there are.

    Args:
      store: The metadata store.
      input_dict: All `model` and `blessing` artifacts, and the `examples` of
        now.

    Returns:
      At most one of each.
    """
    now = {artifact.id for artifact in input_dict["examples"]}
    other = [
      model
      for model in input_dict["model"]
      if not now & _examples_of(store, model.id)
    ]
    blessed = latest_blessed_model_strategy.LatestBlessedModelStrategy()
    found = blessed.resolve_artifacts(
      store, {"model": other, "blessing": input_dict["blessing"]}
    )
    return {**(found or {}), "examples": input_dict["examples"]}


def _examples_of(store: Any, model: int) -> set[int]:
  """Returns the numbers of what went into the making of a model."""
  made = {e.execution_id for e in store.get_events_by_artifact_ids([model])}
  outputs = [
    e.execution_id
    for e in store.get_events_by_artifact_ids([model])
    if e.type in (e.OUTPUT, e.DECLARED_OUTPUT)
  ]
  made &= set(outputs)
  events = store.get_events_by_execution_ids(sorted(made)) if made else []
  return {
    e.artifact_id for e in events if e.type in (e.INPUT, e.DECLARED_INPUT)
  }
