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
import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.modeling import loss_terms
from tests import conftest

_GENERATORS = loss_terms.GeneratorTerms(
  adversarial={"AB": 1.0, "BA": 2.0},
  cycle={"A": 3.0, "B": 4.0},
  identity={"A": 5.0, "B": 6.0},
  distillation={"AB": 7.0},
  features={"AB": 8.0},
  color={"A": 9.0, "B": 1.0},
)
_DISCRIMINATORS = loss_terms.DiscriminatorTerms(
  adversarial={"A": 1.0, "B": 2.0},
  gradient_penalty={"A": 3.0, "B": 4.0},
  real_penalty={"A": 9.0, "B": 10.0},
  fake_penalty={"A": 11.0, "B": 12.0},
  scores={"A_real": 5.0, "A_fake": 6.0, "B_real": 7.0, "B_fake": 8.0},
)
_WEIGHTS = config_lib.LossConfig(
  lambda_validation=1.0,
  lambda_reconstr=10.0,
  lambda_id=100.0,
  lambda_distill=1000.0,
  lambda_features=10000.0,
  lambda_color=0.1,
  lambda_gp=0.5,
  lambda_r1=10.0,
  lambda_r2=100.0,
)


def test_metrics_have_the_names_that_logs_have_always_had():
  assert _GENERATORS.metrics() == {
    "gan_AB": 1.0,
    "gan_BA": 2.0,
    "cycle_A": 3.0,
    "cycle_B": 4.0,
    "identity_A": 5.0,
    "identity_B": 6.0,
    "color_A": 9.0,
    "color_B": 1.0,
    "distill_AB": 7.0,
    "features_AB": 8.0,
  }
  assert _DISCRIMINATORS.metrics() == {
    "d_A": 1.0,
    "d_B": 2.0,
    "gp_A": 3.0,
    "gp_B": 4.0,
    "r1_A": 9.0,
    "r1_B": 10.0,
    "r2_A": 11.0,
    "r2_B": 12.0,
    "score/d_A_real": 5.0,
    "score/d_A_fake": 6.0,
    "score/d_B_real": 7.0,
    "score/d_B_fake": 8.0,
  }


@pytest.mark.parametrize("terms", [_GENERATORS, _DISCRIMINATORS])
def test_terms_are_found_again_among_logged_metrics(terms):
  logs = {"gradient_norm/d_A": 9.0, "val/cycle_A": 9.0, "gan_other": 9.0}
  logs.update(_GENERATORS.metrics(), **_DISCRIMINATORS.metrics())
  assert type(terms).from_metrics(logs) == terms
  assert type(terms).from_metrics({}) == type(terms)()


def test_totals_are_weighted():
  assert _GENERATORS.total(_WEIGHTS) == 3 + 70 + 1100 + 7000 + 80000 + 1
  assert _DISCRIMINATORS.total(_WEIGHTS) == 3 + 3.5 + 190 + 2300
  assert loss_terms.GeneratorTerms().total(_WEIGHTS) == 0
  assert (
    loss_terms.DiscriminatorTerms(adversarial={"A": 2}).total(_WEIGHTS) == 2
  )


if __name__ == "__main__":
  conftest.main(__file__)
