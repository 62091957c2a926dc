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
import re

import numpy as np
import pytest

from official.cyclegan.core import config as config_lib
from official.cyclegan.training import diagnostics
from tests import conftest

_RULES = diagnostics.Rules()
_HEALTHY = {
  "gan_AB": 0.4,
  "gan_BA": 0.3,
  "cycle_A": 0.1,
  "cycle_B": 0.05,
  "identity_A": 0.1,
  "identity_B": 0.05,
  "d_A": 0.22,
  "d_B": 0.12,
  "score/d_A_real": 0.6,
}


def _names(events):
  return {(event.rule, event.subject) for event in events}


def test_healthy_losses_are_silent():
  assert diagnostics.first_not_finite(_HEALTHY) is None
  assert not diagnostics.check_losses(_HEALTHY, "lsgan", _RULES)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_not_finite_losses_are_named(value):
  assert (
    diagnostics.first_not_finite({**_HEALTHY, "cycle_B": value}) == "cycle_B"
  )


def test_norms_of_gradients_may_overflow():
  """With a loss scale they do, and the step is left out."""
  logs = {**_HEALTHY, "gradient_norm/g_AB": float("inf")}
  assert diagnostics.first_not_finite(logs) is None


def test_exploded_losses_are_one_event_that_names_the_worst():
  logs = {**_HEALTHY, "gan_AB": 1e4, "cycle_A": 300.0}
  (event,) = diagnostics.check_losses(logs, "lsgan", _RULES)
  assert event.rule == "exploded" and "gan_AB to 1e+04" in event.message
  # A Wasserstein critic is unbounded; images are not.
  (event,) = diagnostics.check_losses(logs, "wgangp", _RULES)
  assert "cycle_A to 300" in event.message
  assert "--learning_rate" in event.message


@pytest.mark.parametrize("mode", config_lib.GAN_MODES)
@pytest.mark.parametrize(
  ("name", "unbounded"),
  [
    ("gan_AB", True),
    ("d_B", True),
    ("cycle_A", False),
    ("identity_B", False),
    ("distill_AB", False),
    ("features_BA", False),
  ],
)
def test_what_explodes_depends_on_the_terms_kind(mode, name, unbounded):
  logs = {**_HEALTHY, name: 300.0}
  events = diagnostics.check_losses(logs, mode, _RULES)
  exploded = [event for event in events if event.rule == "exploded"]
  limitless = unbounded and mode in ("hinge", "wgangp")
  assert len(exploded) == (not limitless)


@pytest.mark.parametrize("mode", config_lib.GAN_MODES)
@pytest.mark.parametrize("name", ["gp_A", "r1_A", "r2_B", "score/d_A_real"])
def test_penalties_and_scores_do_not_explode(mode, name):
  logs = {**_HEALTHY, "d_A": 0.6, "d_B": 0.6, name: 1e6}
  assert not diagnostics.check_losses(logs, mode, _RULES)
  broken = diagnostics.first_not_finite({**_HEALTHY, name: float("nan")})
  assert broken == (None if "/" in name else name)


@pytest.mark.parametrize(
  ("mode", "loss", "fires"),
  [
    ("lsgan", 0.03, True),
    ("lsgan", 0.05, False),
    ("vanilla", 0.05, True),
    ("vanilla", 0.3, False),
    ("hinge", 0.05, True),
    ("wgangp", -50.0, False),
    ("relativistic", 0.05, True),
    ("relativistic", 0.3, False),
  ],
)
def test_discriminator_that_has_won(mode, loss, fires):
  events = diagnostics.check_losses({**_HEALTHY, "d_A": loss}, mode, _RULES)
  won = {e.subject for e in events if e.rule == "discriminator_won"}
  assert ("d_A" in won) == fires
  for event in events:
    assert "--disc_learning_rate" in event.message


def _images(count=4):
  rng = np.random.default_rng(0)
  smooth = rng.uniform(-0.8, 0.8, (count, 4, 4, 3))
  return smooth.repeat(4, 1).repeat(4, 2).astype(np.float32)


