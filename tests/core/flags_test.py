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

import dataclasses
import itertools
import os
import re
import sys

import pytest
from absl import flags as absl_flags
from absl.testing import flagsaver

from official.cyclegan.core import command_config
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import flags
from official.cyclegan.core import options
from official.cyclegan.core import search_config
from tests import conftest

flags.define(command_config.ExportConfig)
flags.define(command_config.EvaluateConfig)
flags.define(search_config.SearchConfig)
flags.define(command_config.CommandConfig)
flags.define_run(distilled=True)

_PARTS = (*config_lib.parts().values(), search_config.SearchConfig)


@pytest.fixture
def given():
  """Parses flags as a command line, and forgets them afterwards."""
  with flagsaver.flagsaver():
    yield lambda *arguments: absl_flags.FLAGS(["x", *arguments])


def _entries():
  entries = itertools.chain.from_iterable(
    search_config.declared_options(part).values() for part in _PARTS
  )
  # train and tune have one of this name, of which the last one defined counts.
  hidden = options.find(search_config.SearchConfig, "max_minutes")
  return [entry for entry in entries if entry != hidden]


@pytest.fixture(autouse=True)
def flags_of_train():
  """As in `train`'s process: other files' tests may have defined `tune`'s."""
  flags.define_run(distilled=True)


@pytest.mark.parametrize("entry", _entries(), ids=lambda entry: entry.name)
def test_every_option_has_a_flag_with_its_default_and_help(entry):
  flag = absl_flags.FLAGS[entry.name]
  shown = entry.option.shown_default
  if shown:  # a student's
    default = getattr(config_lib.STUDENT.loss, entry.name)
    assert shown == f"{default:g}"
    assert flag.default is None and f"(default: {shown})" in flag.help
  else:
    assert flag.default == entry.default
  assert entry.option.help in flag.help
  assert entry.option.unit in flag.help
  assert entry.option.limits() in flag.help


def test_without_flags_the_config_is_the_default():
  assert flags.config_from_flags() == config_lib.Config()
  assert flags.search_from_flags() == search_config.SearchConfig()
  search = flags.search_from_flags("architecture")
  assert search == search_config.ARCHITECTURE_SEARCH


def test_flags_reach_the_config(given):
  given("--crop_size=64", "--lambda_id=5", "--generator_type=unet", "--noflip")
  config = config_checks.resolve(flags.config_from_flags())
  assert config.data.crop_size == config.data.load_size == 64
  assert config.loss.lambda_id == 5.0
  assert config.model.generator_type == "unet"
  assert not config.data.flip


def test_flags_reach_a_search_and_its_space(given):
  given("--lambda_id_range=1,4", "--n_res_blocks_choices=3,5")
  search = flags.search_from_flags()
  assert search.space["lambda_id"] == options.Range(1.0, 4.0)
  assert search.space["n_res_blocks"] == options.Choices((3, 5))
  given("--lambda_id_range=4,1")
  with pytest.raises(errors.UserError, match="--lambda_id_range=4.0,1.0 must"):
    flags.search_from_flags()


def test_a_list_with_a_wrong_element_is_refused_when_it_is_parsed(given):
  with pytest.raises(absl_flags.IllegalFlagValueError) as error:
    given("--search=lambda_id,init")
  words = str(error.value.__context__)
  assert words.startswith("--search=lambda_id,init must be one of")


def test_the_documented_order_holds(given, tmp_path):
  """Defaults, experiment, config files, overrides, flags."""
  path = tmp_path / "run.yaml"
  path.write_text("train: {learning_rate: 3e-4, epochs: 3}\n")
  layers = [
    "--experiment=quickstart",
    f"--config_file={path}",
    "--params_override=train.learning_rate=5e-4",
    "--learning_rate=6e-4",
  ]
  found = []
  for count in range(len(layers) + 1):
    with flagsaver.flagsaver():
      absl_flags.FLAGS(["x", *layers[:count]])
      found.append(flags.config_from_flags().train)
  rates = [train.learning_rate for train in found]
  assert rates == [2e-4, 4e-4, 3e-4, 5e-4, 6e-4]
  steps = [train.train_steps for train in found]
  assert steps == [0, 3200, 0, 0, 0]  # the file's epochs take their place
  assert [train.epochs for train in found] == [200, 200, 3, 3, 3]


