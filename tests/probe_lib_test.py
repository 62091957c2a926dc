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

import numpy as np
import pytest

from official.cyclegan import probe_lib
from official.cyclegan.core import config as config_lib
from official.cyclegan.core import config_checks
from official.cyclegan.core import errors
from official.cyclegan.data import sources
from official.cyclegan.evaluation import domain_gap
from tests import conftest


def _config(folder, size=32, **model):
  return config_checks.resolve(
    config_lib.Config(
      data=config_lib.DataConfig(dataset=str(folder), crop_size=size),
      model=config_lib.ModelConfig(**model),
    )
  )


@pytest.fixture(scope="module")
def report(scenes):
  return probe_lib.probe(_config(scenes["paintings"]), 40)


def test_a_painters_manner_is_texture(report):
  assert report["main"] == domain_gap.TEXTURE
  assert report["pictures"] == {"training": [40, 40], "looked_at": [40, 40]}
  # Details are what the preset's discriminators see; 40 are few.
  assert report["options"] == [
    "--experiment=pictures",
    "--crop_size=32",
    "--augment=diffaugment",
  ]
  assert not report["too_few"]


@pytest.mark.parametrize("main", [*domain_gap.KINDS, domain_gap.SIMILAR])
@pytest.mark.parametrize("size", [64, 128, 256])
def test_the_preset_that_was_measured_is_advised_in_any_size(main, size):
  report = probe_lib._report(_gap(main), (400, 400), size)
  sized = [f"--crop_size={size}"] * (size != 64)
  assert report["options"] == ["--experiment=pictures", *sized]


def _gap(main, value=0.5, half=0.05, **fields):
  accuracies = {
    kind: domain_gap.Accuracy(value, value - half, value + half)
    for kind in domain_gap.KINDS
  }
  return domain_gap.Gap(accuracies, main, None, (50, 50), **fields)


def test_a_run_whose_discriminators_see_little_is_advised_the_preset():
  """Details alone bring droplets."""
  config = _config("unread", 128)
  gap = _gap(domain_gap.TEXTURE)
  assert probe_lib._report(gap, (400, 400), 128, config)["options"] == [
    "--experiment=pictures",
    "--crop_size=128",
  ]
  gap = _gap(domain_gap.COLOUR)
  assert not probe_lib._report(gap, (400, 400), 128, config)["options"]


def test_too_few_pictures_to_tell_are_not_the_same():
  report = probe_lib._report(_gap(domain_gap.SIMILAR, 0.6, 0.3), (5, 5), 64)
  assert report["too_few"]
  text = probe_lib.table(report)
  assert "**too few pictures to tell**" in text
  assert "look the same" not in text and "right folders" not in text
  assert "5 pictures are very few" in text
  assert "--experiment=pictures --augment=diffaugment" in text
  same = probe_lib.table(probe_lib._report(_gap("the same"), (50, 50), 64))
  assert "**they look the same**" in same and "right folders" in same


@pytest.mark.parametrize(
  ("tried", "words"), [(50, "more than 50 pictures"), (0, "")]
)
def test_how_many_it_takes_is_what_was_tried(tried, words):
  gap = _gap(domain_gap.COLOUR, 0.8, tried=tried)
  report = probe_lib._report(gap, (100, 100), 64)
  assert report["tried"] == tried and report["enough"] is None
  text = " ".join(report["advice"])
  assert words in text and ("It takes" in text) == bool(tried)


def test_the_table_and_the_files_say_it(report, tmp_path):
  text = probe_lib.table(report)
  assert "| texture | fine details" in conftest.unpadded(text)
  assert "**what a generator has to change is texture**" in text
  out = tmp_path / "new" / "probe"
  probe_lib.write(report, str(out))
  assert json.loads((out / "report.json").read_text()) == report
  assert (out / "report.md").read_text() == text


def test_options_that_follow_are_options(report):
  names = {
    field
    for part in config_lib.parts().values()
    for field in part.__dataclass_fields__
  }
  for advised in probe_lib._OPTIONS.values():
    for option in advised:
      assert option.removeprefix("--").split("=")[0] in names
      name, value = option.removeprefix("--").split("=")
      conftest.replace(config_lib.Config(), "model", **{name: value})


@pytest.mark.slow
@pytest.mark.one_stack
def test_short_form_names_what_a_run_has_not(scenes, log):
  config = _config(scenes["paintings"], disc_norm="none", disc_init="he")
  source = sources.open_source(config.data)
  probe = probe_lib.ShortProbe(config, source)
  probe.log()
  assert probe.report["main"] == domain_gap.TEXTURE
  assert probe.report["options"] == ["--augment=diffaugment"]
  assert "what a generator has to change is texture" in log.text
  assert len([r for r in log.messages if r.strip()]) <= 4


