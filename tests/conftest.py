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
"""What the tests share: tiny pictures and runs, and how to run a binary."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import functools
import gc
import importlib
import os
import pathlib
import re
import shutil
import signal
import socketserver
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np
import pytest
from absl import flags
from absl import logging
from absl.testing import flagsaver

from official.cyclegan.core import command_config
from official.cyclegan.core import command_list
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from tests import fork_server

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Tests fork to start other programs. gRPC's handlers of that close descriptors,
# among them some that by then belong to others, e.g. to a pipe.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
# oneDNN, the default with AVX-512 and what commands take with AVX2: tests
# compute with the same kernels on all processors, and rounding that grows from
# step to step does not tell these apart.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# A suite started by nohup ignores the one, in a script's background the other,
# and so would what it starts.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
  signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = pathlib.Path(__file__).absolute().parent.parent
flags.FLAGS.mark_as_parsed()

# The commands, each a module of its name.
BINARIES = command_list.NAMES
TINY_MODEL = config_lib.ModelConfig(
  gen_n_filters=4, disc_n_filters=4, disc_n_layers=1, n_res_blocks=1
)


# Training steps that take as long eagerly as one step's tracing.
_FEW_STEPS = 10


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
  """Puts files that take long first, so that no worker ends with one."""
  seconds: dict[pathlib.Path, float] = {}
  for item in items:
    slow = item.get_closest_marker("slow")
    takes = slow.kwargs.get("seconds", 5) if slow else 0
    seconds[item.path] = seconds.get(item.path, 0) + takes
  items.sort(key=lambda item: -seconds[item.path])


def pytest_collection_finish() -> None:
  """Spares the collector the packages' objects, which outlive every test."""
  gc.collect()
  gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, Any]:
  """Keeps what is logged of names that are not UTF-8 out of pytest-xdist."""
  report = yield
  report.sections = [
    (name, text.encode("utf-8", "backslashreplace").decode())
    for name, text in report.sections
  ]
  return report


@pytest.fixture
def log(caplog) -> pytest.LogCaptureFixture:
  """What this package logs, as `log.text`, from informative messages upwards.

  Not what others log, as TensorFlow does when it drops another test's objects.
  """
  package = str(ROOT / "official")

  def is_ours(record):
    return record.pathname.startswith(package)

  verbosity = logging.get_verbosity()
  logging.set_verbosity(logging.INFO)
  caplog.handler.addFilter(is_ours)
  yield caplog
  caplog.handler.removeFilter(is_ours)
  logging.set_verbosity(verbosity)


@pytest.fixture(scope="module")
def few_steps_are_not_traced() -> Generator[None, None, None]:
  """Trainings of so few steps that tracing one would take longer run eagerly.

  For files whose tests are about what goes on around the steps.
  """
  import tensorflow as tf

  from official.cyclegan.modeling import model as model_lib

  compile_model, fit = model_lib.CycleGAN.compile, model_lib.CycleGAN.fit

  def compile_eagerly(self, *optimizers, **kwargs):
    if 0 < self._train_config.train_steps <= _FEW_STEPS:
      kwargs["run_eagerly"] = not kwargs.get("jit_compile")
    compile_model(self, *optimizers, **kwargs)

  def fit_eagerly(self, *args, **kwargs):
    # The pools' functions as well.
    tf.config.run_functions_eagerly(bool(self.run_eagerly))
    try:
      return fit(self, *args, **kwargs)
    finally:
      tf.config.run_functions_eagerly(False)

  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(model_lib.CycleGAN, "compile", compile_eagerly)
    patch.setattr(model_lib.CycleGAN, "fit", fit_eagerly)
    yield