def test_a_length_takes_the_place_of_one_of_another_kind(given, tmp_path):
  """What wins over a preset's number of steps is not refused beside it."""
  path = tmp_path / "run.yaml"
  path.write_text("train: {until: '2030-01-01T00:00'}\n")
  start = config_lib.Config(train=config_lib.TrainConfig(train_steps=7))
  default = config_lib.TrainConfig()
  for layers, changed in (
    ([], {"train_steps": 7}),
    (["--max_minutes=5"], {"max_minutes": 5.0}),
    ([f"--config_file={path}"], {"until": "2030-01-01T00:00"}),
    ([f"--config_file={path}", "--epochs=3"], {"epochs": 3}),
    (
      ["--params_override=train.max_minutes=5,train.beta_1=0", "--epochs=3"],
      {"epochs": 3, "beta_1": 0.0},
    ),
    (
      [f"--config_file={path}", "--params_override=train.max_minutes=5"],
      {"max_minutes": 5.0},
    ),
  ):
    with flagsaver.flagsaver():
      absl_flags.FLAGS(["x", *layers])
      found = flags.config_from_flags(start).train
    expected = dataclasses.replace(default, **changed)
    assert found == expected, layers
    config_checks.resolve(config_lib.Config(train=found))


def test_without_any_file_a_run_is_the_standard_presets(
  given, tmp_path, monkeypatch
):
  """Who names a preset or brings a file gets what stands there only."""
  path = tmp_path / "run.yaml"
  path.write_text("loss: {lambda_id: 1}\n")
  listed = tmp_path / "run.flags"
  listed.write_text("--lambda_id=1\n")
  standard = config_file.with_given(
    config_lib.Config(), config_file.read_given(config_file.STANDARD_PRESET)
  )
  for layers, base, other in (
    (["--lambda_id=1"], standard, {"lambda_id": 1.0}),
    (["--params_override=loss.lambda_id=1"], standard, {"lambda_id": 1.0}),
    (["--experiment=none"], config_lib.Config(), {}),
    ([f"--config_file={path}"], config_lib.Config(), {"lambda_id": 1.0}),
    ([f"--flagfile={listed}"], config_lib.Config(), {"lambda_id": 1.0}),
  ):
    with flagsaver.flagsaver():
      monkeypatch.setattr(sys, "argv", ["x", *layers])
      absl_flags.FLAGS(["x", *layers])
      found = config_checks.resolve(flags.run_from_flags(None))
      # Other commands know of no standard.
      assert flags.config_from_flags().train.max_minutes == 0
    loss = dataclasses.replace(base.loss, **other)
    expected = dataclasses.replace(base, loss=loss)
    assert found == config_checks.resolve(expected), layers


@pytest.mark.parametrize(
  ("argument", "of_standard"),
  [("--penalty_interval=2", True), ("--label_smoothing=0.1", False)],
)
def test_a_flag_has_its_effect_in_the_run_that_it_is_given_for(
  given, tmp_path, argument, of_standard
):
  """The standard preset has penalties, and no labels to smooth."""
  for standard in (config_file.STANDARD_PRESET, None):
    begun = config_file.with_given(
      config_lib.Config(), config_file.read_given(standard)
    )
    config_file.save(config_checks.resolve(begun), str(tmp_path))
    with flagsaver.flagsaver():
      absl_flags.FLAGS(["x", argument])
      found = flags.run_from_flags(str(tmp_path))
      assert (found.train.max_minutes > 0) == of_standard
  with flagsaver.flagsaver():
    absl_flags.FLAGS(["x", argument])
    begun = flags.run_from_flags(None)
    if of_standard:
      assert config_checks.resolve(begun).loss.penalty_interval == 2
    else:
      with pytest.raises(errors.UserError) as error:
        config_checks.resolve(begun)
      assert error.value.option == "label_smoothing"


def test_a_run_goes_on_as_it_was_begun(given, tmp_path):
  """Before there was a standard preset, the defaults held."""
  for standard in (None, config_file.STANDARD_PRESET):
    begun = config_checks.resolve(
      config_file.with_given(
        config_lib.Config(), config_file.read_given(standard)
      )
    )
    begun = dataclasses.replace(
      begun, loss=dataclasses.replace(begun.loss, lambda_id=1.5)
    )
    config_file.save(begun, str(tmp_path))
    with flagsaver.flagsaver():
      absl_flags.FLAGS(["x", "--lambda_id=1.5"])
      found = flags.run_from_flags(str(tmp_path))
      assert config_checks.resolve(found) == begun
  # A file that is damaged is for who goes on from there.
  (tmp_path / "config.json").write_text("{")
  assert flags.run_from_flags(str(tmp_path)).train.max_minutes > 0


