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
import json
import os

import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import config_file
from official.cyclegan.core import errors
from official.cyclegan.core import options
from official.cyclegan.core import search_config
from tests import conftest


def _with(part, **changes):
  return conftest.replace(config_lib.Config(), part, **changes)


def test_json_round_trip_keeps_every_field():
  config = _with("data", crop_size=64, load_size=72, dataset="x/y")
  config = conftest.replace(config, "train", train_steps=7, seed=5)
  assert config_file.from_json(config_file.to_json(config)) == config


def test_what_is_not_used_is_saved_only_if_0_6_0_had_it():
  """Else that version could not read a run that uses nothing new."""
  kept = conftest.ROOT / "tests" / "testdata" / "v0_6_0" / "run"
  known = json.loads((kept / "config.json").read_text())
  config = config_checks.resolve(config_lib.Config())
  saved = json.loads(config_file.to_json(config))
  assert {part: set(values) for part, values in saved.items()} == {
    part: set(values) for part, values in known.items()
  }
  used = config_checks.resolve(_with("loss", lambda_r1=0.1))
  assert config_file.from_json(config_file.to_json(used)) == used


def test_run_of_an_earlier_version_is_read():
  """Its file lacks the newer fields, whose defaults are what it did."""
  for generator_type, upsample in (
    ("resnet", "conv_transpose"),
    ("unet", "resize_conv"),
  ):
    text = json.dumps({"model": {"generator_type": generator_type}})
    config = config_file.from_json(text)
    assert config.model.upsample == upsample
  assert config.loss.gan_mode == "lsgan"
  assert config.device.distribution_strategy == "one_device"


def test_file_that_cannot_be_written_is_named(tmp_path):
  with pytest.raises(errors.UserError, match="--model_dir: .*config.json"):
    config_file.save(config_lib.Config(), str(tmp_path / "missing"))


@pytest.mark.parametrize(
  ("text", "word"),
  [
    ("{", "not valid JSON"),
    ("[]", "expected an object"),
    ('{"model": {"layers": 3}}', "layers"),
    ('{"train": {"epochs": "many"}}', "epochs"),
    ("[" * 100_000, "not valid JSON"),
    ('{"train": {"epochs": 1%s}}' % ("0" * 400), "epochs"),
    ('{"loss": {"lambda_id": 1%s}}' % ("0" * 400), "lambda_id"),
    ('{"loss": {"lambda_id": NaN}}', "lambda_id"),
    ('{"model": {"gen_n_filters": 1000000}}', "gen_n_filters"),
    ('{"data": {"dataset": "a\\u0000b"}}', "dataset"),
  ],
)
def test_unreadable_json_is_named(text, word):
  with pytest.raises(errors.UserError, match=word):
    config_file.from_json(text, "somewhere/config.json")


def test_a_configuration_that_is_no_text_is_named(tmp_path):
  (tmp_path / "config.json").write_bytes(b"\xff{}")
  with pytest.raises(errors.UserError, match="config.json is not valid JSON"):
    config_file.load(str(tmp_path))


@pytest.mark.parametrize(
  "text", ["[]", "{", '{"data": 3}', '{"data": {"crop_size": "x"}}', "\udcff"]
)
def test_a_damaged_export_report_is_named(text, tmp_path):
  (tmp_path / "g_AB.tflite").write_bytes(b"")
  path = tmp_path / "export.json"
  path.write_bytes(text.encode("utf-8", "surrogateescape"))
  with pytest.raises(errors.UserError, match="export.json"):
    config_file.find(str(tmp_path))


def test_save_and_load(tmp_path):
  config = _with("model", n_res_blocks=6)
  config_file.save(config, str(tmp_path))
  assert config_file.load(str(tmp_path)) == config
  assert json.loads((tmp_path / "config.json").read_text())["model"]
  with pytest.raises(errors.UserError, match="nowhere does not exist"):
    config_file.load(str(tmp_path / "nowhere"))


def _file(tmp_path, text, name="run.yaml"):
  path = tmp_path / name
  path.write_text(text, encoding="utf-8")
  return str(path)


def test_the_order_is_experiment_files_overrides(tmp_path):
  first = _file(tmp_path, "train: {learning_rate: 1e-3, epochs: 7}", "1.yaml")
  second = _file(tmp_path, '{"train": {"epochs": 8}}', "2.json")
  given = config_file.read_given(
    "quickstart",
    [first, second],
    ["train.epochs=9,loss.lambda_id=4", "train.epochs=10"],
  )
  config = config_file.with_given(config_lib.Config(), given)
  assert config.data.crop_size == 64  # the experiment's
  assert config.train.learning_rate == 1e-3  # the first file's
  assert config.loss.lambda_id == 4.0
  assert config.train.epochs == 10  # the last override's
  one = config_file.read_given("quickstart", [first, second])
  assert one["train"]["epochs"] == 8
  one = config_file.read_given("quickstart", [second, first])
  assert one["train"]["epochs"] == 7


