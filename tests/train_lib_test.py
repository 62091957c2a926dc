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
import json
import os
import shutil
import signal

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from official.cyclegan import train_lib
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import cpu_tuning
from official.cyclegan.core import errors
from official.cyclegan.core import stack
from official.cyclegan.modeling import model as model_lib
from official.cyclegan.modeling import objective
from official.cyclegan.training import callbacks
from official.cyclegan.training import checkpoints
from official.cyclegan.training import diagnostics
from official.cyclegan.training import diagnostics_callback
from official.cyclegan.training import stop_requests
from official.cyclegan.training import summaries
from official.cyclegan.training import time_limit
from tests import conftest
from tests.training import fakes

pytestmark = pytest.mark.usefixtures("few_steps_are_not_traced")


def _config(pictures, **train):
  return config_checks.resolve(
    config_lib.Config(
      data=config_lib.DataConfig(
        dataset=str(pictures), crop_size=32, batch_size=3
      ),
      model=conftest.TINY_MODEL,
      train=config_lib.TrainConfig(
        **{
          "train_steps": 5,
          "sample_interval": 2,
          "buffer_max_length": 3,
          "precision": "float32",
          **train,
        }
      ),
    )
  )


@pytest.fixture(scope="module")
def run(pictures, tmp_path_factory):
  """A run of five steps over epochs of three, its folder and its config."""
  config = _config(pictures)
  folder = tmp_path_factory.mktemp("run")
  model = train_lib.train(config, str(folder))
  return model, folder, config


@pytest.fixture
def counting_steps(monkeypatch):
  """Steps that only count: for what a run does around them."""

  def train_step(self, data):
    del data  # but read, as by any step
    self.step.assign_add(1)
    return {name: tf.constant(value) for name, value in fakes.LOSSES.items()}

  monkeypatch.setattr(model_lib.CycleGAN, "train_step", train_step)


@pytest.mark.slow
def test_auto_precision_is_what_the_processor_has_and_stays(
  pictures, tmp_path, monkeypatch, counting_steps
):
  flags, precision = {"avx512f", "avx512_bf16"}, "mixed_bfloat16"
  monkeypatch.setattr(cpu_tuning, "_processor_flags", lambda: frozenset(flags))
  config = _config(pictures, precision="auto", train_steps=1)
  model = train_lib.train(config, str(tmp_path))
  assert model.g_AB.layers[1].dtype_policy.name == precision
  assert config_file.load(str(tmp_path)).train.precision == precision
  # On a machine that would choose another, the run goes on as it began.
  monkeypatch.setattr(
    cpu_tuning, "_processor_flags", lambda: frozenset({"avx2"})
  )
  model = train_lib.train(_config(pictures, precision="auto"), str(tmp_path))
  assert int(model.step) == 5
  assert model.g_AB.layers[1].dtype_policy.name == precision
  assert config_file.load(str(tmp_path)).train.precision == precision


def _checkpoints(folder, which="checkpoints"):
  return sorted(p.stem for p in (folder / which).glob("*.index"))


def test_writes_all_a_user_needs(run):
  model, folder, config = run
  assert int(model.step) == 5
  assert config_file.load(str(folder)) == config
  assert _checkpoints(folder) == ["ckpt-3", "ckpt-5"]  # each epoch, the end
  samples = sorted(p.name for p in (folder / "samples").iterdir())
  assert samples == [f"step_000000{i}.png" for i in (2, 4, 5)]
  grid = tf.io.decode_png((folder / "samples" / samples[0]).read_bytes())
  assert grid.shape == (6 * 34 - 2, 4 * 34 - 2, 3)  # three images each way
  with PIL.Image.open(folder / "progress.gif") as film:
    assert film.size == (grid.shape[1], grid.shape[0]) and film.n_frames == 3
  record = json.loads((folder / "run.json").read_text())
  assert record["starts"][0]["device"]["replicas"] == 1
  progress = json.loads((folder / "progress.json").read_text())
  assert (progress["state"], progress["step"]) == ("finished", 5)
  assert progress["samples"] == {"A": 3, "B": 3}
  report = (folder / "report.html").read_text()
  assert "is finished: step 5 of 5" in report and "A to B" in report
  header, row = (folder / "results.csv").read_text().splitlines()
  assert row.startswith("5,") and "cycle_A" in header.split(",")
  with PIL.Image.open(folder / "contact_sheet.png") as sheet:
    assert sheet.size == (8 * 34 - 2, 2 * 34 - 2)