def test_pictures_stay_as_large_when_a_run_gets_more_time(given, tmp_path):
  """By the time of the run is what they were when it began."""
  for minutes, size in ((10, 64), (60, 128)):
    with flagsaver.flagsaver():
      absl_flags.FLAGS(["x", f"--max_minutes={minutes}"])
      begun = config_checks.resolve(flags.run_from_flags(None))
    assert begun.data.crop_size == begun.data.load_size == size
    config_file.save(begun, str(tmp_path))
    with flagsaver.flagsaver():
      absl_flags.FLAGS(["x", "--max_minutes=200"])
      found = flags.run_from_flags(str(tmp_path))
      assert config_checks.resolve(found).data == begun.data
      assert found.train.max_minutes == 200


@pytest.mark.parametrize(
  ("arguments", "words"),
  [
    (["--train_steps=9", "--epochs=200"], ["--train_steps=9", "--epochs=200"]),
    (["--max_minutes=5", "--train_steps=9"], ["--max_minutes=5 both say"]),
    (["--dataset=x", "--domain_a=y"], ["--dataset=x and --domain_a=y both"]),
    (["--skip_filters=8", "--noglobal_skip"], ["with --noglobal_skip"]),
    (["--lambda_gp=5"], ["--lambda_gp=5.0 has no effect", "=wgangp"]),
    (["--penalty_interval=4"], ["or give --lambda_r1 or --lambda_r2"]),
    (["--num_devices=2"], ["--distribution_strategy=mirrored"]),
    (["--tpu=x", "--distribution_strategy=mirrored"], ["--tpu=x has no"]),
    (["--cache_dir=x", "--cache=memory"], ["or give --cache=disk"]),
    (["--disc_type=basic", "--disc_n_layers=5"], ["--disc_n_layers=5 has no"]),
    (["--disc_type=pixel", "--disc_n_layers=5"], ["--disc_n_layers=5 has no"]),
    (["--lr_policy=constant", "--decay_fraction=0.1"], ["--lr_policy=linear"]),
    (["--params_override=loss.lambda_gp=5"], ["has no effect"]),
  ],
  ids=str,
)
def test_what_was_typed_and_contradicts_itself_is_refused(
  given, arguments, words
):
  given(*arguments)
  with pytest.raises(errors.UserError) as error:
    flags.config_from_flags()
  for word in words:
    assert word in str(error.value)


def test_what_has_no_effect_may_stand_in_a_flagfile(given):
  """Such as the best.flags of a search, which lists all that differs."""
  given("--lambda_gp=5", "--train_steps=9", "--epochs=5")
  flags.came_from_flagfiles(["lambda_gp", "train_steps"])
  try:
    config = flags.config_from_flags()
  finally:
    flags.came_from_flagfiles([])
  assert config.loss.lambda_gp == 5.0
  assert (config.train.train_steps, config.train.epochs) == (0, 5)


def test_a_flag_wins_over_what_an_override_says_of_another_option(given):
  given(
    "--params_override=model.skip_filters=8,model.disc_n_layers=2",
    "--noglobal_skip",
    "--disc_type=pixel",
  )
  assert not flags.config_from_flags().model.global_skip


def test_files_open_nothing_that_flags_leave_out(given, tmp_path):
  flags.define_run(devices=False, timed=False)  # neither for students
  try:
    for key, value in (
      ("distill.teacher", "x"),
      ("distill.students", "AtoB"),
      ("loss.lambda_distill", "1"),
      ("device.num_devices", "2"),
      ("train.max_minutes", "5"),
      ("train.until", "7:30"),
    ):
      section, _, name = key.partition(".")
      path = tmp_path / "run.yaml"
      path.write_text(f"{section}: {{{name}: '{value}'}}")
      if name == "num_devices":
        path.write_text("device: {num_devices: 2}")
      for way in (f"--params_override={key}={value}", f"--config_file={path}"):
        with flagsaver.flagsaver():
          absl_flags.FLAGS(["x", way])
          with pytest.raises(errors.UserError, match=f"{key}=.* not an option"):
            flags.config_from_flags()
        flags._read_once.cache_clear()
    # The defaults of everything stand in each run's config.json.
    path.write_text(config_file.to_json(config_lib.Config()))
    given(f"--config_file={path}")
    assert flags.config_from_flags() == config_lib.Config()
  finally:
    flags.define_run(distilled=True)


