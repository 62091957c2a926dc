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
"""Tests of the pipeline's own components; tfx_pipeline_test runs them."""

from tests import conftest
from tests import tfx_python

_DECISIONS = """
from types import SimpleNamespace as Of
from official.cyclegan.pipeline import components

def infra(blessed, problems=""):
  return Of(get_int_custom_property=lambda name: int(blessed),
            get_string_custom_property=lambda name: problems)

def asked(blessing, baseline):
  found = components._verdict(None, "", None, Of(id=4), blessing, baseline)
  return [found.blessed, found.text]

answer = [asked(infra(False, "g_AB.tflite cannot be used"), None),
          asked(infra(True), Of(id=4))]
"""


def test_what_needs_no_measuring_is_decided_without():
  broken, same = tfx_python.ask(tfx_python.find(), _DECISIONS)
  assert broken == [False, "g_AB.tflite cannot be used"]
  assert same == [True, "it is the model in use"]


if __name__ == "__main__":
  conftest.main(__file__)
