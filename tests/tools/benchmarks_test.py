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
"""The benchmarks measure what they say, on the smallest cases."""

import csv
import json
import pathlib
import sys

import PIL.Image
import pytest

from tests import conftest

_TOOLS = conftest.ROOT / "tools"
_TINY = (
  "--sizes=16",
  "--filters=4",
  "--n_res_blocks=1",
  "--disc_n_layers=1",
  "--peak_size=256",
)
sys.path.insert(0, str(_TOOLS / "benchmarks"))
import step_cost  # noqa: E402

# They train, start processes or measure.
pytestmark = [
  pytest.mark.slow(seconds=10),  # of one test
  pytest.mark.one_stack,
]


def test_operations_are_those_of_the_paper():
  """56.8 G multiply-adds less what transposed convolutions are over-counted."""
  case = step_cost.Case(256, 64, 1, 9, 3)
  generator, discriminator = 49.55e9, 3.1e9
  first = 128**2 * 16 * 3 * 64
  stem = 256**2 * 49 * 3 * 64
  want = 2 * 2 * (9 * generator - 2 * stem + 8 * discriminator - 2 * first)
  assert abs(step_cost.step_operations(case) / want - 1) < 0.01


def test_operations_grow_as_they_should():
  small = step_cost.step_operations(step_cost.Case(64, 16, 1, 9, 3))
  double = step_cost.step_operations(step_cost.Case(128, 16, 2, 9, 3))
  assert abs(double / small - 8) < 0.01


def test_steps_are_compared(tmp_path):
  done = conftest.run_tool(
    "benchmarks/benchmark_step.py",
    *_TINY,
    "--rounds=2",
    "--seconds=0",
    "--only=tutorial,keras_example,other_stack_float32",
    f"--other_python={sys.executable}",
    f"--json={tmp_path / 'steps.json'}",
  )
  assert done.returncode == 0, done.stderr
  (case,) = json.loads((tmp_path / "steps.json").read_text())
  others = ("tutorial", "keras_example", "other_stack_float32")
  assert set(case["steps"]) == {"ours", *others}
  for step in case["steps"].values():
    assert step["wall_ms"] > 0 and len(step["wall_ms_rounds"]) == 2
    assert step["first_step_seconds"] > 1e-3 * step["wall_ms"]
    assert step["peak_mb"] > 100
    share = case["gflop_per_step"] / step["wall_ms"] * 1e3
    kind = "bfloat16" if "bfloat16" in step["precision"] else "float32"
    share /= case["peak_gflop_per_second"][kind]
    assert abs(step["share_of_peak"] / share - 1) < 1e-6
  assert set(case["ratios"]) == {f"ours to {name}" for name in others}
  assert "| ours to tutorial |" in conftest.unpadded(done.stdout)


def test_pytorch_is_compared_where_it_is(tmp_path):
  pytest.importorskip("torch", reason="PyTorch is not installed here")
  done = conftest.run_tool(
    "benchmarks/benchmark_step.py",
    *_TINY,
    "--rounds=1",
    "--seconds=0",
    "--torch",
    "--only=torch",
  )
  assert done.returncode == 0, done.stderr
  assert "| ours to torch |" in conftest.unpadded(done.stdout)


@pytest.mark.parametrize(
  ("arguments", "words"),
  [
    (["--sizes=10"], ["--crop_size=10"]),
    (["--sizes=large"], ["--sizes=large"]),
    (["--only=mine"], ["--only=mine", "tutorial"]),
    (["--only=torch"], ["--only=torch", "--torch"]),
    (["--only=other_stack"], ["--only=other_stack", "--other_python"]),
  ],
)
def test_impossible_comparisons_are_refused(arguments, words):
  conftest.assert_refused(
    conftest.run_tool("benchmarks/benchmark_step.py", *arguments), *words
  )


def test_missing_pytorch_is_one_line():
  done = conftest.run_tool(
    "benchmarks/benchmark_step.py",
    *_TINY,
    "--torch",
    "--torch_python=/bin/false",
    "--only=torch",
  )
  conftest.assert_refused(done, "--torch_python")