def _check(outputs, first=None):
  inputs = _images()
  return _names(
    diagnostics.check_images("g_AB", inputs, outputs, first, _RULES)
  )


def test_a_restyled_picture_is_healthy():
  restyled = 0.7 * _images() + np.float32([0.2, 0.0, -0.2])
  assert not _check(restyled, _images())


def test_identity_collapse():
  assert _check(_images() + 0.005) == {("identity_collapse", "g_AB")}
  assert not _check(_images() + 0.05)


def test_frozen_generator():
  outputs = 0.8 * _images() + 0.1
  assert _check(outputs, outputs + 1e-5) == {("frozen_generator", "g_AB")}
  assert not _check(outputs, outputs + 0.01)
  assert not _check(outputs, None)


def test_colour_inversion():
  assert _check(-0.9 * _images()) == {("colour_inversion", "g_AB")}


def test_mode_collapse():
  same = np.broadcast_to(_images()[:1], _images().shape)
  assert ("mode_collapse", "g_AB") in _check(same + 0.01 * _images())
  (inputs,) = np.split(_images(1), 1)
  got = diagnostics.check_images("g_AB", inputs, 0.5 * inputs, None, _RULES)
  assert not got  # one picture says nothing about others


def test_generators_that_follow_nothing_are_named_when_they_had_time():
  check = diagnostics.check_following
  shares = {"g_AB": 0.05, "g_BA": 0.6}
  assert not check(shares, _RULES.idle - 1, _RULES)
  (event,) = check(shares, _RULES.idle, _RULES)
  assert _names([event]) == {("nothing_learned", "g_AB")}
  for words in ("d_B", "--disc_norm=none", "--disc_init=he", "5%"):
    assert words in event.message
  assert not check({}, 5000, _RULES)


def _options(**model):
  return config_lib.Config(model=config_lib.ModelConfig(**model))


@pytest.mark.parametrize(
  ("model", "advised"),
  [
    ({}, {"disc_norm", "disc_init", "gen_norm"}),
    ({"disc_input": "details"}, {"disc_norm", "disc_init", "gen_norm"}),
    ({"disc_norm": "none"}, {"disc_init", "gen_norm"}),
    ({"gen_norm": "weight", "disc_init": "he"}, {"disc_norm"}),
    ({"disc_norm": "none", "disc_init": "he"}, {"disc_input", "gen_norm"}),
    (
      {"disc_input": "colors", "disc_norm": "none", "disc_init": "he"},
      {"disc_input", "gen_norm"},
    ),
    (
      {"disc_input": "fourier", "disc_norm": "none", "disc_init": "he"},
      {"disc_input", "gen_norm"},
    ),
    (
      {"disc_input": "details", "disc_norm": "none", "disc_init": "he"},
      set(),
    ),
  ],
)
def test_what_a_run_has_is_not_advised(model, advised):
  (event,) = diagnostics.check_following(
    {"g_AB": 0.0}, _RULES.idle, _RULES, options=_options(**model)
  )
  named = set(re.findall(r"--(\w+)", event.message))
  assert named == advised | {"disc_learning_rate", "lambda_validation"}
  # What is not seen yet, and no second time what is.
  seen = model.get("disc_input", "image")
  assert f"--disc_input={seen}" not in event.message


def test_options():
  config = config_lib.Config(
    model=config_lib.ModelConfig(disc_init="he"),
    loss=config_lib.LossConfig(lambda_r1=0.3),
    train=config_lib.TrainConfig(clip_generated=True),
  )
  for option in ("--disc_init=he", "--lambda_r1=0.3", "--clip_generated"):
    assert diagnostics.has_option(config, option)
    assert not diagnostics.has_option(config_lib.Config(), option)
    assert not diagnostics.has_option(None, option)