@pytest.fixture
def tiny_config(pictures) -> config_lib.Config:
  """A run of two steps on eight small pictures."""
  return config_checks.resolve(
    config_lib.Config(
      data=config_lib.DataConfig(dataset=str(pictures), crop_size=32),
      model=TINY_MODEL,
      train=config_lib.TrainConfig(
        train_steps=2,
        sample_interval=2,
        buffer_max_length=3,
        # Not what this processor is fastest in: tests compare numbers.
        precision="float32",
      ),
    )
  )


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> pathlib.Path:
  """A data set's folder: JPEG and PNG, unequal domains, mixed sizes."""
  from official.cyclegan.data import image_files

  folder = tmp_path_factory.mktemp("pictures")
  rng = np.random.default_rng(0)
  for split, count in (
    ("trainA", 8),
    ("trainB", 5),
    ("testA", 3),
    ("testB", 3),
  ):
    (folder / split).mkdir()
    for i in range(count):
      height, width = rng.integers(33, 70, 2)
      image = smooth_picture(rng, height, width, red=split.endswith("A"))
      ending = "png" if i % 2 else "jpg"
      image_files.write(str(folder / split / f"{i:02d}.{ending}"), image)
  return folder


@pytest.fixture(scope="session")
def scenes(tmp_path_factory) -> dict[str, pathlib.Path]:
  """Folders with pictures of the built-in problems, few and small."""
  from official.cyclegan.data import image_files
  from official.cyclegan.scenes import fruit_scenes
  from official.cyclegan.scenes import painting_scenes

  folders = {}
  for name, draw in (
    ("fruits", fruit_scenes.draw),
    ("paintings", painting_scenes.draw),
  ):
    folders[name] = tmp_path_factory.mktemp(name)
    for stream, (split, count) in enumerate(
      (("trainA", 40), ("trainB", 40), ("testA", 4), ("testB", 4))
    ):
      (folders[name] / split).mkdir()
      for i in range(count):
        image = draw((9, stream, i), domain=split[-1], size=32)["image"]
        image_files.write(str(folders[name] / split / f"{i}.png"), image)
  return folders


@pytest.fixture(scope="session")
def models(pictures, tmp_path_factory) -> dict[str, str]:
  """Paths of a mobile generator hardly trained: its run and its exports."""

  def make(folder):
    from official.cyclegan import export_lib
    from official.cyclegan import train_lib

    config = config_checks.resolve(
      config_lib.Config(
        data=config_lib.DataConfig(dataset=str(pictures), crop_size=32),
        model=dataclasses.replace(
          TINY_MODEL, generator_type="mobile", disc_n_layers=3
        ),
        train=config_lib.TrainConfig(
          train_steps=30, learning_rate=2e-3, precision="float32"
        ),
      )
    )
    run, out = str(folder / "run"), str(folder / "export")
    train_lib.train(config, run)
    options = command_config.ExportConfig(sizes=(32, 48))
    export_lib.export(run, out, options=options)

  folder = _made_once(tmp_path_factory, "models", make)
  return {
    "run": str(folder / "run"),
    "export": str(folder / "export"),
    "saved_model": str(folder / "export" / "g_AB"),
    "tflite": str(folder / "export" / "g_AB.tflite"),
    "pictures": str(pictures),
  }


def _made_once(
  factory: pytest.TempPathFactory,
  name: str,
  make: Callable[[pathlib.Path], None],
) -> pathlib.Path:
  """Returns this process's copy of a folder that one process makes for all.

  Args:
    factory: Knows the folder of this process, which is below that of all.
    name: Name of the folder.
    make: Makes what is in it.
  """
  root = factory.getbasetemp()
  if "PYTEST_XDIST_WORKER" in os.environ:
    root = root.parent
  with open(root / f"{name}.lock", "a", encoding="utf-8") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not (root / name).exists():
      partial = root / f"{name}.partial"
      shutil.rmtree(partial, ignore_errors=True)
      partial.mkdir()
      make(partial)
      partial.rename(root / name)
  return copy(root / name, factory.mktemp(name) / "copy")


@pytest.fixture(scope="session")
def halving(tmp_path_factory) -> str:
  """A .tflite file that halves pictures of 16 pixels."""
  import tensorflow as tf

  path = tmp_path_factory.mktemp("model") / "g_AB.tflite"
  spec = tf.TensorSpec([1, 16, 16, 3], tf.float32, name="image")
  function = tf.function(lambda image: {"image_B": image * 0.5}, [spec])
  folder = str(path.parent / "saved")
  tf.saved_model.save(tf.Module(), folder, signatures=function)
  converter = tf.lite.TFLiteConverter.from_saved_model(folder)
  path.write_bytes(converter.convert())
  return str(path)


