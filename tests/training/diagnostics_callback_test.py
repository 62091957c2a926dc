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
import numpy as np
import pytest
import tensorflow as tf

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.training import diagnostics
from official.cyclegan.training import diagnostics_callback
from tests import conftest
from tests.training import fakes


def _diagnostics(tmp_path, rules=None, judge=None, options=None, **model):
  rng = np.random.default_rng(0)
  images = rng.uniform(-0.8, 0.8, (3, 4, 4, 3)).astype(np.float32)
  writer = tf.summary.create_file_writer(str(tmp_path))
  watch = diagnostics_callback.Diagnostics(
    0,
    40,
    images,
    images,
    writer,
    2e-4,
    rules or diagnostics.Rules(interval=5, warm_up=10),
    judge,
    options,
  )
  healthy = {
    "g_AB": fakes.scaling(0.7, 0.1),
    "g_BA": fakes.scaling(0.7, -0.1),
  }
  watch.set_model(fakes.fake_model(**{**healthy, **model}))
  return watch, writer


def test_warns_once_in_the_log_and_in_tensorboard(tmp_path, caplog):
  watch, writer = _diagnostics(tmp_path, g_AB=fakes.scaling(1.0))
  fakes.run(watch, 40, fakes.LOSSES)
  writer.flush()
  rules = [(event.rule, event.subject) for event in watch.events]
  # Neither generator of this test moves; one also gives its input back.
  assert sorted(rules) == [
    ("frozen_generator", "g_AB"),
    ("frozen_generator", "g_BA"),
    ("identity_collapse", "g_AB"),
  ]
  warned = [r for r in caplog.records if "identity_collapse" in r.getMessage()]
  assert len(warned) == 1 and "--lambda_id" in warned[0].getMessage()
  ((step, text),) = fakes.events(tmp_path)["health/identity_collapse"]
  assert step == 15  # the second check after the warm-up's end
  assert "--lambda_id" in text.item().decode()


def test_does_not_call_a_fallen_rate_frozen(tmp_path):
  watch, _ = _diagnostics(tmp_path, generator_optimizer=fakes.optimizer(1e-5))
  fakes.run(watch, 40, fakes.LOSSES)
  assert not watch.events


def test_is_patient_but_not_with_an_explosion(tmp_path):
  watch, _ = _diagnostics(tmp_path, generator_optimizer=fakes.optimizer(1e-5))
  watch.on_train_begin()
  for step in range(1, 26):
    won = {"d_A": 0.01} if step in (10, 20, 25) else {}
    exploded = {"cycle_B": 1e5} if step == 5 else {}
    watch.on_train_batch_end(step, {**fakes.LOSSES, **won, **exploded})
  assert [event.rule for event in watch.events] == [
    "exploded",
    "discriminator_won",
  ]


@pytest.mark.parametrize(
  ("shares", "warned"),
  [
    ([0.0, 0.1, 0.2, 0.0, 0.0], True),
    ([0.0, 0.5, 0.0, 0.0], False),  # once is enough
    ([0.5, 0.0, 0.0], False),
  ],
)
def test_asks_until_a_generator_follows(tmp_path, shares, warned):
  asked = []

  def share(images, domain):
    asked.append(domain)
    assert images.shape == (2, 4, 4, 3)
    np.testing.assert_allclose(images, 0.8, rtol=1e-5)  # they are translated
    return shares[asked.count(domain) - 1] if domain == "B" else 1.0

  images = np.ones((2, 4, 4, 3), np.float32)
  watch, _ = _diagnostics(
    tmp_path,
    diagnostics.Rules(interval=5, warm_up=5, idle=20),
    diagnostics_callback.Judge(share, {"g_AB": images, "g_BA": images}),
    generator_optimizer=fakes.optimizer(1e-5),
    g_AB=fakes.scaling(0.7, 0.1),
    g_BA=fakes.scaling(0.9, -0.1),
  )
  fakes.run(watch, 40, fakes.LOSSES)
  found = [(event.rule, event.subject) for event in watch.events]
  assert found == [("nothing_learned", "g_AB")] * warned
  assert asked.count("A") == 1  # that one follows
  assert asked.count("B") == (5 if warned else shares.index(0.5) + 1)


def test_what_the_run_has_is_not_advised(tmp_path, caplog):
  images = np.ones((2, 4, 4, 3), np.float32)
  watch, _ = _diagnostics(
    tmp_path,
    diagnostics.Rules(interval=5, warm_up=5, idle=20),
    diagnostics_callback.Judge(
      lambda images, domain: {"A": 0.4, "B": 0.1}[domain],
      {"g_AB": images, "g_BA": images},
    ),
    config_lib.Config(model=config_lib.ModelConfig(disc_input="details")),
    generator_optimizer=fakes.optimizer(1e-5),
  )
  fakes.run(watch, 40, fakes.LOSSES)
  (event,) = watch.events
  assert (event.rule, event.subject) == ("nothing_learned", "g_AB")
  assert "--disc_input" not in caplog.text and "--disc_norm" in caplog.text


@pytest.mark.parametrize(
  ("steps", "end"), [(3200, 700), (100_000, 2100), (0, 700)]
)
def test_when_nothing_learned_is_decided(steps, end):
  assert diagnostics_callback.idle_end(diagnostics.Rules(), steps) == end


def test_stops_at_nan_naming_the_loss(tmp_path):
  watch, _ = _diagnostics(tmp_path)
  watch.on_train_begin()
  watch.on_train_batch_end(0, fakes.LOSSES)
  with pytest.raises(errors.UserError) as caught:
    watch.on_train_batch_end(1, {**fakes.LOSSES, "gan_BA": float("nan")})
  for word in ("gan_BA", "step 2", "last checkpoint", "--learning_rate"):
    assert word in str(caught.value)


if __name__ == "__main__":
  conftest.main(__file__)