def _tags(folder):
  tags = {}
  for path in (folder / "logs").glob("events.*"):
    for event in tf.compat.v1.train.summary_iterator(os.fspath(path)):
      for value in event.summary.value:
        tags[value.tag] = event.step, tf.make_ndarray(value.tensor)
  return tags


def test_tensorboard_gets_all_there_is_to_see(run):
  _, folder, _ = run
  tags = _tags(folder)
  networks = ("g_AB", "g_BA", "d_A", "d_B")
  assert {
    *(f"loss/{t}_{d}" for t in ("cycle", "identity", "d") for d in "AB"),
    "loss/gan_AB",
    "loss/gan_BA",
    *(f"score/{d}_{k}" for d in ("d_A", "d_B") for k in ("real", "fake")),
    *(f"gradient_norm/{name}" for name in networks),
    "weighted/generators",
    "weighted/discriminators",
    "learning_rate/generator",
    "learning_rate/discriminator",
    "progress",
    "config",
  } <= set(tags)
  for tag, (step, value) in tags.items():
    if tag.startswith(("loss", "score", "gradient", "weighted")):
      assert step == 5 and np.isfinite(value)
  assert tags["gradient_norm/d_A"][1] > 0


def test_learning_rate_falls_to_zero(run):
  model, _, _ = run
  # The last of five steps: two fifths of a decay that began at step 2.5.
  for optimizer in (model.generator_optimizer, model.discriminator_optimizer):
    rate = stack.last_learning_rate(optimizer)
    np.testing.assert_allclose(rate, 0.4 * 2e-4, rtol=1e-5)


def test_finished_run_is_left_alone(run, log):
  _, folder, config = run
  before = {p: p.stat().st_mtime_ns for p in folder.rglob("*.index")}
  train_lib.train(config, str(folder))
  assert "already trained to step 5" in log.text
  assert before == {p: p.stat().st_mtime_ns for p in folder.rglob("*.index")}


@pytest.mark.slow
def test_a_run_that_has_a_time_ends_by_itself(
  pictures, tmp_path, counting_steps, log
):
  """One whose time is over as it begins: it does one step and all the rest."""
  config = _config(
    pictures, train_steps=0, max_minutes=1e-6, sample_interval=100_000
  )
  model = train_lib.train(config, str(tmp_path))
  assert int(model.step) == 1 and float(model.time_fraction) == 1.0
  assert _checkpoints(tmp_path) == ["ckpt-1"]
  assert (tmp_path / "samples" / "step_0000001.png").exists()
  assert (tmp_path / "progress.gif").exists()
  record = json.loads((tmp_path / "time.json").read_text())
  assert record["used_seconds"] > 0.0 and record["steps"] == 1
  record = json.loads((tmp_path / "run.json").read_text())
  assert "ends" in record["starts"][0]["time"]
  assert "The run ends at " in log.text
  assert "first step was done only after" in log.text
  assert "prepare" in log.text and "--cache=none" in log.text
  assert int(train_lib.train(config, str(tmp_path)).step) == 1
  assert "its time is used" in log.text