def draw_few(monkeypatch: pytest.MonkeyPatch, scenes: int) -> None:
  """Leaves the built-in data sets so many scenes in each split."""
  from official.cyclegan.scenes import scene_datasets

  few = {s: (d, n, scenes) for s, (d, n, _) in scene_datasets._SPLITS.items()}
  monkeypatch.setattr(scene_datasets, "_SPLITS", few)


@pytest.fixture(scope="session")
def few_fruits(tmp_path_factory) -> str:
  """A TFDS folder with the built-in fruits, four scenes in each split."""
  from official.cyclegan.scenes import scene_datasets

  folder = str(tmp_path_factory.mktemp("few_fruits"))
  with pytest.MonkeyPatch.context() as monkeypatch:
    draw_few(monkeypatch, 4)
    scene_datasets.Apple2orangeScenes(
      config="64", data_dir=folder
    ).download_and_prepare()
  return folder


@contextlib.contextmanager
def serving(server: socketserver.BaseServer) -> Generator[None, None, None]:
  """Lets a server answer, and ends it, its thread and its socket.

  A thread that is left would try a closed socket again and again, and every
  later test of its process would share a core and the interpreter with it.
  """
  # Looks often whether it is to end: the tests wait for that.
  thread = threading.Thread(
    target=server.serve_forever, args=[0.05], daemon=True
  )
  thread.start()
  try:
    yield
  finally:
    server.shutdown()
    thread.join()
    server.server_close()


@functools.cache
def tiny_cycle() -> type:
  """Defines a data set for TFDS, which lets nobody define it twice."""
  import tensorflow_datasets as tfds

  from official.cyclegan.data import sources

  class TinyCycle(tfds.core.GeneratorBasedBuilder):
    """A data set with the features of `cycle_gan`, grey to make it harder."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
      return tfds.core.DatasetInfo(
        builder=self,
        features=tfds.features.FeaturesDict(
          {
            "image": tfds.features.Image(shape=(None, None, 1)),
            "label": tfds.features.ClassLabel(names=["A", "B"]),
          }
        ),
      )

    def _split_generators(self, dl_manager):
      return {split: self._generate_examples(split) for split in sources.SPLITS}

    def _generate_examples(self, split):
      for i in range(3):
        image = np.full((12 + i, 20, 1), 40 * i, np.uint8)
        image[:, 5:9] += 90
        yield f"{split}{i}", {"image": image, "label": split[-1]}

  return TinyCycle


def smooth_picture(
  rng: np.random.Generator, height: int, width: int, red: bool = True
) -> np.ndarray:
  """Returns a uint8 `[height, width, 3]` gradient, reddish or bluish."""
  y, x = np.mgrid[0:height, 0:width]
  base = 60 + 120 * (x / width + y / height) / 2 + rng.normal(0, 8)
  image = np.stack([base, base * 0.8, base * 0.5], axis=-1)
  if not red:
    image = image[..., ::-1]
  return np.clip(image, 0, 255).astype(np.uint8)


def replace(config: config_lib.Config, part: str, **changes):
  """Returns a resolved configuration with fields of one part changed."""
  if "generator_type" in changes:  # another one has another padding
    changes = {"padding": "auto", **changes}
  changed = dataclasses.replace(getattr(config, part), **changes)
  return config_checks.resolve(dataclasses.replace(config, **{part: changed}))


def loss_scale(optimizer: Any) -> tuple[Any, Any]:
  """Returns a LossScaleOptimizer's variables: the scale, and good steps."""
  from official.cyclegan.core import stack

  state = stack.optimizer_tree(optimizer)["loss_scale"]
  if isinstance(state, dict):
    return state["current_loss_scale"], state["good_steps"]
  return state._current_loss_scale, state._counter


def copy(folder: pathlib.Path, target: pathlib.Path) -> pathlib.Path:
  """Copies a folder, so that a test may spoil it; returns the copy."""
  return pathlib.Path(shutil.copytree(folder, target))