def test_yaml_round_trip(tmp_path):
  config = _with("train", learning_rate=3e-5, best_metric="swd")
  text = config_file.to_yaml(dataclasses.asdict(config))
  given = config_file.read_given(config_files=[_file(tmp_path, text)])
  again = config_file.with_given(config_lib.Config(), given)
  assert config_checks.resolve(again) == config


def test_yaml_numbers_without_a_point_are_numbers(tmp_path):
  path = _file(tmp_path, "train: {learning_rate: 2e-4}\nloss: {lambda_id: 3}")
  given = config_file.read_given(config_files=[path])
  assert given == {
    "train": {"learning_rate": 2e-4},
    "loss": {"lambda_id": 3.0},
  }


def test_a_search_can_be_given_as_a_file(tmp_path):
  path = _file(
    tmp_path,
    "search: {lambda_id_range: [1, 4], search: [lambda_id], tuner: random}",
  )
  given = config_file.read_given(
    config_files=[path],
    overrides=["search.gen_n_filters_choices=[8,16],search.max_trials=3"],
  )
  search = search_config.with_options(
    search_config.SearchConfig(), given["search"]
  )
  assert search.space["lambda_id"] == options.Range(1.0, 4.0)
  assert search.space["gen_n_filters"] == options.Choices((8, 16))
  assert search.search == ("lambda_id",) and search.max_trials == 3


def test_old_names_of_values_are_read(tmp_path):
  path = _file(tmp_path, "train: {best_metric: true_error}")
  given = config_file.read_given(config_files=[path])
  assert given["train"]["best_metric"] == "relative_l1"


@pytest.mark.parametrize(
  ("text", "words"),
  [
    (
      "train: {learning_rat: 1}",
      ["train.learning_rat ", "train.learning_rate"],
    ),
    (
      "model: {lambda_id: 1}",
      ["model.lambda_id", "Did you mean loss.lambda_id"],
    ),
    ("trian: {epochs: 1}", ["'trian'", "Did you mean train?"]),
    ("train: {epochs: many}", ["train.epochs", "whole number", "'many'"]),
    ("data: {flip: 1}", ["data.flip must be true or false, found 1."]),
    ("- 1", ["expected an object"]),
    ("a: [", ["cannot be read"]),
    ("[" * 3000, ["cannot be read"]),
    ("a: 2001-99-99", ["cannot be read"]),
    ("? [1, 2]\n: 3", ["cannot be read"]),
    ("1: {a: 1}", ["no options called 1"]),
    ("&a [*a, *a]", ["expected an object"]),
    ("train: {epochs: [[[[[[[[1]]]]]]]]}", ["train.epochs", "..."]),
    ("", ["holds no options"]),
    ("# all of it: is a comment", ["holds no options"]),
    ("train:\n  epochs:\n", ["train.epochs has no value"]),
    ("a: \x07", ["cannot be read: it is not a text."]),
    ("train: {epochs: 3", ["cannot be read: line 1, column 18"]),
    ("epochs: 3", ["'epochs'", "Did you mean train.epochs?"]),
    ("train: {epochs: 3}\nmodel: {}\ntrain: {}", ["train stands", "line 3"]),
    ('{"train": {"seed": 1, "seed": 2}}', ["seed stands there twice"]),
    ("train: {epochs: -3}", ["train.epochs=-3 must be at least 1"]),
    ("loss: {gan_mode: lsgna}", ["loss.gan_mode=lsgna", "mean lsgan?"]),
    ("data: {dataset: ''}", ["data.dataset= is empty"]),
    ("loss: {lambda_id: .inf}", ["loss.lambda_id=inf must be finite"]),
    # Whichever command these are for.
    ("search: {max_trials: 0}", ["search.max_trials=0 must be at least 1"]),
    ("search: {lambda_id_range: [5, 1]}", ["search.lambda_id_range=5.0,1.0"]),
    ("evaluation: {max_images: -1}", ["evaluation.max_images=-1"]),
    ("export: {format: [tflit]}", ["export.format=tflit", "Did you mean"]),
    ("export: {sizes: [32, 32]}", ["export.sizes names something twice"]),
    # Two ways to say one thing, neither of which is the default.
    (
      "train: {train_steps: 9, epochs: 5}",
      ["train.train_steps=9 and train.epochs=5 both say how long"],
    ),
    (
      "data: {dataset: x, domain_a: y, domain_b: z}",
      ["data.dataset=x and data.domain_a=y both say which pictures"],
    ),
  ],
)
def test_a_wrong_file_is_refused_by_name(text, words, tmp_path):
  path = _file(tmp_path, text)
  with pytest.raises(errors.UserError) as error:
    config_file.read_given(config_files=[path])
  for word in (f"--config_file={path}", *words):
    assert word in str(error.value)


