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

import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.modeling import generators
from official.cyclegan.serving import model_cost
from official.cyclegan.serving import serving_module
from official.cyclegan.serving import tflite_convert
from tests import conftest


def _cost(tmp_path, size, **model):
  generator = generators.build_generator(config_lib.ModelConfig(**model))
  module = serving_module.ServingModule(generator, "AtoB")
  path = tmp_path / "g_AB.tflite"
  path.write_bytes(tflite_convert.convert(module, [size], "float32"))
  return model_cost.read(str(path)), generator.count_params()


@pytest.mark.slow
@pytest.mark.one_stack
def test_paper_generator_has_the_published_cost(tmp_path):
  """56.8 G at 256 pixels (Li et al., 2020, table 1), a 16th of it at 64."""
  cost, parameters = _cost(
    tmp_path,
    64,
    gen_n_filters=64,
    upsample="conv_transpose",
    global_skip=False,
  )
  assert 16 * cost.literature_macs == pytest.approx(56.8e9, rel=1e-3)
  # Two transposed convolutions, each counted at a quarter.
  up = 9 * (256 * 128 * 32**2 + 128 * 64 * 64**2)
  assert cost.literature_macs - cost.macs == up * 3 // 4
  # The last bias but no other survives next to norms.
  assert parameters - cost.parameters == pytest.approx(192, abs=192)


def test_mobile_generator_counted_by_hand(tmp_path):
  cost, _ = _cost(
    tmp_path,
    32,
    generator_type="mobile",
    gen_n_filters=4,
    n_res_blocks=2,
    skip_filters=2,
  )
  half, quarter, whole = 16**2, 8**2, 32**2
  c = 16
  want = (
    half * 9 * 3 * 4
    + quarter * (9 * 4 + 4 * c)
    + 2 * 2 * quarter * (9 * c + c * c)
    + quarter * c * 16
    + half * 9 * 4 * 12
    + whole * (3 * 2 + 2 * 3)
  )
  assert cost.macs == cost.literature_macs == want
  # At least the picture and its change, at most a few maps at half size.
  assert 2 * whole * 3 * 4 <= cost.activation_bytes < 20 * half * c * 4


@pytest.mark.slow
@pytest.mark.one_stack
def test_tool_writes_a_table_and_json(tmp_path):
  result = conftest.run_tool(
    "benchmarks/generator_costs.py",
    "--size=32",
    "--generator_type=mobile",
    "--gen_n_filters=4",
    "--n_res_blocks=1",
    "--quantization=float32,dynamic",
    "--variant=coarse:block_scale=8,n_res_blocks=3",
    f"--json={tmp_path / 'cost.json'}",
  )
  assert result.returncode == 0, result.stderr
  rows = json.loads((tmp_path / "cost.json").read_text())
  assert list(rows) == [
    "mobile_float32.tflite",
    "mobile_dynamic.tflite",
    "coarse_float32.tflite",
    "coarse_dynamic.tflite",
  ]
  parameters = [row["parameters"] for row in rows.values()]
  assert parameters[0] == parameters[1] < parameters[2] == parameters[3]
  for name, row in rows.items():
    assert f"| {name} |" in result.stdout
    assert row["partitions"] == 1 and row["macs"] > 1e5
    assert row["operators"] > 50
    assert set(row["milliseconds"]) == {"1", "2"}


@pytest.mark.parametrize("changes", ["n_blocks=3", "n_res_blocks", ""])
def test_tool_refuses_a_variant_of_what_the_networks_have_not(changes):
  result = conftest.run_tool(
    "benchmarks/generator_costs.py", f"--variant=small:{changes}"
  )
  conftest.assert_refused(result, f"--variant=small:{changes}", "OPTION=VALUE")


def test_tool_refuses_what_is_no_model(tmp_path):
  (tmp_path / "no.tflite").write_text("text")
  path = tmp_path / "no.tflite"
  result = conftest.run_tool(
    "benchmarks/generator_costs.py", f"--tflite={path}"
  )
  conftest.assert_refused(result, f"--tflite={path}")


if __name__ == "__main__":
  conftest.main(__file__)