@pytest.mark.slow
def test_a_start_that_fails_costs_none_of_the_time(pictures, tmp_path):
  """What is refused once training has begun too, but not what was learned."""
  folder = conftest.copy(pictures, tmp_path / "pictures")
  broken = folder / "trainA" / "broken.png"
  broken.write_bytes(b"\x89PNG\r\n\x1a\n")
  config = _config(folder, train_steps=0, max_minutes=1e6)
  run_dir = tmp_path / "run"
  with pytest.raises(errors.UserError, match="broken.png"):
    train_lib.train(config, str(run_dir))
  assert not (run_dir / "time.json").exists()
  broken.unlink()

  class Fails(callbacks.StepCallback):
    def on_step(self, logs):
      if self.step == 3:
        raise errors.UserError("the third step fails")

  with pytest.raises(errors.UserError, match="third step"):
    train_lib.train(config, str(run_dir), extra_callbacks=[Fails])
  assert not (run_dir / "time.json").exists()
  saved = conftest.replace(config, "train", save_every_steps=2)
  with pytest.raises(errors.UserError, match="third step"):
    train_lib.train(saved, str(run_dir), extra_callbacks=[Fails])
  record = json.loads((run_dir / "time.json").read_text())
  assert record["used_seconds"] > 0.0 and _checkpoints(run_dir) == ["ckpt-2"]


@pytest.mark.slow
@pytest.mark.parametrize(
  ("given", "saved", "validated"),
  [
    ({}, [], []),
    ({"save_every_steps": 5}, [5, 10], []),
    ({"eval_every_steps": 4}, [], [4, 8, 12]),
  ],
)
def test_epochs_of_a_few_pictures_are_not_each_saved(
  pictures, tmp_path, counting_steps, monkeypatch, given, saved, validated
):
  """Where time says how long a run is, it says how often it is saved too."""
  monkeypatch.setattr(time_limit, "_REHEARSED_SECONDS", 1e9)
  done = {"saved": [], "validated": []}

  class Ends(callbacks.StepCallback):
    def on_step(self, logs):
      self.model.stop_training |= self.step == 12

  def save(self, logs):
    if self.is_due(self._interval):
      done["saved"].append(self.step)

  def validate(self, logs):
    if self.is_due(self._interval) and not self._pause:
      done["validated"].append(self.step)

  monkeypatch.setattr(callbacks.Checkpoint, "on_step", save)
  monkeypatch.setattr(callbacks.Validation, "on_step", validate)
  config = _config(
    pictures,
    train_steps=0,
    max_minutes=1e6,
    sample_interval=100_000,
    best_metric="identity_l1",
    **given,
  )
  train_lib.train(config, str(tmp_path), extra_callbacks=[Ends])
  assert done == {"saved": saved, "validated": validated}


@pytest.mark.parametrize(
  ("first_step", "length", "asked"),
  [
    (0, 0.0, True),
    (650, 3200, True),  # a rule must hold twice
    (700, 3200, False),
    (700, 100_000, True),  # of which a fiftieth comes first
    (2100, 100_000, False),
  ],
)
def test_a_run_that_goes_on_has_a_judge_as_long_as_it_is_needed(
  pictures, tmp_path, monkeypatch, first_step, length, asked
):
  class Probe:
    report = None

    def __init__(self, config, source):
      del config, source

    def log(self):
      assert first_step == 0

    def judge(self):
      return "judge"

  monkeypatch.setattr(train_lib.probe_lib, "ShortProbe", Probe)
  monkeypatch.setattr(train_lib.run_metadata, "add_note", lambda *_, **__: None)
  judge = train_lib._probe(
    _config(pictures),
    None,
    str(tmp_path),
    first_step,
    length,
    diagnostics.Rules(),
    tf.distribute.get_strategy(),
  )
  assert judge == ("judge" if asked else None)


@pytest.mark.slow
@pytest.mark.one_stack
def test_a_run_begins_with_a_probe_and_goes_on_without(
  scenes, tmp_path, counting_steps, log
):
  config = _config(scenes["paintings"], train_steps=1)
  train_lib.train(config, str(tmp_path))
  assert log.text.count("what a generator has to change is texture") == 1
  record = json.loads((tmp_path / "run.json").read_text())
  assert record["starts"][0]["probe"]["main"] == "texture"
  train_lib.train(
    conftest.replace(config, "train", train_steps=2), str(tmp_path)
  )
  assert log.text.count("what a generator has to change") == 1
  other = conftest.replace(config, "train", probe=False)
  train_lib.train(other, str(tmp_path / "other"))
  assert log.text.count("what a generator has to change") == 1