def test_pipelines_are_compared_with_bare_decoding(tmp_path):
  done = conftest.run_tool(
    "benchmarks/benchmark_data.py",
    "--size=32",
    "--counts=6,9",
    "--seconds=0.1",
    "--rounds=1",
    "--gen_n_filters=4",
    "--disc_n_filters=4",
    "--disc_n_layers=1",
    "--n_res_blocks=1",
    f"--json={tmp_path / 'data.json'}",
  )
  assert done.returncode == 0, done.stderr
  figures = json.loads((tmp_path / "data.json").read_text())
  rates = figures["pictures_per_second"]
  assert set(rates) == {
    "bare decoding",
    *(f"pipeline, cache={cache}" for cache in ("none", "memory", "disk")),
  }
  assert min(rates.values()) > figures["training_step"] > 0
  assert set(figures["memory_mb"]) == {"6", "9"}
  assert 100 < figures["memory_mb"]["6"] < 20_000
  assert "| pipeline, cache=disk |" in conftest.unpadded(done.stdout)


def test_pipelines_of_two_checkouts_are_compared(tmp_path):
  done = conftest.run_tool(
    "benchmarks/benchmark_data.py",
    "--size=32",
    "--counts=6,9",
    "--seconds=0.1",
    "--rounds=1",
    f"--before={conftest.ROOT}",
    f"--json={tmp_path / 'data.json'}",
  )
  assert done.returncode == 0, done.stderr
  figures = json.loads((tmp_path / "data.json").read_text())
  for name in ("before", "after"):
    (measured,) = figures[name]
    assert min(measured.values()) > 0
  assert "| after to before |" in conftest.unpadded(done.stdout)
  conftest.assert_refused(
    conftest.run_tool("benchmarks/benchmark_data.py", f"--before={tmp_path}"),
    "--before=",
  )


def test_impossible_sets_are_refused():
  conftest.assert_refused(
    conftest.run_tool("benchmarks/benchmark_data.py", "--counts=9"),
    "--counts=9",
  )


def test_recipes_are_compared(few_fruits, tmp_path):
  flagfile = tmp_path / "tiny.flags"
  flagfile.write_text(
    "--crop_size=32\n--load_size=40\n--gen_n_filters=4\n--disc_n_filters=4\n"
    "--disc_n_layers=1\n"
    "--n_res_blocks=1\n--train_steps=30\n"
  )
  output = tmp_path / "out"
  arguments = [
    "benchmarks/benchmark_quality.py",
    f"--output_dir={output}",
    f"--data_dir={few_fruits}",
    f"--recipes=first={flagfile},second={flagfile}",
    "--problems=apple2orange_scenes/64=9",
    "--seeds=1",
  ]
  done = conftest.run_tool(*arguments)
  assert done.returncode == 0, done.stderr
  curves = json.loads((output / "curves.json").read_text())
  assert list(curves) == [
    "first/apple2orange_scenes/64/1",
    "second/apple2orange_scenes/64/1",
  ]
  for measurements in curves.values():
    assert measurements[0]["step"] == 10  # the goal is reached at once
    assert 0.5 < measurements[0]["error"] < 9
    assert 0 < measurements[0]["wall_seconds"] < 600
  config = json.loads(
    next(output.glob("first/*/1/config.json")).read_text(encoding="utf-8")
  )
  assert config["data"]["crop_size"] == 64 and config["data"]["load_size"] == 80
  with open(output / "curves.csv", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
  assert [row["recipe"] for row in rows] == ["first", "second"]
  with PIL.Image.open(output / "curves.png") as picture:
    assert picture.width > 500
  summary = conftest.unpadded((output / "summary.md").read_text())
  assert "| second | 10 |" in summary
  before = (output / "curves.json").read_bytes()
  assert (
    conftest.run_tool(*arguments).returncode == 0
  )  # nothing is trained again
  assert (output / "curves.json").read_bytes() == before


@pytest.mark.parametrize(
  ("arguments", "words"),
  [
    (["--recipes=ours"], ["--recipes=ours", "name=file"]),
    (["--problems=fruits"], ["--problems=fruits", "name/size=goal"]),
  ],
)
def test_impossible_recipes_are_refused(arguments, words, tmp_path):
  done = conftest.run_tool(
    "benchmarks/benchmark_quality.py", f"--output_dir={tmp_path}", *arguments
  )
  conftest.assert_refused(done, *words)


def test_missing_output_folder_is_refused():
  conftest.assert_refused(
    conftest.run_tool("benchmarks/benchmark_quality.py"), "--output_dir"
  )


def test_no_tool_needs_tensorflow_for_its_help():
  for tool in (
    "benchmarks/benchmark_data.py",
    "benchmarks/benchmark_step.py",
    "benchmarks/benchmark_quality.py",
    "download_dataset.py",
  ):
    assert "Recipe" in conftest.run_tool(tool, "--help").stdout
    source = pathlib.Path(_TOOLS, tool).read_text(encoding="utf-8")
    assert "\nimport tensorflow" not in source


if __name__ == "__main__":
  conftest.main(__file__)