def tiny_flags(dataset: object, model_dir: object, **changes) -> list[str]:
  """Returns flags for `train` that make a run of seconds."""
  values = {
    "dataset": dataset,
    "model_dir": model_dir,
    "experiment": "none",
    "crop_size": 32,
    "gen_n_filters": 4,
    "disc_n_filters": 4,
    "disc_n_layers": 1,
    "n_res_blocks": 1,
    "sample_interval": 100_000,
    "precision": "float32",
    **changes,
  }
  return [f"--{name}={value}" for name, value in values.items()]


@functools.cache
def _fork_server() -> fork_server.ForkServer:
  return fork_server.ForkServer(str(ROOT))


def run_binary(
  name: str,
  *args: str,
  python: Sequence[str] = (),
  cwd: pathlib.Path = ROOT,
  eagerly: bool = False,
) -> subprocess.CompletedProcess:
  """Runs `python -m official.cyclegan.<name>` in a process of its own.

  Args:
    name: The command.
    *args: Its arguments.
    python: Options of Python's own. With any the interpreter is started anew;
      else a process forks that has imported TensorFlow already.
    cwd: The folder to run in.
    eagerly: Whether its steps run without being traced, which is quicker for
      a few of them.
  """
  target = ["-m", f"official.cyclegan.{name}", *args]
  env = {**os.environ, "PYTHONPATH": str(ROOT)}
  if not python:
    return _fork_server().run(target, str(cwd), env, eagerly=eagerly)
  return subprocess.run(
    [sys.executable, *python, *target],
    cwd=cwd,
    env=env,
    capture_output=True,
    text=True,
    check=False,
  )


def start_binary(
  name: str, *args: str, eagerly: bool = False, **env: str
) -> fork_server.Command:
  """Starts `python -m official.cyclegan.<name>` beside others.

  Args:
    name: The command.
    *args: Its arguments.
    eagerly: As of `run_binary`.
    **env: Changes of the environment.
  """
  return _fork_server().start(
    ["-m", f"official.cyclegan.{name}", *args],
    str(ROOT),
    {**os.environ, "PYTHONPATH": str(ROOT), **env},
    eagerly=eagerly,
  )


def run_tool(
  tool: str, *arguments: str, cwd: pathlib.Path = ROOT, eagerly: bool = False
) -> subprocess.CompletedProcess:
  """Runs a Python file of `tools/` in a process of its own.

  Commands and tools that it starts are forked as well.

  Args:
    tool: Path below `tools/`, or a whole one.
    *arguments: Its arguments.
    cwd: The folder to run in.
    eagerly: As of `run_binary`; for what it starts as well.
  """
  env = {**os.environ, "PYTHONPATH": str(ROOT)}
  return _fork_server().run(
    [str(ROOT / "tools" / tool), *arguments],
    str(cwd),
    env,
    eagerly=eagerly,
    forks=True,
  )


def unpadded(table: str) -> str:
  """Returns a Markdown table without what aligns its columns."""
  return re.sub(" +", " ", table)


def run_command(module: types.ModuleType, *arguments: str) -> None:
  """Runs a command in this process.

  It is loaded anew: commands have flags of the same name that differ, and those
  of the one that was loaded last would hold.

  Args:
    module: The command.
    *arguments: Its flags.
  """
  importlib.reload(module)
  name = module.__name__.rpartition(".")[2]
  with flagsaver.flagsaver():
    assert flags.FLAGS([name, *arguments]) == [name]
    module.main()


def assert_refused(result: subprocess.CompletedProcess, *words: str) -> None:
  """Checks for one line on standard error that holds `words`, and status 2."""
  assert result.returncode == 2, result.stderr
  lines = [line for line in result.stderr.splitlines() if "error:" in line]
  assert len(lines) == 1, result.stderr
  assert "Traceback" not in result.stderr
  for word in words:
    assert word in lines[0], (word, lines[0])


def main(path: str) -> None:
  """Runs one file's tests, for `bazel test` and `python -m tests.x_test`."""
  sys.exit(pytest.main([path, *sys.argv[1:]]))