def _state(model):
  """Everything that training changes."""
  variables = [
    *model.g_AB.weights,
    *model.g_BA.weights,
    *model.d_A.weights,
    *model.d_B.weights,
    *model.ema_generators[0].weights,
    *model.ema_generators[1].weights,
    *model.generator_optimizer.variables,
    *model.discriminator_optimizer.variables,
    model.buffer_A.images,
    model.buffer_B.images,
    model.buffer_A.seen,
    model.step,
  ]
  return [variable.numpy() for variable in variables]


def _interrupt_after(monkeypatch, steps):
  """Lets the process receive SIGTERM in the middle of the run."""
  original = callbacks.Checkpoint.on_step
  seen = []

  def on_step(self, logs):
    seen.append(1)
    if len(seen) == steps:
      os.kill(os.getpid(), signal.SIGTERM)
    original(self, logs)

  monkeypatch.setattr(callbacks.Checkpoint, "on_step", on_step)


def _assert_same_state(first, second):
  for want, got in zip(_state(first), _state(second)):
    np.testing.assert_array_equal(want, got)


def _starts(folder):
  """Returns the steps at which a run's processes began."""
  record = json.loads((folder / "run.json").read_text())
  return [start["first_step"] for start in record["starts"]]


def _go_on_from(step, folder, config, target):
  """Trains a copy of a run whose checkpoints after a step are lost."""
  copy = conftest.copy(folder, target)
  for path in (copy / "checkpoints").glob("ckpt-*.*"):
    if checkpoints.step_of(path.stem) > step:
      path.unlink()
  return train_lib.train(config, str(copy))


@pytest.fixture(scope="module")
def random_run(pictures, tmp_path_factory):
  """A run left alone, with all that is random, or not done in each step."""
  # The critic's gradient penalty is taken at random points.
  config = _config(
    pictures,
    train_steps=6,
    save_every_steps=3,
    augment="diffaugment",
    sample_interval=100,
  )
  config = conftest.replace(config, "model", dropout=0.3, gen_norm="weight")
  config = conftest.replace(
    config,
    "loss",
    gan_mode="wgangp",
    lambda_r1=0.1,
    penalty_interval=2,
    lambda_color=1.0,
  )
  config = conftest.replace(config, "data", load_size=40)
  folder = tmp_path_factory.mktemp("alone")
  return train_lib.train(config, str(folder)), folder, config


def _contents(folder):
  return {
    str(path.relative_to(folder)): path.read_bytes()
    for path in folder.rglob("*")
    if path.is_file()
  }


@pytest.mark.slow
@pytest.mark.one_stack
def test_a_run_that_cannot_be_read_is_not_begun_again(models, tmp_path):
  """Of one flipped byte in each checkpoint nothing is deleted or written."""
  folder = conftest.copy(models["run"], tmp_path / "run")
  for path in (folder / "checkpoints").glob("*.data*"):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
  before = _contents(folder)
  assert any("checkpoints/ckpt-30" in name for name in before)
  with pytest.raises(
    errors.UserError, match="checkpoints? in .* cannot be used"
  ):
    train_lib.train(config_file.load(str(folder)), str(folder))
  assert _contents(folder) == before
  assert sorted(os.listdir(tmp_path)) == ["run"]


@pytest.mark.slow
def test_interrupted_run_ends_as_if_left_alone(
  random_run, tmp_path, monkeypatch
):
  """Bit by bit."""
  alone, _, config = random_run
  with monkeypatch.context() as patch:
    _interrupt_after(patch, 2)
    with pytest.raises(stop_requests.Interrupted) as caught:
      train_lib.train(config, str(tmp_path))
  assert caught.value.step == 2 and caught.value.number == signal.SIGTERM
  assert "same command goes on" in str(caught.value)
  _assert_same_state(alone, train_lib.train(config, str(tmp_path)))
  assert _starts(tmp_path) == [0, 2]


