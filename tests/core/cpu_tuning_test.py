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
  ("limit", "want"),
  [
    (None, True),
    ("", True),
    ("avx512_core_bf16", True),
    ("AVX512_CORE_AMX", True),
    ("AVX512_CORE", False),
    ("AVX2", False),
  ],
)
def test_bfloat16_is_not_used_where_onednn_is_held_to_less(
  limit, want, tmp_path, monkeypatch
):
  _on_wide_processor(limit, tmp_path, monkeypatch)
  assert cpu_tuning.has_bfloat16() == want


@pytest.mark.parametrize(
  ("limit", "want"),
  [
    (None, True),
    ("default", True),
    ("AVX512_CORE", True),
    ("AVX10_1_512", True),
    ("avx2_vnni_2", False),
    ("AVX2", False),
    ("AVX", False),
    ("SSE41", False),
  ],
)
def test_avx512_is_not_used_where_onednn_is_held_to_less(
  limit, want, tmp_path, monkeypatch
):
  _on_wide_processor(limit, tmp_path, monkeypatch)
  assert cpu_tuning.has_avx512() == want
  (tmp_path / "cpuinfo").write_text("flags : avx avx2 fma")
  assert not cpu_tuning.has_avx512()


def _on_wide_processor(limit, tmp_path, monkeypatch):
  """Sets what the processor can, and what oneDNN is held to, if anything."""
  (tmp_path / "cpuinfo").write_text("flags : avx512f avx512_bf16 amx_bf16")
  monkeypatch.setattr(cpu_tuning, "_PROCESSOR_FILE", str(tmp_path / "cpuinfo"))
  monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
  if limit is not None:
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)


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
  cpu_tuning.before_import(config)
  assert os.environ.get("TF_ENABLE_ONEDNN_OPTS") == want
  monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "2")  # the user's own
  cpu_tuning.before_import(config)
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