def test_an_error_names_what_was_typed(given, tmp_path):
  path = tmp_path / "run.yaml"
  path.write_text("data: {crop_size: 66}\n")
  for way, name in (
    (f"--config_file={path}", f"--config_file={path}: data.crop_size=66"),
    (
      "--params_override=data.crop_size=66",
      "--params_override=data.crop_size=66: data.crop_size=66",
    ),
    ("--crop_size=66", "--crop_size=66"),
  ):
    with flagsaver.flagsaver():
      absl_flags.FLAGS(["x", way])
      with pytest.raises(errors.UserError) as error:
        config_checks.resolve(flags.config_from_flags())
      assert flags.told(error.value).startswith(f"{name}: the resnet")
  given("--lambda_id_range=5,1")
  with pytest.raises(errors.UserError) as error:
    flags.search_from_flags()
  assert flags.told(error.value).startswith("--lambda_id_range=5,1 must be")


def test_sections_of_evaluate_and_export_are_read(given):
  given(
    "--params_override=evaluation.max_images=7,export.sizes=[32,48]",
    "--reference=test",
  )
  evaluation = flags.evaluation_from_flags()
  assert (evaluation.max_images, evaluation.reference) == (7, "test")
  assert flags.export_from_flags().sizes == (32, 48)
  data = flags.with_given_source(config_lib.Config()).data
  assert data == config_checks.resolve(config_lib.Config()).data


def test_files_name_the_pictures_as_flags_do(given):
  base = config_checks.resolve(
    config_lib.Config(data=config_lib.DataConfig(domain_a="a", domain_b="b"))
  )
  given("--params_override=data.dataset=c,data.crop_size=64")
  assert flags.source_is_given()
  data = flags.with_given_source(base).data
  assert (data.dataset, data.domain_a, data.crop_size) == ("c", "", 128)


def test_a_checkpoint_is_chosen_of_a_run_only(given, tmp_path):
  model = tmp_path / "g_AB.tflite"
  model.write_bytes(b"")
  for arguments in (["--checkpoint=best"], ["--raw_generator"]):
    with flagsaver.flagsaver():
      absl_flags.FLAGS(["x", *arguments])
      with pytest.raises(errors.UserError, match=f"{arguments[0]} is for the"):
        flags.selection_from_flags(str(model))
  assert flags.selection_from_flags(str(model))


def test_peers_names_of_options_are_known():
  """What the help calls an option of junyanz's leads there as well."""
  known = flags.peers()
  assert known["netD"] == "disc_type" and known["lambda_A"] == "lambda_reconstr"
  for entry in _entries():
    said = re.findall(r"junyanz[^.;)]*", entry.option.help)
    for peer in re.findall(r"--(\w+)", " ".join(said)):
      assert peer in known or peer in absl_flags.FLAGS, peer


def test_only_given_flags_change_a_configuration(given):
  base = config_lib.Config(
    data=config_lib.DataConfig(crop_size=64),
    loss=config_lib.LossConfig(lambda_id=7.0),
  )
  assert flags.config_from_flags(base) == base
  given("--lambda_id=3")
  assert flags.config_from_flags(base).loss.lambda_id == 3.0
  assert flags.config_from_flags(base).data == base.data


def test_a_data_set_takes_the_place_of_two_folders(given):
  base = config_checks.resolve(
    config_lib.Config(data=config_lib.DataConfig(domain_a="a", domain_b="b"))
  )
  assert not flags.source_is_given()
  given("--dataset=c", "--crop_size=64")
  assert flags.source_is_given()
  data = flags.with_given_source(base).data
  assert (data.dataset, data.domain_a, data.domain_b) == ("c", "", "")
  assert data.crop_size == 128  # not one of those that name pictures


