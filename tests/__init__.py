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
"""The tests, and what holds for their processes before they import anything."""

import os

# Processes of pytest-xdist share the cores: threads within each would wait for
# those of the others, and burn time by it. NumPy's and SciPy's linear algebra
# asks while it is imported, TensorFlow when it starts.
if "PYTEST_XDIST_WORKER" in os.environ:
  for _name in (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
  ):
    os.environ.setdefault(_name, "1")
