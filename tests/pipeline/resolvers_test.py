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
"""Tests of which model a training begins with."""

from tests import conftest
from tests import tfx_python

# Models 11 and 12, each made by an execution of examples 1 and 2.
_STORE = """
from types import SimpleNamespace as Of
from tfx.types import standard_artifacts
from official.cyclegan.pipeline import resolvers

def event(execution, artifact, kind):
  return Of(execution_id=execution, artifact_id=artifact, type=kind, INPUT=3,
            OUTPUT=4, DECLARED_INPUT=1, DECLARED_OUTPUT=2)

EVENTS = [event(101, 1, 3), event(101, 11, 4), event(102, 2, 3),
          event(102, 12, 4), event(103, 11, 3), event(103, 12, 3)]

class Store:
  def get_events_by_artifact_ids(self, ids):
    return [e for e in EVENTS if e.artifact_id in ids]

  def get_events_by_execution_ids(self, ids):
    return [e for e in EVENTS if e.execution_id in ids]

def artifact(kind, number, **properties):
  made = kind()
  made.id = number
  for name, value in properties.items():
    made.set_int_custom_property(name, value)
  return made

def chosen(examples, blessed):
  found = resolvers.WarmStartStrategy().resolve_artifacts(Store(), {
    "model": [artifact(standard_artifacts.Model, n) for n in (11, 12)],
    "blessing": [
      artifact(standard_artifacts.ModelBlessing, 20 + n, blessed=n in blessed,
               current_model_id=n) for n in (11, 12)],
    "examples": [artifact(standard_artifacts.Examples, examples)],
  })
  return [model.id for model in found["model"]]

answer = [chosen(2, [11, 12]), chosen(3, [11, 12]), chosen(3, [11]),
          chosen(1, [11]), chosen(3, [])]
"""


def test_the_newest_blessed_model_of_other_pictures_is_taken():
  answer = tfx_python.ask(tfx_python.find(), _STORE)
  # That of the pictures of now is passed over: else the same pictures would be
  # trained on each night.
  assert answer == [[11], [12], [11], [], []]


if __name__ == "__main__":
  conftest.main(__file__)
