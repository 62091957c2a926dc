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
"""Tests of the comparison with the model in use."""

import pytest

from official.cyclegan.core import command_config
from official.cyclegan.core import errors
from official.cyclegan.pipeline import decision
from tests import conftest


def _report(size=64, **measures):
  return {"measures": measures, "protocol": {"size": size}}


@pytest.mark.parametrize("measure", command_config.EVALUATED)
def test_every_measure_goes_its_own_way(measure):
  high = _report(**{measure: 0.9})
  low = _report(**{measure: 0.6})
  better, worse = (
    (high, low)
    if measure.endswith(("psnr", "ssim", "correlation"))
    else (low, high)
  )
  good = decision.decide(better, worse, measure, 0.0)
  assert good.blessed and good.worse_by < 0 and "better by 0.3" in good.text
  bad = decision.decide(worse, better, measure, 0.0)
  assert not bad.blessed and "worse by 0.3" in bad.text
  share = 0.3 / better["measures"][measure]
  assert bad.worse_by == pytest.approx(share)
  assert decision.decide(worse, better, measure, share + 0.01).blessed
  assert not decision.decide(worse, better, measure, share - 0.01).blessed
  same = decision.decide(better, better, measure, 0.0)
  assert same.blessed and "as good" in same.text


def test_negative_figures_have_a_share_too():  # as unbiased KID may be
  verdict = decision.decide(
    _report(kid_random=-0.01), _report(kid_random=-0.02), "kid_random", 0.0
  )
  assert not verdict.blessed and verdict.worse_by == pytest.approx(0.5)
  verdict = decision.decide(_report(swd=0.1), _report(swd=0.0), "swd", 1e9)
  assert not verdict.blessed  # no share of nothing allows it


def test_the_first_model_has_nothing_to_be_compared_with():
  verdict = decision.decide(_report(fid_patches=3.0), None, "auto", 0.0)
  assert verdict.blessed and verdict.before is None
  assert "fid_patches 3" in verdict.text


def test_auto_takes_the_truth_where_it_is_known():
  known = {"relative_l1": 0.5, "fid_patches": 2.0}
  assert decision.choose("auto", known) == "relative_l1"
  assert decision.choose("auto", {"fid_patches": 2.0}) == "fid_patches"


def test_exact_results_are_the_best_and_what_is_no_number_is_refused():
  # JSON has neither infinity nor NaN: both are None.
  exact, other = _report(psnr=None), _report(psnr=40.0)
  assert decision.decide(exact, other, "psnr", 0.0).blessed
  assert not decision.decide(other, exact, "psnr", 0.0).blessed
  assert decision.decide(exact, exact, "psnr", 0.0).blessed
  lost, found = _report(swd=None), _report(swd=0.2)
  assert not decision.decide(lost, found, "swd", 0.0).blessed
  assert not decision.decide(lost, None, "swd", 0.0).blessed
  assert decision.decide(found, lost, "swd", 0.0).blessed


@pytest.mark.parametrize(
  ("measure", "words"),
  [
    ("relative_l1", "the truth of these pictures is unknown"),
    ("fid_inception", "evaluation.inception=true"),
    ("masked_psnr", "masks"),
  ],
)
def test_a_measure_that_there_is_not_is_named(measure, words):
  with pytest.raises(errors.UserError, match=words) as refused:
    decision.decide(_report(swd=1.0), None, measure, 0.0)
  assert refused.value.option == "measure"


def test_models_of_different_sizes_are_told():
  verdict = decision.decide(
    _report(64, swd=1.0), _report(128, swd=2.0), "swd", 0.0
  )
  assert "at 64 and 128 pixels" in verdict.text


if __name__ == "__main__":
  conftest.main(__file__)
