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
"""Rules that recognise failed GAN trainings by losses and by fixed images.

Each rule is one of the failures that users of CycleGAN report; `check_losses`
and `check_images` say which holds. Images are float32
`[count, height, width, channels]`, nominally in [-1, 1]. The thresholds were
set between what broken and healthy runs on the built-in data sets show.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np

from official.cyclegan.core import config as config_lib
from official.cyclegan.modeling import loss_terms

_EPSILON = 1e-8


@dataclasses.dataclass(frozen=True)
class Rules:
  """Thresholds of the rules, and how often they are applied.

  Attributes:
    interval: Steps between two checks; the last step is always one.
    warm_up: Steps before the rules about images and about a discriminator that
      has won hold; in a long run its first fiftieth, if that is more.
    patience: Checks in a row that a rule must hold before it is reported; an
      exploded loss is reported at once.
    exploded: A loss above this has exploded. Cycle and identity losses cannot
      pass 2 while images stay in [-1, 1]; adversarial losses are below 5 in
      healthy runs.
    won: A discriminator has won when its loss, relative to that of guessing,
      is below this.
    idle: Steps after which something should have been learned; in a long run
      its first fiftieth, if that is more.
    followed: Nothing is learned while less than this share of the translated
      images is taken for images of their domain; of those that are not taken
      for it as they are.
    same: Identity collapse: mean absolute change below this.
    still: Frozen generator: mean absolute change of its outputs, since
      training started, below this.
    inverted: Colour inversion: correlation between input and output below
      this.
    alike: Mode collapse: mean difference between outputs, relative to that
      between their inputs, below this.
    droplet: Droplets: a spot that stands out by this from all around it, where
      the input has none; of the range [-1, 1].
    natural: Droplets stand out this many times as much as what stands out most
      in pictures of the output's domain.
    spotted: Droplets are in at least this share of the outputs.
  """

  interval: int = 100
  warm_up: int = 200
  patience: int = 2
  exploded: float = 100.0
  won: float = 0.15
  idle: int = 600
  followed: float = 0.25
  same: float = 0.02
  still: float = 0.001
  inverted: float = -0.2
  alike: float = 0.1
  droplet: float = 0.5
  natural: float = 1.25
  spotted: float = 0.75


@dataclasses.dataclass(frozen=True)
class Event:
  """A rule that holds.

  Attributes:
    rule: Name of the rule.
    subject: A discriminator, a generator, or "losses".
    message: What was seen, and which options help.
  """

  rule: str
  subject: str
  message: str


# Loss of a discriminator that cannot tell real from generated, by `gan_mode`;
# None: it is not judged by its loss.
_GUESSING = {
  "lsgan": 0.25,
  "vanilla": math.log(2.0),
  "hinge": 1.0,
  "wgangp": None,
  "relativistic": math.log(2.0),
}
# Modes whose adversarial losses may become any number, however well it goes.
_UNBOUNDED = ("hinge", "wgangp")
# What is three or four pixels from the middle, rows or columns.
_AROUND = np.ones((9, 9), bool)
_AROUND[2:-2, 2:-2] = False


def first_not_finite(losses: dict[str, float]) -> str | None:
  """Returns the name of the first loss that is NaN or infinite, if any.

  Args:
    losses: Metrics by name. Only terms of the losses count, penalties too: a
      score, or a gradient's norm, may be infinite where a loss scale is tried.
  """
  terms = loss_terms.DiscriminatorTerms.from_metrics(losses)
  found = {
    **loss_terms.GeneratorTerms.from_metrics(losses).metrics(),
    **dataclasses.replace(terms, scores={}).metrics(),
  }
  for name in losses:  # in the order in which they were logged
    if name in found and not math.isfinite(found[name]):
      return name
  return None


def check_losses(
  losses: dict[str, float], gan_mode: str, rules: Rules
) -> list[Event]:
  """Applies the rules about losses.

  * exploded: a loss above `rules.exploded`. The adversarial losses of `hinge`
    and `wgangp` are unbounded and do not count; nor do penalties, which are
    weighted and may be large where a discriminator is steep.
  * discriminator_won: `rules.won`. Not for `wgangp`, whose critic is meant to
    be as good as it can.

  Args:
    losses: Unweighted losses by the metric's name, means over the last steps.
    gan_mode: The adversarial loss.
    rules: The thresholds.

  Returns:
    An event for each rule that holds.
  """
  events = []
  generators = loss_terms.GeneratorTerms.from_metrics(losses)
  critics = loss_terms.DiscriminatorTerms.from_metrics(losses)
  adversarial = loss_terms.DiscriminatorTerms(adversarial=critics.adversarial)
  if gan_mode in _UNBOUNDED:
    limited = dataclasses.replace(generators, adversarial={}).metrics()
  else:
    limited = {**generators.metrics(), **adversarial.metrics()}
  worst = max(limited, key=limited.__getitem__, default="")
  if limited and limited[worst] > rules.exploded:
    events.append(
      Event(
        "exploded",
        "losses",
        f"losses have grown, {worst} to {limited[worst]:.3g}. The run will"
        " hardly recover: start again with a lower --learning_rate (2e-4 is"
        " the paper's).",
      )
    )
  guessing = _GUESSING[gan_mode]
  for name, loss in adversarial.metrics().items():
    if guessing and loss < rules.won * guessing:
      events.append(
        Event(
          "discriminator_won",
          name,
          f"the discriminator {name} tells real from generated images almost"
          f" without error (loss {loss:.3g}, guessing is"
          f" {guessing:.3g}), so that its generator learns little. Lower"
          " --disc_learning_rate or --disc_n_layers, use"
          " --augment=diffaugment, or raise --lambda_validation.",
        )
      )
  return events


def has_option(config: config_lib.Config | None, option: str) -> bool:
  """Returns whether a run has an option's value already.

  Args:
    config: The run's options; None: not known.
    option: As on a command line, `--name=value`, or `--name` of what is on.
  """
  name, _, value = option.removeprefix("--").partition("=")
  if config is None:
    return False
  return any(
    str(getattr(getattr(config, part), name, None)) == (value or "True")
    for part in config_lib.parts()
  )


def check_following(
  shares: Mapping[str, float],
  step: int,
  rules: Rules,
  options: config_lib.Config | None = None,
) -> list[Event]:
  """Applies the rule about generators that nobody shows what to change.

  * nothing_learned: small discriminators of the two domains, which were trained
    at the start and are no part of the model, all take most translated images
    for untranslated ones still (`rules.followed`) after `rules.idle` steps.
    They know what differs; the model's discriminators, which the generators
    have to follow, have not found it. Their own losses do not tell: they are
    those of guessing as well where a generator follows closely.

  Args:
    shares: By generator, the share of its images that are taken for images of
      the domain that they are to be of, of those that were not before.
    step: Steps done.
    rules: The thresholds.
    options: The run's, which are not advised; None: not known.

  Returns:
    An event for each generator for which it holds.
  """
  if step < rules.idle:
    return []
  return [
    Event(
      "nothing_learned",
      name,
      f"after {step} steps {share:.0%} of what {name} makes can be told from"
      " its input's domain by what the probe found to differ:"
      f" d_{name[-1]} has not learned it, so that {name} has nothing to follow."
      f" {_to_see(options)}",
    )
    for name, share in shares.items()
    if share < rules.followed
  ]


def _to_see(options: config_lib.Config | None) -> str:
  """Returns what lets discriminators find a difference."""

  def missing(*wanted: str) -> str:
    return " ".join(o for o in wanted if not has_option(options, o))

  # Only where contrast is seen does more help: colours, and details at the
  # start, while long trainings are better without (docs/preset-experiments.md).
  sees_colours = any(
    has_option(options, f"--disc_input={name}")
    for name in ("colors", "fourier", "details")
  )
  seen = {
    "contrast": missing("--disc_norm=none", "--disc_init=he"),
    "colours": "" if sees_colours else "--disc_input=fourier",
    "fine details": missing("--disc_input=details"),
  }
  named = next((f"{what} ({o})" for what, o in seen.items() if o), "")
  others = "raise --disc_learning_rate or --lambda_validation."
  if not named:
    return others.capitalize()
  droplets = missing("--gen_norm=weight")
  against = f", with {droplets} against droplets" if droplets else ""
  return f"Let discriminators see {named}{against}, or {others}"


def check_droplets(
  name: str,
  inputs: np.ndarray,
  outputs: np.ndarray,
  targets: np.ndarray,
  rules: Rules,
  options: config_lib.Config | None = None,
) -> list[Event]:
  """Applies the rule about spots that a generator puts into its images.

  * droplets: a few pixels are much stronger, or darker, than all that is three
    or four pixels away, and not so in the input; in most outputs
    (`rules.droplet`, `rules.spotted`), and more so than real images of the
    output's domain have it (`rules.natural`), where e.g. eyes may be right.

  Args:
    name: The generator.
    inputs: Test images, float32 `[count, height, width, channels]`.
    outputs: The generator's outputs for them.
    targets: Real images of the output's domain, of the same form.
    rules: The thresholds.
    options: The run's, which are not advised; None: not known.

  Returns:
    An event if it holds.
  """
  outputs = np.clip(outputs, -1.0, 1.0)
  natural = rules.natural * float(np.median([_spot(i) for i in targets]))
  spots = np.array(
    [_spot(image, image - before) for before, image in zip(inputs, outputs)]
  )
  share = float(np.mean(spots >= max(rules.droplet, natural)))
  if share < rules.spotted:
    return []
  return [
    Event(
      "droplets",
      name,
      f"{name} puts spots of a few pixels into {share:.0%} of its images that"
      f" stand out by {np.median(spots) / 2:.0%} of full scale."
      f" {_against_droplets(options)}",
    )
  ]


def _against_droplets(options: config_lib.Config | None) -> str:
  """Returns what a generator cannot put spots past."""
  smooth = "keep the discriminators smooth with --lambda_r1."
  if options is not None and options.loss.lambda_r1:
    smooth = "keep the discriminators smoother with a higher --lambda_r1."
  if has_option(options, "--gen_norm=weight"):
    return smooth.capitalize()
  return (
    "A generator outwits instance normalisation with them; start again with"
    f" --gen_norm=weight, or {smooth}"
  )


def check_images(
  name: str,
  inputs: np.ndarray,
  outputs: np.ndarray,
  first_outputs: np.ndarray | None,
  rules: Rules,
) -> list[Event]:
  """Applies the rules about a generator's outputs for fixed images.

  * identity_collapse: the output is the input, `rules.same`.
  * frozen_generator: the output is as at the start, `rules.still`.
  * colour_inversion: dark has become light and colours their opposites,
    `rules.inverted`.
  * mode_collapse: different inputs give the same output, `rules.alike`.

  Args:
    name: The generator.
    inputs: Test images, float32 `[count, height, width, channels]`, at least
      two for mode collapse.
    outputs: The generator's outputs for them.
    first_outputs: Its outputs when training started; None leaves out
      frozen_generator.
    rules: The thresholds.

  Returns:
    An event for each rule that holds.
  """
  outputs = np.clip(outputs, -1.0, 1.0)  # as they would be shown
  events = [
    _identity_collapse(name, inputs, outputs, rules),
    _frozen_generator(name, outputs, first_outputs, rules),
    _colour_inversion(name, inputs, outputs, rules),
    _mode_collapse(name, inputs, outputs, rules),
  ]
  return [event for event in events if event is not None]


def _identity_collapse(
  name: str, inputs: np.ndarray, outputs: np.ndarray, rules: Rules
) -> Event | None:
  change = float(np.mean(np.abs(outputs - inputs)))
  if change >= rules.same:
    return None
  # Images in [-1, 1] have a full scale of 2.
  return Event(
    "identity_collapse",
    name,
    f"{name} gives its input back (mean change {change / 2:.2%} of full"
    " scale). Lower --lambda_id or --lambda_reconstr, or raise"
    " --lambda_validation.",
  )


def _frozen_generator(
  name: str,
  outputs: np.ndarray,
  first_outputs: np.ndarray | None,
  rules: Rules,
) -> Event | None:
  if first_outputs is None:
    return None
  moved = float(np.mean(np.abs(outputs - np.clip(first_outputs, -1.0, 1.0))))
  if moved >= rules.still:
    return None
  return Event(
    "frozen_generator",
    name,
    f"what {name} makes has not changed since the start (by"
    f" {moved / 2:.3%} of full scale). Raise --learning_rate or"
    " --lambda_validation.",
  )


def _colour_inversion(
  name: str, inputs: np.ndarray, outputs: np.ndarray, rules: Rules
) -> Event | None:
  correlation = _correlation(inputs, outputs)
  if correlation >= rules.inverted:
    return None
  return Event(
    "colour_inversion",
    name,
    f"{name} turns light into dark (correlation of input and output"
    f" {correlation:.2f}). Start again with another --seed, with"
    " --global_skip, or with a higher --lambda_id.",
  )


def _mode_collapse(
  name: str, inputs: np.ndarray, outputs: np.ndarray, rules: Rules
) -> Event | None:
  spread = _spread(outputs) / max(_spread(inputs), _EPSILON)
  if len(inputs) < 2 or spread >= rules.alike:
    return None
  return Event(
    "mode_collapse",
    name,
    f"{name} makes nearly the same of different pictures (they differ by"
    f" {spread:.0%} of what the inputs do). Raise --lambda_reconstr,"
    " lower --disc_learning_rate, or use --augment=diffaugment.",
  )


def _spot(image: np.ndarray, change: np.ndarray | None = None) -> float:
  """Returns by how much a spot stands out from all that is around it.

  Lines and edges go on at a distance; only what is smaller than that in every
  direction stands out.

  Args:
    image: float32 `[height, width, channels]`.
    change: The same; where given the spot must stand out in both.
  """
  # Late: the rest of this module is imported by what needs to start at once.
  import scipy.ndimage

  found = 0.0
  for channel in range(image.shape[-1]):
    for sign in (1.0, -1.0):
      stands_out = np.inf
      for values in (image, change):
        if values is None:
          continue
        signed = sign * values[..., channel]
        around = scipy.ndimage.maximum_filter(
          signed, footprint=_AROUND, mode="nearest"
        )
        stands_out = np.minimum(stands_out, signed - around)
      found = max(found, float(np.max(stands_out)))
  return found


def _correlation(inputs: np.ndarray, outputs: np.ndarray) -> float:
  """Returns Pearson's correlation over all values, averaged over images."""
  x = inputs.reshape(len(inputs), -1).astype(np.float64)
  y = outputs.reshape(len(outputs), -1).astype(np.float64)
  x -= x.mean(axis=1, keepdims=True)
  y -= y.mean(axis=1, keepdims=True)
  scale = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
  return float(np.mean((x * y).sum(axis=1) / np.maximum(scale, _EPSILON)))


def _spread(images: np.ndarray) -> float:
  """Returns the mean absolute difference between two of the images."""
  return float(
    np.mean(
      [
        np.mean(np.abs(first - second))
        for i, first in enumerate(images)
        for second in images[:i]
      ]
      or [0.0]
    )
  )