def _scenery(count=4, size=32, seed=0):
  """Returns smooth pictures with edges and lines."""
  rng = np.random.default_rng(seed)
  y, x = np.mgrid[0:size, 0:size] / size
  images = []
  for _ in range(count):
    a, b, c = rng.uniform(-1, 1, 3)
    image = 0.4 * np.stack([a * x + b * y, b * x, c * y], -1)
    image[y > rng.uniform(0.4, 0.7)] -= 0.7  # a horizon
    image[:, rng.integers(4, size - 4)] = 0.9  # a post
    images.append(image)
  return np.float32(np.clip(images, -1, 1))


def _with_spots(images, strength, rng, chequered=False):
  spotted = images.copy()
  for image in spotted:
    y, x = rng.integers(6, image.shape[0] - 9, 2)
    blob = np.full((3, 3, 1), strength)
    if chequered:
      blob[1::2, ::2] = blob[::2, 1::2] = 0
    image[y : y + 3, x : x + 3] += blob
  return spotted


def _droplets(inputs, outputs, targets):
  return _names(
    diagnostics.check_droplets("g_AB", inputs, outputs, targets, _RULES)
  )


@pytest.mark.parametrize("strength", [1.4, -1.2])
@pytest.mark.parametrize("chequered", [False, True])
def test_droplets(strength, chequered):
  rng = np.random.default_rng(1)
  inputs = _scenery()
  sign = np.sign(strength)
  inputs = np.float32(inputs - 0.4 * sign)  # room for the spots
  outputs = _with_spots(inputs, strength, rng, chequered)
  targets = np.float32(_scenery(seed=5) - 0.4 * sign)
  assert _droplets(inputs, outputs, targets) == {("droplets", "g_AB")}


@pytest.mark.parametrize(
  ("gen_norm", "r1", "words"),
  [
    ("instance", 0.0, ["--gen_norm=weight", "smooth with --lambda_r1"]),
    ("instance", 0.3, ["--gen_norm=weight", "a higher --lambda_r1"]),
    ("weight", 0.0, ["Keep the discriminators smooth with --lambda_r1"]),
  ],
)
def test_against_droplets_a_run_is_advised_what_it_has_not(gen_norm, r1, words):
  inputs = np.float32(_scenery() - 0.4)
  outputs = _with_spots(inputs, 1.4, np.random.default_rng(1))
  options = config_lib.Config(
    model=config_lib.ModelConfig(gen_norm=gen_norm),
    loss=config_lib.LossConfig(lambda_r1=r1),
  )
  targets = np.float32(_scenery(seed=5) - 0.4)
  (event,) = diagnostics.check_droplets(
    "g_AB", inputs, outputs, targets, _RULES, options
  )
  for word in words:
    assert word in event.message
  assert ("--gen_norm" in event.message) == (gen_norm == "instance")


def test_what_is_no_droplet():
  rng = np.random.default_rng(2)
  inputs, targets = _scenery(), _scenery(seed=5)
  restyled = np.clip(0.6 * inputs + np.float32([0.3, 0.1, -0.3]), -1, 1)
  assert not _droplets(inputs, restyled, targets)
  # A new line, or an edge, goes on.
  lined = inputs.copy()
  lined[:, 20:22] = 1.0
  assert not _droplets(inputs, lined, targets)
  # What the input has, may stay.
  dotted = _with_spots(inputs - 0.4, 1.4, rng)
  assert not _droplets(dotted, dotted + np.float32(0.05), targets)
  # Eyes of the other domain.
  eyes = _with_spots(targets - 0.4, 1.4, rng)
  assert not _droplets(inputs, _with_spots(inputs - 0.4, 1.4, rng), eyes)
  # In one picture only.
  outputs = inputs.copy()
  outputs[:1] = _with_spots(inputs[:1], 1.4, rng)
  assert not _droplets(inputs, outputs, targets)


def test_output_outside_the_range_counts_as_it_is_shown():
  assert not _check(_images() + 0.05, _images() + 50.0)


if __name__ == "__main__":
  conftest.main(__file__)