@pytest.mark.slow
def test_killed_run_ends_as_if_left_alone(random_run, tmp_path):
  """Bit by bit."""
  alone, folder, config = random_run
  again = _go_on_from(3, folder, config, tmp_path / "killed")
  _assert_same_state(alone, again)
  assert _starts(tmp_path / "killed") == [0, 3]


@pytest.mark.slow
def test_a_run_whose_first_half_has_smaller_pictures(
  pictures, tmp_path, monkeypatch, log
):
  """Interrupted before or at the change it ends as if left alone."""
  shapes = []
  original = objective.Objective.generator_terms

  def generator_terms(self, real, training):
    shapes.append(real["A"].shape[1:3])  # once a trace
    return original(self, real, training)

  monkeypatch.setattr(objective.Objective, "generator_terms", generator_terms)
  config = _config(
    pictures,
    train_steps=4,
    save_every_steps=1,
    keep_checkpoints=4,
    half_size_fraction=0.5,
    sample_interval=100,
  )
  config = conftest.replace(config, "data", crop_size=64, load_size=64)
  config = config_checks.resolve(config)
  folder = tmp_path / "alone"
  alone = train_lib.train(config, str(folder))
  assert list(dict.fromkeys(tuple(shape) for shape in shapes)) == [
    (32, 32),
    (64, 64),
  ]
  assert "have 32 pixels for the first 50 % of the run, then 64" in log.text
  assert "step 2: pictures have 64 pixels from here on" in log.text
  # Three images a step went through each pool since it forgot smaller ones.
  assert int(alone.buffer_A.seen) == 6
  for step in (1, 2):
    again = _go_on_from(step, folder, config, tmp_path / str(step))
    _assert_same_state(alone, again)


@pytest.mark.slow
def test_longer_run_goes_on(run, tmp_path):
  _, folder, config = run
  folder = conftest.copy(folder, tmp_path / "run")
  longer = conftest.replace(config, "train", train_steps=7)
  model = train_lib.train(longer, str(folder))
  assert int(model.step) == 7
  # Three images a step went through each pool, before and after the pause.
  assert int(model.buffer_A.seen) == 21
  assert (folder / "samples" / "step_0000007.png").exists()
  assert _starts(folder)[-1] == 5


@pytest.mark.slow
def test_best_checkpoint_is_validated_and_kept(pictures, tmp_path):
  config = _config(
    pictures,
    train_steps=4,
    best_metric="identity_l1",
    eval_every_steps=2,
    save_every_steps=1,
    keep_checkpoints=2,
  )
  train_lib.train(config, str(tmp_path))
  assert _checkpoints(tmp_path) == ["ckpt-3", "ckpt-4"]
  (best,) = _checkpoints(tmp_path, "checkpoints_best")
  record = json.loads((tmp_path / "checkpoints_best/best.json").read_text())
  assert best == f"ckpt-{record['step']}" and record["step"] in (2, 4)
  step, value = _tags(tmp_path)["validation/identity_l1"]
  assert step == 4 and value >= record["value"] - 1e-6


@pytest.mark.slow
@pytest.mark.one_stack
def test_pictures_that_end_early_are_no_success(
  pictures, tmp_path, monkeypatch, counting_steps
):
  batches = train_lib._batches
  monkeypatch.setattr(train_lib, "_batches", lambda run: batches(run).take(2))
  config = _config(pictures, train_steps=5, save_every_steps=1)
  with pytest.raises(errors.UserError, match="ended at step 2.*same command"):
    train_lib.train(config, str(tmp_path / "run"))
  assert _checkpoints(tmp_path / "run")[-1] == "ckpt-2"


