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
"""Settings that make TensorFlow fast on a processor."""

from __future__ import annotations

import contextlib
import ctypes
import os

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import stack

# Read by TensorFlow when it is imported.
_ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
_AVX2 = "avx2"  # as Linux calls it
# oneDNN's own limit, which leaves instructions of the processor unused; and the
# values with which it still computes in bfloat16.
_ONEDNN_LIMIT = "ONEDNN_MAX_CPU_ISA"
_BFLOAT16_LIMITS = ("ALL", "DEFAULT", "AVX512_CORE_BF16", "AVX512_CORE_FP16")
_BFLOAT16_PREFIXES = ("AVX512_CORE_AMX", "AVX10")
_NARROW_LIMITS = ("SSE41", "AVX")  # without AVX-512, beside AVX2's own
_FEW_CORES = 2
_AVX512 = "avx512f"  # as Linux calls it
# What Linux calls bfloat16 arithmetic that TensorFlow uses.
_BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
_PROCESSOR_FILE = "/proc/cpuinfo"
# Options of glibc's mallopt, from its malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_NEVER = 2**31 - 1  # bytes; the largest value that mallopt takes
_LARGEST_KEPT = 2**30  # bytes


def load_tensorflow(train: config_lib.TrainConfig | None = None) -> None:
  """Imports TensorFlow with the kernels that are fastest on this processor.

  TensorFlow takes oneDNN where there is AVX-512 VNNI, but it is faster with
  AVX2 alone as well (two thirds of the time of a step, `docs/performance.md`;
  of `evaluate` 0.6 of the processor time). A deterministic float32 training
  does without it everywhere: its kernels round differently from version to
  version, TensorFlow's own do not. Without it the two stacks train to the same
  weights bit for bit. What the user has set stays. Where TensorFlow is imported
  already the kernels stay as well.

  Args:
    train: `deterministic` and `precision` of the training that begins; None
      where nothing is trained.
  """
  _choose_kernels(train or config_lib.TrainConfig())
  stack.load_tensorflow()


def _choose_kernels(train: config_lib.TrainConfig) -> None:
  """Sets what TensorFlow reads when it is imported."""
  precision = train.precision
  if precision == "auto":
    precision = fast_precision()
  if train.deterministic and precision == "float32":
    os.environ.setdefault(_ONEDNN, "0")
  elif _AVX2 in _processor_flags():
    os.environ.setdefault(_ONEDNN, "1")


def tune(choose_threads: bool, xla: bool) -> None:
  """Prepares TensorFlow for a machine that has nothing but its processor.

  Freed memory is kept for the next step. TensorFlow's graph optimizer
  (Grappler) is left out: it takes seconds before the first step, and the graph
  is written so that it finds nothing (measured in `docs/performance.md`). On up
  to two cores each operator runs on one thread: the two directions of a
  training keep both cores busy.

  Args:
    choose_threads: Whether the number of threads is chosen here.
    xla: Whether the step is compiled by XLA, which needs the optimizer.
  """
  import tensorflow as tf  # late: `load_tensorflow` comes before

  if choose_threads and (os.cpu_count() or 0) <= _FEW_CORES:
    with contextlib.suppress(RuntimeError):  # TensorFlow has started already
      tf.config.threading.set_intra_op_parallelism_threads(1)
  _keep_freed_memory()
  if not xla:
    tf.config.optimizer.set_experimental_options(
      {"disable_meta_optimizer": True}
    )


def has_bfloat16() -> bool:
  """Returns whether bfloat16 arithmetic is used, where Linux says there is any.

  It is not if the environment variable ONEDNN_MAX_CPU_ISA holds oneDNN to fewer
  instructions (its documentation, "CPU dispatcher control").
  """
  limit = _onednn_limit()
  if limit not in _BFLOAT16_LIMITS and not limit.startswith(_BFLOAT16_PREFIXES):
    return False
  return bool(_processor_flags() & _BFLOAT16_FLAGS)


def has_avx512() -> bool:
  """Returns whether oneDNN uses AVX-512; limits as for `has_bfloat16`."""
  limit = _onednn_limit()
  if limit in _NARROW_LIMITS or limit.startswith(_AVX2.upper()):
    return False
  return _AVX512 in _processor_flags()


def _onednn_limit() -> str:
  return os.environ.get(_ONEDNN_LIMIT, "").upper() or _BFLOAT16_LIMITS[0]


def fast_precision() -> str:
  """Returns the precision that the processor is fastest in."""
  return "mixed_bfloat16" if has_bfloat16() else "float32"


def _processor_flags() -> frozenset[str]:
  """Returns what the processor can do, as Linux names it; else nothing."""
  try:
    with open(_PROCESSOR_FILE, encoding="utf-8") as file:
      for line in file:
        name, _, flags = line.partition(":")
        if name.strip() == "flags":
          return frozenset(flags.split())
  except OSError:
    pass
  return frozenset()


def _keep_freed_memory() -> None:
  """Asks glibc, where there is one, not to give memory back between steps.

  Feature maps are freed and taken again in every step, and the system clears
  each page that it hands out.
  """
  try:
    mallopt = ctypes.CDLL(None).mallopt
  except (OSError, AttributeError, TypeError):
    return
  mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT)
  mallopt(_M_TRIM_THRESHOLD, _NEVER)