@pytest.mark.parametrize(
  ("text", "words"),
  [
    ("learning_rate=1", ["'learning_rate=1'", "train.learning_rate=1e-4"]),
    ("train.epochs", ["'train.epochs'"]),
    ("train.epochs=x", ["train.epochs=x must be a whole number"]),
    ("model.gen_filters=4", ["Did you mean model.gen_n_filters?"]),
    ("epochs=3", ["Did you mean train.epochs?"]),
    ("data.range=0,255", ["'255'", "brackets"]),
    ("model.gen_n_filters=[16", ["a bracket is missing"]),
    ("model.gen_n_filters=16]", ["a bracket is missing"]),
    ("export.sizes=[[32]]", ["a bracket is missing"]),
    ("model.gen_n_filters=[16]", ["must be a whole number"]),
    ("train.epochs=3,,train.seed=1", ["a comma with nothing beside it"]),
    ("train.epochs=3,", ["a comma with nothing beside it"]),
    ("loss.lambda_id=1,loss.lambda_id=2", ["loss.lambda_id stands", "twice"]),
    ("train.epochs=-3", ["train.epochs=-3 must be at least 1"]),
    ("search.max_trials=-5", ["search.max_trials=-5 must be at least 1"]),
    ("data.dataset=", ["data.dataset= is empty"]),
    (
      "train.train_steps=9,train.epochs=200",
      ["train.train_steps=9 and train.epochs=200 both say how long"],
    ),
  ],
)
def test_a_wrong_override_is_refused_by_name(text, words):
  with pytest.raises(errors.UserError) as error:
    config_file.read_given(overrides=[text])
  for word in (f"--params_override={text}", *words):
    assert word in str(error.value)


def test_a_binary_file_is_refused_without_pythons_wording(tmp_path):
  path = tmp_path / "run.yaml"
  path.write_bytes(bytes(range(128, 256)))
  with pytest.raises(errors.UserError, match="not a text in UTF-8") as error:
    config_file.read_given(config_files=[str(path)])
  assert "codec" not in str(error.value)


def test_what_was_asked_for_is_written_with_what_follows_as_comments(tmp_path):
  """So that flags beside the file do what they do without it."""
  asked = config_lib.Config(
    data=config_lib.DataConfig(crop_size=64),
    train=config_lib.TrainConfig(train_steps=7, learning_rate=3e-4),
  )
  resolved = config_checks.resolve(asked)
  text = config_file.to_yaml(
    dataclasses.asdict(asked), dataclasses.asdict(resolved)
  )
  assert "  load_size: 0  # 64\n" in text
  assert "  upsample: auto  # subpixel\n" in text
  given = config_file.read_given(config_files=[_file(tmp_path, text)])
  assert config_file.with_given(config_lib.Config(), given) == asked


_RUN = dataclasses.asdict(
  config_lib.Config(train=config_lib.TrainConfig(train_steps=9))
)