def test_a_tilde_is_the_users_own_folder(given, monkeypatch, tmp_path):
  """Shells leave it as it is behind `--name=`."""
  monkeypatch.setenv("HOME", str(tmp_path))
  (tmp_path / "a.yaml").write_text("data:\n  domain_a: ~/a\n")
  given("--config_file=~/a.yaml", "--domain_b=b/~")
  data = flags.config_from_flags().data
  assert (data.domain_a, data.domain_b) == (f"{tmp_path}/a", "b/~")
  with flagsaver.flagsaver():
    absl_flags.FLAGS["domain_b"].unparse()
    given("--dataset=~/x")
    assert flags.config_from_flags().data.dataset == f"{tmp_path}/x"
  given("--model_dir=~")
  assert flags.require("model_dir", "give it") == str(tmp_path)


def test_every_option_that_names_a_place_takes_a_tilde():
  """An option added later is noticed by its help."""
  parts = (
    *_PARTS,
    command_config.CommandConfig,
    command_config.TranslateConfig,
    command_config.PackConfig,
    command_config.EvaluateConfig,
    search_config.TuneConfig,
  )
  for part in parts:
    for entry in search_config.declared_options(part).values():
      text = entry.option.help
      named = entry.name.endswith(("_dir", "_file")) or any(
        text.startswith(word)
        for word in ("Folder", "File ", "PNG file", "Picture;", "TFDS's data")
      )
      assert entry.option.is_path or not named, entry.name


def test_a_user_that_is_not_there_is_refused(given):
  with pytest.raises(absl_flags.Error, match="no user 'nobody-of-that-name'"):
    given("--dataset=~nobody-of-that-name/x")


def test_old_names_of_flags_and_values_are_taken(given):
  given("--eval_every=7", "--best_metric=true_error", "--license=mine")
  config = flags.config_from_flags()
  assert config.train.eval_every_steps == 7
  assert config.train.best_metric == "relative_l1"
  assert flags.export_from_flags().licence == "mine"


def test_size_and_sizes_contradict_each_other(given):
  given("--size=32")
  assert flags.export_from_flags().sizes == (32,)
  given("--sizes=32,48")
  with pytest.raises(errors.UserError, match="--size=32 and --sizes"):
    flags.export_from_flags()


def test_selection(given, tmp_path):
  run = str(tmp_path)
  assert flags.selection_from_flags(run) == command_config.DEFAULT_SELECTION
  given("--checkpoint=best", "--raw_generator")
  (tmp_path / "config.json").touch()
  with pytest.raises(errors.UserError, match="--model_dir=.* no checkpoint in"):
    flags.selection_from_flags(run, "model_dir")
  (tmp_path / "checkpoints_best").mkdir()
  assert flags.selection_from_flags(run) == command_config.GeneratorSelection(
    "best", use_ema=False
  )


def test_a_student_without_a_teacher_is_refused(given, tmp_path):
  with pytest.raises(errors.UserError, match="--teacher is missing"):
    flags.student_from_flags()
  given(f"--teacher={tmp_path}")
  with pytest.raises(errors.UserError, match=f"--teacher={tmp_path} holds no"):
    flags.student_from_flags()


def test_a_pipe_is_read_once(given):
  """As `--config_file=<(...)` of a shell, by all that asks for options."""
  reading, writing = os.pipe()
  os.write(writing, b"train: {epochs: 7}\nsearch: {max_trials: 3}\n")
  os.close(writing)
  given(f"--config_file=/dev/fd/{reading}")
  assert flags.search_from_flags().max_trials == 3
  assert flags.config_from_flags().train.epochs == 7
  os.close(reading)


def test_bad_combination_is_refused(given):
  given("--crop_size=64", "--load_size=32")
  with pytest.raises(errors.UserError, match="--load_size=32"):
    config_checks.resolve(flags.config_from_flags())


def test_require_names_flag_and_remedy():
  with pytest.raises(errors.UserError, match="--model_dir.*give a folder"):
    flags.require("model_dir", "give a folder")
  with flagsaver.flagsaver(model_dir="x"):
    assert flags.require("model_dir", "give a folder") == "x"


def test_defining_twice_is_harmless():
  before = absl_flags.FLAGS["crop_size"]
  flags.define(config_lib.DataConfig)
  assert absl_flags.FLAGS["crop_size"] is before


if __name__ == "__main__":
  conftest.main(__file__)