@pytest.mark.slow
@pytest.mark.one_stack
@pytest.mark.parametrize("size", [8, 12])
def test_tiny_pictures_are_looked_at_a_little_larger(scenes, size):
  config = _config(scenes["paintings"], size, disc_norm="none")
  report = probe_lib.probe(config, 20)
  assert f"--crop_size={size}" in report["options"]
  source = sources.open_source(config.data)
  probe = probe_lib.ShortProbe(config, source)
  assert probe.report is not None
  judge = probe.judge()
  if judge is not None:
    assert 0.0 <= judge.share(judge.images["g_AB"], "B") <= 1.0


@pytest.mark.slow
@pytest.mark.one_stack
@pytest.mark.parametrize("size", [32, 160])
def test_the_judge_knows_translated_pictures(scenes, monkeypatch, size):
  """What comes back as it was is taken for what it was."""
  monkeypatch.setattr(probe_lib, "_JUDGED_FROM", 0.6)  # so small are they
  config = _config(scenes["paintings"], size)
  probe = probe_lib.ShortProbe(config, sources.open_source(config.data))
  judge = probe.judge()
  photographs, paintings = judge.images["g_AB"], judge.images["g_BA"]
  assert photographs.shape == (4, size, size, 3)
  assert judge.share(photographs, "B") == judge.share(paintings, "A") == 0.0
  assert judge.share(paintings, "B") >= 0.5
  assert judge.share(photographs, "A") >= 0.5


@pytest.mark.parametrize(
  ("found", "before", "want"),
  [
    ({"texture": 0.2}, {"texture": 0.0}, 0.2),
    ({"texture": 0.65}, {"texture": 0.3}, 0.5),
    ({"texture": 0.1}, {"texture": 0.3}, 0.0),
    ({"texture": 0.1, "colour": 0.9}, {"texture": 0.1, "colour": 0.2}, 0.875),
    ({"texture": 1.0, "colour": 0.4}, {"texture": 1.0, "colour": 0.2}, 0.25),
    ({"texture": 1.0}, {"texture": 1.0}, 1.0),  # nothing was to be changed
  ],
)
def test_what_shows_best_that_pictures_changed_counts(found, before, want):
  assert probe_lib.gained(found, before) == pytest.approx(want)


@pytest.mark.slow
@pytest.mark.one_stack
def test_what_cannot_be_told_is_no_judge(scenes):
  config = _config(scenes["fruits"])
  source = sources.open_source(config.data)

  def both(split):
    return source.load(split.replace("B", "A"))

  same = dataclasses.replace(source, load=both)
  probe = probe_lib.ShortProbe(config, same)
  assert probe.report["main"] == domain_gap.SIMILAR
  assert probe.judge() is None


def test_short_form_says_that_pictures_are_few_and_nothing_about_them(
  pictures, log
):
  config = _config(pictures)
  probe = probe_lib.ShortProbe(config, sources.open_source(config.data))
  probe.log()
  assert probe.report is None and probe.judge() is None
  assert "Probe" not in log.text
  assert "5 pictures of a domain cannot tell" in log.text
  assert "--augment=diffaugment" in log.text


def test_too_few_pictures_are_refused(tmp_path):
  from official.cyclegan.data import image_files

  for domain, count in (("A", 5), ("B", 3)):
    for i in range(count):
      path = tmp_path / f"train{domain}" / f"{i}.png"
      path.parent.mkdir(exist_ok=True)
      image_files.write(str(path), np.full((20, 20, 3), 40 * i, np.uint8))
  config = _config(tmp_path)
  with pytest.raises(errors.UserError, match="too few"):
    probe_lib.probe(config, 10)


def test_pictures_come_from_all_over_a_domain(scenes, monkeypatch):
  config = _config(scenes["fruits"])
  source = sources.open_source(config.data)
  every = probe_lib._spread_pictures(source, "trainA", 32, 40, 60.0)
  some = probe_lib._spread_pictures(source, "trainA", 32, 10, 60.0)
  np.testing.assert_array_equal(some, every[::4])
  most = probe_lib._spread_pictures(source, "trainA", 32, 30, 60.0)
  kept = [i for i in range(40) if i % 4 != 3]
  assert len(most) == 30
  for image in (every[0], every[38]):  # not the first thirty
    assert (most == image).all((1, 2, 3)).any()
  assert sum((most == every[i]).all((1, 2, 3)).any() for i in kept) >= 20
  assert every.dtype == np.uint8 and every.shape == (40, 32, 32, 3)
  # Of pictures that take long as many as there is time for.
  fewest = probe_lib._spread_pictures(source, "trainA", 32, 40, -1.0)
  assert len(fewest) == domain_gap.MINIMUM


def test_folders_that_are_read_are_not_written(scenes):
  folder = str(scenes["fruits"])
  config = config_lib.DataConfig(dataset=folder)
  with pytest.raises(errors.UserError, match="output_dir"):
    probe_lib.refuse_overwriting(config, folder + "/trainA")


if __name__ == "__main__":
  conftest.main(__file__)