@pytest.mark.parametrize(
  ("layers", "key", "values"),
  [
    # Later ones replace what says the same in another way.
    (["train.train_steps=9", "train.epochs=5"], "train", (0, 5, 0.0)),
    (["train.epochs=5", "train.train_steps=9"], "train", (9, 200, 0.0)),
    (["train.max_minutes=5", "train.epochs=200"], "train", (0, 200, 0.0)),
    (["train.epochs=5", "train.max_minutes=2"], "train", (0, 200, 2.0)),
    (["train.epochs=5", "train.seed=1"], "train", (0, 5, 0.0)),
    (["train.train_steps=9", "train.train_steps=0"], "train", (0, 200, 0.0)),
    ([_RUN, "train.epochs=5"], "train", (0, 5, 0.0)),
    (["train.epochs=5", _RUN], "train", (9, 200, 0.0)),
    (["data.domain_a=a,data.domain_b=b", "data.dataset=x"], "data", "x"),
    (["data.dataset=x", "data.domain_a=a,data.domain_b=b"], "data", "a b"),
    (["model.disc_type=basic", "model.disc_n_layers=1"], "model", 1),
    (["model.disc_type=pixel", "model.disc_n_layers=1"], "model", 1),
    (["model.disc_n_layers=1", "model.disc_type=basic"], "model", 3),
  ],
  ids=str,
)
def test_a_later_layer_takes_back_what_it_replaces(
  layers, key, values, tmp_path
):
  files = [_file(tmp_path, config_file.to_yaml(x)) for x in layers if x is _RUN]
  if layers[-1] is _RUN:  # files are read before overrides: two files
    first = _file(tmp_path, "train: {epochs: 5}", "first.yaml")
    files, layers = [first, *files], []
  given = config_file.read_given(
    config_files=files, overrides=[x for x in layers if x is not _RUN]
  )
  config = config_file.with_given(config_lib.Config(), given)
  config = config_checks.resolve(config)
  if key == "train":
    train = config.train
    assert (train.train_steps, train.epochs, train.max_minutes) == values
  elif key == "data":
    data = config.data
    folders = f"{data.domain_a} {data.domain_b}".strip()
    assert (folders or data.dataset) == values
  else:
    assert config.model.disc_n_layers == values
    assert config.model.disc_type == ("basic" if values == 3 else "n_layers")


def test_missing_file_and_preset_are_refused(tmp_path):
  with pytest.raises(errors.UserError, match="No such file"):
    config_file.read_given(config_files=[str(tmp_path / "none.yaml")])
  with pytest.raises(errors.UserError, match="Did you mean quickstart?"):
    config_file.read_given("quikstart")


@pytest.mark.parametrize("name", config_file.presets())
def test_presets_resolve(name):
  given = config_file.read_given(name)
  config_checks.resolve(config_file.with_given(config_lib.Config(), given))


@pytest.mark.parametrize(
  "number",
  [
    f"0x{'f' * 50_000}",
    "9" * 50_000,
    f"0b{'1' * 50_000}",
    f"0o{'7' * 50_000}",
    f"1{':1' * 25_000}",
    f"1{':1' * 25_000}.5",
    f"1{':59' * 250}.5",
    f"1e{'9' * 50_000}",
    f"{'9' * 50_000}.0",
  ],
  ids=lambda number: number[:8],
)
@pytest.mark.parametrize(
  "text", ["train: {epochs: %s}", "train: {%s: 1}", "%s: 1", "[%s]", "%s"]
)
def test_numbers_that_nobody_writes_are_one_short_line(tmp_path, number, text):
  path = _file(tmp_path, text % number)
  with pytest.raises(errors.UserError) as error:
    config_file.read_given(config_files=[path])
  assert "--config_file" in str(error.value) and "\n" not in str(error.value)
  assert len(str(error.value)) < 2000


def test_mappings_that_multiply_are_refused(tmp_path):
  lines = ["x0: &x0 {k: 1}"]
  for i in range(1, 12):
    merged = ", ".join([f"*x{i - 1}"] * 9)
    lines.append(f"x{i}: &x{i} {{<<: [{merged}]}}")
  path = _file(tmp_path, "\n".join(lines))
  # From 6.0.4 on PyYAML itself merges what is the same once.
  with pytest.raises(errors.UserError, match="very many keys|called 'x0'"):
    config_file.read_given(config_files=[path])
  merged = "a: &a {epochs: 7}\ntrain: {<<: *a}"
  with pytest.raises(errors.UserError, match="no options called 'a'"):
    config_file.read_given(config_files=[_file(tmp_path, merged)])


def test_a_file_without_end_is_refused():
  with (
    open("/dev/zero", "rb") as endless,
    pytest.raises(errors.UserError, match="more than 1,048,576 bytes"),
  ):
    config_file.read_given(config_files=[f"/dev/fd/{endless.fileno()}"])


def test_pipes_among_what_is_read_are_refused_unopened(tmp_path):
  os.mkfifo(tmp_path / "x.yaml")
  with pytest.raises(errors.UserError, match="--config_file: .*is a pipe"):
    config_file.read_given(config_files=[str(tmp_path / "x.yaml")])
  os.mkfifo(tmp_path / "config.json")
  with pytest.raises(errors.UserError, match="--model_dir: .*is a pipe"):
    config_file.load(str(tmp_path))
  (tmp_path / "config.json").unlink()
  (tmp_path / "checkpoints").mkdir()
  os.mkfifo(tmp_path / "checkpoints" / "ckpt-1.index")
  with pytest.raises(errors.UserError, match="ckpt-1.index is a pipe"):
    config_file.load(str(tmp_path))


if __name__ == "__main__":
  conftest.main(__file__)