@pytest.mark.slow
@pytest.mark.one_stack
@pytest.mark.parametrize("ending", ["jpg", "png"])  # TensorFlow's and Pillow's
def test_pictures_that_vanish_end_in_words(
  pictures, tmp_path, monkeypatch, counting_steps, ending
):
  folder = conftest.copy(pictures, tmp_path / "pictures")
  for path in [*folder.glob("train?/*")]:
    if path.suffix != f".{ending}":
      path.unlink()
  config = _config(folder, train_steps=60, save_every_steps=2)
  config = conftest.replace(config, "data", cache="none")
  original = callbacks.Checkpoint.on_step

  def on_step(self, logs):
    original(self, logs)
    if self.step == 2:
      for path in folder.glob("trainA/*"):
        path.unlink()

  monkeypatch.setattr(callbacks.Checkpoint, "on_step", on_step)
  with pytest.raises(errors.UserError) as error:
    train_lib.train(config, str(tmp_path / "run"))
  message = str(error.value)
  assert "cannot be read any more" in message and "\n" not in message
  assert f".{ending}" in message and str(folder) in message
  assert list((tmp_path / "run" / "checkpoints").glob("ckpt-*.index"))


@pytest.mark.slow
def test_pictures_of_different_sizes_are_trained_on(pictures, tmp_path):
  """And resumed: stopped after 5 of 11 steps, the run ends as if it had not."""
  config = _config(pictures, train_steps=11, save_every_steps=5)
  config = conftest.replace(
    config,
    "data",
    preprocess="none",
    batch_size=1,
  )
  whole = train_lib.train(config, str(tmp_path / "whole"))
  height, width = whole.buffer_A.images.shape[1:3]
  assert height > 32 and height % 4 == width % 4 == 0
  sizes = whole.buffer_A.sizes.numpy()
  assert (sizes >= 16).all() and (sizes <= [height, width]).all()
  assert len({tuple(size) for size in sizes}) > 1  # of the pictures' own
  again = _go_on_from(5, tmp_path / "whole", config, tmp_path / "part")
  _assert_same_state(whole, again)


def test_best_by_a_truth_that_is_unknown_is_refused(pictures, tmp_path):
  config = _config(pictures, best_metric="relative_l1")
  with pytest.raises(errors.UserError, match="truth .* is unknown"):
    train_lib.train(config, str(tmp_path))


@pytest.mark.slow
@pytest.mark.one_stack
def test_lost_samples_do_not_lose_the_training(
  run, tmp_path, monkeypatch, counting_steps, log
):
  """The folder of the pictures is removed while the run goes on."""
  _, folder, config = run
  folder = conftest.copy(folder, tmp_path / "run")
  original = summaries.ProgressPictures.on_step

  def on_step(self, logs):
    shutil.rmtree(folder / "samples", ignore_errors=True)
    original(self, logs)

  monkeypatch.setattr(summaries.ProgressPictures, "on_step", on_step)
  longer = conftest.replace(config, "train", train_steps=8)
  assert int(train_lib.train(longer, str(folder)).step) == 8
  assert _checkpoints(folder)[-1] == "ckpt-8"
  assert "step 6: a picture of the progress cannot be written" in log.text
  assert "the animation of the progress cannot be written" in log.text


def test_log_that_cannot_be_begun_is_one_line(run, tmp_path, monkeypatch):
  _, folder, config = run
  folder = conftest.copy(folder, tmp_path / "run")

  def full(path):
    raise tf.errors.OutOfRangeError(None, None, f"{path}; No space left")

  monkeypatch.setattr(tf.summary, "create_file_writer", full)
  longer = conftest.replace(config, "train", train_steps=8)
  with pytest.raises(errors.UserError, match="--model_dir: .* No space left"):
    train_lib.train(longer, str(folder))


def test_changed_networks_are_refused_and_nothing_is_lost(run):
  _, folder, config = run
  before = (folder / "config.json").read_text()
  changed = conftest.replace(config, "model", n_res_blocks=2)
  with pytest.raises(errors.UserError, match="--n_res_blocks=2"):
    train_lib.train(changed, str(folder))
  assert (folder / "config.json").read_text() == before
  assert json.loads(before)["model"]["n_res_blocks"] == 1


def test_folder_that_is_a_file_is_refused(run, tmp_path):
  _, _, config = run
  (tmp_path / "file").write_text("")
  with pytest.raises(errors.UserError, match="is a file"):
    train_lib.train(config, str(tmp_path / "file"))


