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
"""What a user did wrong, said in one line that names the flag."""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Callable, Iterable, Iterator

from official.cyclegan.core import messages

# How alike two names must be, by difflib's ratio, so that one may be meant by
# the other: two letters of eight may be wrong, but not four of eight.
_NEAR = 0.7
_KEPT = "_cyclegan_kept"  # attribute of errors that `keeping` has seen


class UserError(ValueError):
  """A mistake in what the user gave; the message says how to mend it.

  Libraries name the option, as `config` and the functions' documentation call
  it. Where a command hands the value of another flag on, `given_as` puts that
  flag's name in.

  Attributes:
    option: Name of the option at fault, None if the message names it itself.
    value: What was given, None if it is not shown.
  """

  def __init__(
    self, message: str, option: str | None = None, value: object = None
  ):
    """Says what is wrong.

    Args:
      message: With an option, how the sentence goes on after it
        ("must be at least 1."); a colon or comma first is put directly behind.
        Without one, the whole sentence.
      option: Name of the option at fault.
      value: What was given.
    """
    super().__init__(message)
    self.option, self.value = option, value

  def __str__(self) -> str:
    message = messages.shortened(str(self.args[0]))
    if self.option is None:
      return message
    value = "" if self.value is None else f"={messages.shown(self.value)}"
    space = "" if message[:1] in (":", ",") else " "
    return f"--{self.option}{value}{space}{message}"


class StorageError(UserError):
  """Something cannot be written or read: a full disk, a missing right.

  What was asked for is right: the same can be asked again once that is mended.
  """


class WrongDirectionError(UserError):
  """A model of one direction was asked for the other one.

  Attributes:
    direction: The direction that the model translates, `AtoB` or `BtoA`.
  """

  def __init__(
    self,
    message: str,
    option: str | None = None,
    value: object = None,
    *,
    direction: str,
  ):
    """Says what is wrong.

    Args:
      message: As for `UserError`.
      option: Name of the option at fault.
      value: What was given.
      direction: The direction that the model translates.
    """
    super().__init__(message, option, value)
    self.direction = direction


class Interruption(Exception):
  """The process was asked to stop, and has put everything in order.

  A command ends with the message and 128 plus the signal's number.

  Attributes:
    number: The signal's number.
  """

  def __init__(self, message: str, number: int):
    """Says what was done and how to go on.

    Args:
      message: For people.
      number: The signal's number.
    """
    super().__init__(message)
    self.number = number


@contextlib.contextmanager
def given_as(**flags: str) -> Iterator[None]:
  """Names errors by the flags that were typed.

  Args:
    **flags: By an option's name, the flag whose value it got here:
      `given_as(model_dir="teacher")`.

  Yields:
    Nothing.

  Raises:
    UserError: Those raised within, with the flags' names.
  """
  try:
    yield
  except UserError as error:
    if error.option in flags:
      error.option = flags[error.option]
    raise


@contextlib.contextmanager
def keeping(describe: Callable[[], str]) -> Iterator[None]:
  """Lets an error say what is kept in spite of it; see `kept`.

  Args:
    describe: Returns a sentence about what was saved until then, or nothing.
      Called only if something fails; the innermost of several is heard.

  Yields:
    Nothing.
  """
  try:
    yield
  except Exception as error:
    if not kept(error):
      with contextlib.suppress(Exception):  # the first error is the one to tell
        setattr(error, _KEPT, describe())
    raise


def kept(error: BaseException) -> str:
  """Returns what `keeping` noted of an error: a sentence, or nothing.

  Args:
    error: Any.
  """
  return getattr(error, _KEPT, "")


def nearest(name: str, known: Iterable[str], prefix: str = "") -> str:
  """Returns what a mistyped name probably means, as the end of a sentence.

  Args:
    name: What was given.
    known: What could have been given.
    prefix: What stands before such names, as `--` before flags.

  Returns:
    `" Did you mean x?"`, or nothing if no name is near.
  """
  by_letters = {other.lower(): other for other in known}
  close = difflib.get_close_matches(
    name.lower(), list(by_letters), n=1, cutoff=_NEAR
  )
  return f" Did you mean {prefix}{by_letters[close[0]]}?" if close else ""


def first_line(error: Exception) -> str:
  """Returns what an error says, in one line for a message.

  Args:
    error: Any; of TensorFlow's the names of nodes and operators are left out.
  """
  text = (getattr(error, "message", None) or str(error)).split("}} ")[-1]
  lines = text.strip().splitlines() or [type(error).__name__]
  return re.sub(r" \[Op:\w+\]$", "", lines[0]).rstrip(".:")
