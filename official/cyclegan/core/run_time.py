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
"""How long a run may take, and how much of that is used.

What is used is kept in a file of the run's folder, so that a run that was
interrupted, or killed, goes on with what is left.
"""

from __future__ import annotations

import dataclasses
import datetime
import pathlib
import re
import time
from typing import Any

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files

FILE_NAME = "time.json"
# Of its time that a run may have used before its first checkpoint. Where it was
# killed after more, nothing could come of what is left.
_LEARNED_NOTHING_SHARE = 0.5
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_DAY = datetime.timedelta(days=1)


def parse_end(
  text: str, now: datetime.datetime | None = None
) -> datetime.datetime:
  """Returns the time that `--until` means.

  Args:
    text: `HH:MM`, or a date and time in ISO 8601.
    now: The time with its zone; None: now, in this machine's zone.

  Returns:
    With its zone; of `HH:MM` the first such time after `now`, also where the
    clock is changed in between.

  Raises:
    errors.UserError: If it is neither; carries `until`.
  """
  now = now or datetime.datetime.now().astimezone()
  clock = _CLOCK.fullmatch(text.strip())
  if clock:
    hour, minute = map(int, clock.groups())
    return _next(now, datetime.time(hour, minute))
  try:
    end = datetime.datetime.fromisoformat(text.strip())
  except ValueError as error:
    raise errors.UserError(
      "is not a time. Give HH:MM, or a date and time such as 2026-05-17T07:30.",
      "until",
      text,
    ) from error
  return end if end.tzinfo else end.astimezone()


def _next(now: datetime.datetime, clock: datetime.time) -> datetime.datetime:
  """Returns the first time after `now` at which clocks show a time."""
  is_local = now.astimezone().utcoffset() == now.utcoffset()

  def at(days: int, fold: int) -> datetime.datetime:
    shown = datetime.datetime.combine(now.date() + days * _DAY, clock)
    if is_local:  # with the offset of then, which may not be that of `now`
      return shown.replace(fold=fold).astimezone()
    return shown.replace(tzinfo=now.tzinfo)

  # In the night in which an hour comes twice, the first of both or the second.
  ends = (at(days, fold) for days in (0, 1) for fold in (0, 1))
  return next(end for end in ends if end > now)


def check_to_come(train: config_lib.TrainConfig, model_dir: str | None) -> None:
  """Refuses a time that has passed before the run begins.

  Args:
    train: Of which `until` is looked at.
    model_dir: The folder of the run, which may have begun; None: none yet.

  Raises:
    errors.UserError: Carries `until`.
  """
  begun = model_dir and pathlib.Path(model_dir, FILE_NAME).exists()
  if not train.until or begun:
    return
  now = datetime.datetime.now().astimezone()
  if parse_end(train.until, now) <= now:
    raise _has_passed(train.until)


def _has_passed(until: str) -> errors.UserError:
  return errors.UserError(
    "has passed already. Give a time to come.", "until", until
  )


@dataclasses.dataclass
class Budget:
  """The time of a run.

  Attributes:
    path: The file that says how much is used.
    total: What the whole run may take, seconds, interruptions left out.
    ends: When it is over if it is not interrupted, with its zone.
    until: What `--until` said; empty if it said nothing.
  """

  path: pathlib.Path
  total: float
  ends: datetime.datetime
  until: str
  _used_before: float
  _begun: float
  _record: dict[str, Any] = dataclasses.field(default_factory=dict)

  def used(self) -> float:
    """Returns how much is used, seconds."""
    return self._used_before + self.here()

  def here(self) -> float:
    """Returns how much this process has used, seconds."""
    return time.monotonic() - self._begun

  def left(self) -> float:
    """Returns how much is left, seconds; less than 0 if it is over.

    A time of the clock comes whatever else happens: `used` stands still while
    the machine sleeps, and somebody may set the clock.
    """
    left = self.total - self.used()
    if not self.until:
      return left
    now = datetime.datetime.now(datetime.timezone.utc)
    return min(left, (self.ends - now).total_seconds())

  def save(self, **notes: Any) -> None:
    """Writes how much is used.

    Args:
      **notes: What else the file is to say.

    Raises:
      errors.UserError: If it cannot be written.
    """
    self._write(self.used(), notes)

  def finish(self, **notes: Any) -> None:
    """Writes that nothing is left, so that the same command has no more to do.

    Args:
      **notes: What else the file is to say.

    Raises:
      errors.UserError: If it cannot be written.
    """
    self._write(max(self.total, self.used()), notes)

  def forget(self) -> None:
    """Takes back what this process has used: it could not train.

    Raises:
      errors.UserError: If the file cannot be written.
    """
    if self._record:
      files.write_json(self.path, self._record, "model_dir")
    else:
      files.discard(str(self.path))

  def _write(self, used: float, notes: dict[str, Any]) -> None:
    values = {
      "used_seconds": round(used, 3),
      "total_seconds": round(self.total, 3),
      "ends": self.ends.isoformat(timespec="seconds"),
      "until": self.until,
      **notes,
    }
    files.write_json(self.path, values, "model_dir")