_QUICK_RULES = diagnostics.Rules(interval=20, warm_up=40)


def _diagnostics_of(config, folder, caplog):
  """Trains; returns the rules that fired, from the log and TensorBoard."""
  train_lib.train(config, str(folder), _QUICK_RULES)
  logged = {
    record.getMessage().split(": ")[1]
    for record in caplog.records
    if record.getMessage().startswith("step ")
  }
  shown = {
    tag.removeprefix("health/")
    for tag in _tags(folder)
    if tag.startswith("health/")
  }
  assert logged == shown
  return logged


def _diagnosed_config(folder, steps, model=None, **train):
  config = _config(
    folder, **{"train_steps": steps, "sample_interval": 10_000, **train}
  )
  config = conftest.replace(config, "data", batch_size=1)
  config = conftest.replace(config, "loss", lambda_validation=3.0)
  return conftest.replace(
    config,
    "model",
    gen_n_filters=8,
    disc_n_filters=8,
    disc_n_layers=3,
    **(model or {}),
  )


@pytest.mark.slow
@pytest.mark.parametrize(
  ("problem", "model", "train"),
  [
    ("fruits", {"generator_type": "unet"}, {}),
    ("paintings", {"global_skip": False}, {"precision": "mixed_bfloat16"}),
  ],
)
def test_diagnostics_are_silent_on_healthy_runs(
  scenes, tmp_path, caplog, problem, model, train
):
  config = _diagnosed_config(
    scenes[problem],
    140,
    model,
    learning_rate=2e-3,
    disc_learning_rate=5e-4,
    **train,
  )
  assert _diagnostics_of(config, tmp_path, caplog) == set()


@pytest.mark.slow
@pytest.mark.parametrize(
  ("train", "fires"),
  [
    ({"learning_rate": 10.0}, {"exploded"}),
    # The discriminators alone learn, and fast: they win, and the generators
    # stay as they are.
    (
      {"learning_rate": 1e-12, "disc_learning_rate": 4e-3},
      {"frozen_generator", "discriminator_won"},
    ),
  ],
)
def test_diagnostics_fire_on_runs_broken_on_purpose(
  scenes, tmp_path, caplog, train, fires
):
  config = _diagnosed_config(
    scenes["fruits"], 120, {"global_skip": False}, **train
  )
  assert fires <= _diagnostics_of(config, tmp_path, caplog)


@pytest.mark.slow
@pytest.mark.one_stack
def test_identity_collapse_of_a_real_run(pictures, tmp_path, caplog):
  """Nothing but the identity and cycle losses: output is input."""
  config = _config(pictures, train_steps=80, sample_interval=1000)
  config = conftest.replace(
    config, "loss", lambda_validation=0.0, lambda_id=50.0
  )
  assert "identity_collapse" in _diagnostics_of(config, tmp_path, caplog)


@pytest.mark.slow
def test_nan_stops_the_run_and_keeps_the_last_good_checkpoint(
  pictures, tmp_path, monkeypatch, request
):
  config = _config(pictures, train_steps=8, save_every_steps=2)
  original = diagnostics_callback.Diagnostics.on_step

  def on_step(self, logs):
    if self.step == 5:
      kernel = self.model.g_BA.trainable_variables[0]
      kernel.assign(kernel * np.nan)
    original(self, logs)

  monkeypatch.setattr(diagnostics_callback.Diagnostics, "on_step", on_step)
  with pytest.raises(errors.UserError) as caught:
    train_lib.train(config, str(tmp_path))
  assert "is nan at step 6" in str(caught.value)
  assert any(n in str(caught.value) for n in ("gan_BA", "cycle_A", "cycle_B"))
  assert _checkpoints(tmp_path) == ["ckpt-2", "ckpt-4"]
  monkeypatch.undo()
  request.getfixturevalue("counting_steps")
  model = train_lib.train(config, str(tmp_path))
  assert int(model.step) == 8
  assert _starts(tmp_path) == [0, 4]


if __name__ == "__main__":
  conftest.main(__file__)
