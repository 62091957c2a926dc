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

import os
import types

import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import cpu_tuning
from official.cyclegan.core import devices
from tests import conftest


@pytest.mark.parametrize(
  ("line", "want"),
  [
    ("flags\t\t: fpu avx512f avx512_bf16", "mixed_bfloat16"),
    ("flags : fpu amx_bf16", "mixed_bfloat16"),
    ("flags : fpu avx2 avx512f", "float32"),
    ("Features : bf16", "float32"),
  ],
)
def test_auto_precision_reads_what_the_processor_can(
  line, want, tmp_path, monkeypatch
):
  (tmp_path / "cpuinfo").write_text(f"processor : 0\n{line}\n")
  monkeypatch.setattr(cpu_tuning, "_PROCESSOR_FILE", str(tmp_path / "cpuinfo"))
  assert cpu_tuning.has_bfloat16() == (want != "float32")
  assert devices.precision("auto") == want
  assert devices.precision("mixed_float16") == "mixed_float16"


@pytest.mark.parametrize(
  ("limit", "bfloat16", "avx512"),
  [
    (None, True, True),
    ("", True, True),
    ("default", True, True),
    ("avx512_core_bf16", True, True),
    ("AVX512_CORE_AMX", True, True),
    ("AVX10_1_512", True, True),
    ("AVX512_CORE", False, True),
    ("avx2_vnni_2", False, False),
    ("AVX2", False, False),
    ("AVX", False, False),
    ("SSE41", False, False),
  ],
)
def test_what_onednn_is_held_to_is_not_exceeded(
  limit, bfloat16, avx512, tmp_path, monkeypatch
):
  (tmp_path / "cpuinfo").write_text("flags : avx512f avx512_bf16 amx_bf16")
  monkeypatch.setattr(cpu_tuning, "_PROCESSOR_FILE", str(tmp_path / "cpuinfo"))
  monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
  if limit is not None:
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
  assert cpu_tuning.has_bfloat16() == bfloat16
  assert cpu_tuning.has_avx512() == avx512
  (tmp_path / "cpuinfo").write_text("flags : avx avx2 fma")
  assert not cpu_tuning.has_avx512()


def test_auto_precision_without_linux_is_float32(tmp_path, monkeypatch):
  monkeypatch.setattr(cpu_tuning, "_PROCESSOR_FILE", str(tmp_path / "none"))
  assert devices.precision("auto") == "float32"


@pytest.mark.parametrize(
  ("line", "train", "want"),
  [
    ("flags : avx2", {}, "1"),
    ("flags : sse4_2", {}, None),
    ("flags : avx2 avx512_bf16", {"deterministic": True}, "1"),
    ("flags : avx2", {"deterministic": True}, "0"),
    (
      "flags : avx2 avx512_bf16",
      {"deterministic": True, "precision": "float32"},
      "0",
    ),
  ],
)
def test_kernels_are_chosen_before_tensorflow_is_imported(
  line, train, want, tmp_path, monkeypatch
):
  (tmp_path / "cpuinfo").write_text(line)
  monkeypatch.setattr(cpu_tuning, "_PROCESSOR_FILE", str(tmp_path / "cpuinfo"))
  config = config_lib.TrainConfig(**train)
  monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
  cpu_tuning.load_tensorflow(config)
  assert os.environ.get("TF_ENABLE_ONEDNN_OPTS") == want
  monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "2")  # the user's own
  cpu_tuning.load_tensorflow(config)
  assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "2"


def test_memory_is_kept_only_where_the_c_library_can(monkeypatch):
  asked = []
  library = types.SimpleNamespace(mallopt=lambda *values: asked.append(values))
  monkeypatch.setattr(cpu_tuning.ctypes, "CDLL", lambda _: library)
  cpu_tuning._keep_freed_memory()
  assert len(asked) == 2
  monkeypatch.setattr(cpu_tuning.ctypes, "CDLL", lambda _: object())
  cpu_tuning._keep_freed_memory()  # another C library: nothing happens


if __name__ == "__main__":
  conftest.main(__file__)