def picture_size(train: config_lib.TrainConfig) -> int:
  """Returns how large the pictures of a run are where nobody says it.

  A step takes about four times as long where width and height are doubled: the
  larger size is taken where the steps are as many as in ten minutes with
  pictures of 64 pixels.

  Args:
    train: `max_minutes` or `until`.

  Returns:
    Width and height, pixels, one of `config.PICTURE_SIZES`; the smallest if the
    length of the run is a number of steps.

  Raises:
    errors.UserError: If `until` is not a time.
  """
  minutes = train.max_minutes
  if train.until:
    now = datetime.datetime.now().astimezone()
    minutes = (parse_end(train.until, now) - now).total_seconds() / 60
  return max(
    (s for s, least in config_lib.PICTURE_SIZES.items() if minutes >= least),
    default=min(config_lib.PICTURE_SIZES),
  )


def process_start() -> float:
  """Returns when this process began, by `time.monotonic`."""
  import psutil  # late: where only pictures are translated it may be missing

  age = time.time() - psutil.Process().create_time()
  return time.monotonic() - max(0.0, age)


def begin(
  train: config_lib.TrainConfig,
  model_dir: str,
  started: float,
  goes_on: bool,
) -> Budget | None:
  """Returns the time that a run has, or what is left of it.

  Args:
    train: `max_minutes` or `until`.
    model_dir: The folder of the run.
    started: When this process began with it, by `time.monotonic`.
    goes_on: Whether the folder holds a checkpoint.

  Returns:
    None for a run whose length is a number of steps.

  Raises:
    errors.UserError: If the run would end before it began, or the file that
      says how much is used is damaged.
  """
  if not train.max_minutes and not train.until:
    return None
  path = pathlib.Path(model_dir, FILE_NAME)
  record: dict[str, Any] = {}
  if path.exists():
    record = files.read_json(path, "Remove it: the time is counted anew.")
  used = float(record.get("used_seconds", 0.0))
  most = _LEARNED_NOTHING_SHARE * float(record.get("total_seconds", 0.0))
  if not goes_on and used >= most:
    record, used = {}, 0.0  # or of a run whose checkpoints were removed
  now = datetime.datetime.now().astimezone()
  began = now - datetime.timedelta(seconds=time.monotonic() - started)
  began = began.astimezone()
  if not train.until:
    total = 60.0 * train.max_minutes
    ends = began + datetime.timedelta(seconds=max(0.0, total - used))
    return Budget(path, total, ends, "", used, started, record)
  ends = parse_end(train.until, began)
  if record.get("until") == train.until:
    # HH:MM goes on to mean what it meant when the run began.
    before = datetime.datetime.fromisoformat(record["ends"])
    if goes_on or before > began:
      ends = before
  if not goes_on:
    used = 0.0  # of which nothing was learned
  left = (ends - began).total_seconds()
  if left <= 0 and not goes_on:
    raise _has_passed(train.until)
  total = used + max(0.0, left)
  return Budget(path, total, ends, train.until, used, started, record)
