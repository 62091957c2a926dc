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
"""How an option is declared: in one field of a dataclass, and nowhere else.

A declaration gives the option's type (the field's annotation), default, help,
unit, choices or range, what a search may try, and whether a run that goes on
must keep its value. Flags, checks, `--help`, YAML files and `docs/options.md`
come from there.
"""

from __future__ import annotations

import dataclasses
import math
import os
import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from official.cyclegan.core import errors

_KEY = "option"  # in a field's metadata
_KINDS: dict[str, type] = {"bool": bool, "int": int, "float": float, "str": str}
_WORDS = {
  int: ("a whole number", "whole numbers"),
  float: ("a number", "numbers"),
}
_KIND_WORDS = {
  bool: "true or false",
  int: "a whole number",
  float: "a number",
  str: "a text",
}
_EXAMPLES: dict[type, object] = {int: 128, float: 0.5}
_TRUE, _FALSE = ("true", "t", "1", "yes"), ("false", "f", "0", "no")


@dataclasses.dataclass(frozen=True)
class Range:
  """Numbers that a search draws from, on a log scale.

  Attributes:
    low: The least, above 0.
    high: The greatest.
  """

  low: float
  high: float

  suffix = "range"  # of the flag's name

  def values(self) -> tuple[float, float]:
    """Returns both ends, as the flag takes them."""
    return self.low, self.high

  def clip(self, value: float) -> float:
    """Returns the value, or the end of the range that is nearest to it."""
    return min(max(value, self.low), self.high)

  def __contains__(self, value: float) -> bool:
    return self.low <= value <= self.high


@dataclasses.dataclass(frozen=True)
class Choices:
  """Values that a search tries.

  Attributes:
    options: The values, all of one type.
  """

  options: tuple[Any, ...]

  suffix = "choices"

  def values(self) -> tuple[Any, ...]:
    """Returns the values, as the flag takes them."""
    return self.options

  def clip(self, value: Any) -> Any:
    """Returns the value if it is tried, else the first that is."""
    return value if value in self.options else self.options[0]

  def __contains__(self, value: Any) -> bool:
    return value in self.options


@dataclasses.dataclass(frozen=True)
class Option:
  """What a declaration says beside type and default.

  Attributes:
    help: What the option does, its source, and what peers call it.
    unit: Of the value, such as `pixels`.
    choices: The values it can have; of a list, each element.
    minimum: Least value.
    maximum: Greatest value.
    above: Bound that the value must be above.
    below: Bound that the value must be below.
    largest: A number that is no rule but beyond all sense, such as networks for
      which no machine has the memory; not shown as part of the range.
    example: For messages about values that cannot be used.
    fixed: Whether a run, or a search, that goes on must keep the value.
    search: What a search tries unless told otherwise; None: not searched.
    old_values: Earlier names of values, which are still taken.
    old_flags: Further names of the flag.
    shown_default: What the help calls the default where the field's own is
      replaced by each command; the flag then has none.
    repeated: Whether the flag may be given several times.
    is_path: Whether it can name a file or folder: a `~` in the beginning is the
      user's own folder, which shells see only where a word begins.
    needs: Without effect unless one of these other options of the same
      dataclass has one of these values; no values stand for any but 0 and
      empty.
    peers: What junyanz's and others' code calls the option: flags that users
      of that code may type.
    may_be_empty: Whether an empty text can be meant although it is not the
      default.
    since: The version that brought the option, if the default is what versions
      before did. Saved with a run only where it is used, so that they can read
      runs that use nothing new.
  """

  help: str
  unit: str = ""
  choices: tuple[Any, ...] = ()
  minimum: float | None = None
  maximum: float | None = None
  above: float | None = None
  below: float | None = None
  largest: int = (1 << 63) - 1  # what TensorFlow can hold
  example: object = None
  fixed: bool = False
  search: Range | Choices | None = None
  old_values: Mapping[str, str] = dataclasses.field(default_factory=dict)
  old_flags: tuple[str, ...] = ()
  shown_default: str = ""
  repeated: bool = False
  is_path: bool = False
  needs: Mapping[str, tuple[Any, ...]] = dataclasses.field(default_factory=dict)
  peers: tuple[str, ...] = ()
  may_be_empty: bool = False
  since: str = ""

  def is_same(self, before: object, now: object) -> bool:
    """Says whether two values mean the same.

    Args:
      before: A value.
      now: Another. Of paths what they lead to is compared, not the spelling.
    """
    if before == now:
      return True
    try:
      return self.is_path and os.path.samefile(str(before), str(now))
    except (OSError, ValueError):  # a name, or no longer there
      return False

  def limits(self) -> str:
    """Returns the range in words, empty if there is none."""
    if self.minimum is not None and self.maximum is not None:
      return f"{self.minimum:g} to {self.maximum:g}"
    bounds = (
      ("at least", self.minimum),
      ("above", self.above),
      ("at most", self.maximum),
      ("below", self.below),
    )
    return " and ".join(f"{w} {b:g}" for w, b in bounds if b is not None)

  def allows(self, value: float) -> bool:
    """Returns whether a number is within the bounds; NaN never is."""
    return (
      (self.minimum is None or value >= self.minimum)
      and (self.maximum is None or value <= self.maximum)
      and (self.above is None or value > self.above)
      and (self.below is None or value < self.below)
      and (abs(value) != math.inf and value == value)
    )


@dataclasses.dataclass(frozen=True)
class Declared:
  """A declared option as the code sees it.

  Attributes:
    name: Of the field and of the flag.
    kind: `bool`, `int`, `float` or `str`; of a list, of its elements.
    length: How many elements a list has: 0 for any number, None for no list.
    default: The field's.
    option: The rest of the declaration.
  """

  name: str
  kind: type
  length: int | None
  default: Any
  option: Option


def option(default: Any, help_text: str, **details: Any) -> Any:
  """Declares an option as a field of a dataclass.

  Args:
    default: The default.
    help_text: What it does; plain text, sentences.
    **details: Further attributes of `Option`.

  Returns:
    The dataclass field.
  """
  declared = Option(help_text, **details)
  return dataclasses.field(default=default, metadata={_KEY: declared})


def declared(cls: Any) -> Iterator[Declared]:
  """Yields the options that a dataclass declares, in their order.

  Args:
    cls: The dataclass, or an instance of it.
  """
  for field in dataclasses.fields(cls):
    if _KEY in field.metadata:
      kind, length = _type(field.type)
      yield Declared(
        field.name, kind, length, field.default, field.metadata[_KEY]
      )


def find(cls: Any, name: str) -> Declared:
  """Returns one option of a dataclass.

  Args:
    cls: The dataclass, or an instance of it.
    name: The option.

  Raises:
    KeyError: If the dataclass does not declare it.
  """
  return {entry.name: entry for entry in declared(cls)}[name]


def _type(annotation: Any) -> tuple[type, int | None]:
  """Returns an annotation's scalar type, and its length if it is a tuple.

  Read as text: Python 3.9 cannot evaluate `str | None`.
  """
  if annotation in _KINDS.values():
    return annotation, None
  text = str(annotation)
  found = re.fullmatch(r"tuple\[(.*)\]", text)
  if not found:
    return _KINDS[text.split(" | ")[0]], None
  elements = found[1].split(", ")
  length = 0 if elements[-1] == "..." else len(elements)
  return _KINDS[elements[0]], length


def parse(entry: Declared, text: str) -> Any:
  """Reads a value from a flag's text.

  Args:
    entry: The option.
    text: What was given; of a list, elements separated by commas.

  Returns:
    The value, not checked against the option's range.

  Raises:
    UserError: If the text is not of the option's type.
  """
  if entry.length is None:
    return _parse_one(entry, text, text, 0)
  texts = [part.strip() for part in text.split(",")] if text.strip() else []
  if entry.length and len(texts) != entry.length:
    example = entry.option.example or "0.3,10"
    raise errors.UserError(
      f"must be {entry.length} numbers, e.g. {example}.", entry.name, text
    )
  return tuple(_parse_one(entry, part, text, 1) for part in texts)


def _parse_one(entry: Declared, text: str, given: str, plural: int) -> Any:
  """Reads one value; `given` is all that the flag holds."""
  if entry.kind is str:
    if entry.option.is_path:
      return expanded(entry.name, text)
    return entry.option.old_values.get(text, text)
  if entry.kind is bool:
    if text.lower() not in _TRUE + _FALSE:
      raise errors.UserError("must be true or false.", entry.name, given)
    return text.lower() in _TRUE
  try:
    return entry.kind(text)
  except ValueError as error:
    words = _WORDS[entry.kind][plural]
    example = entry.option.example or (
      entry.default if isinstance(entry.default, (int, float)) else None
    )
    remedy = (
      ", separated by commas."
      if plural
      else f", e.g. {example or _EXAMPLES[entry.kind]}."
    )
    raise errors.UserError(
      f"must be {words}{remedy}", entry.name, given
    ) from error


def expanded(name: str, path: str) -> str:
  """Returns a path with the user's own folder in place of a leading `~`.

  Args:
    name: The option that holds it.
    path: What was given; anything that does not begin with `~` stays.

  Raises:
    UserError: If it begins with `~` and there is no such user.
  """
  found = os.path.expanduser(path)
  if found.startswith("~"):
    raise errors.UserError(
      f": there is no user {found.split(os.sep)[0][1:]!r}. Write ./{path} for a"
      " folder that is called so.",
      name,
      path,
    )
  return found


def convert(entry: Declared, value: Any) -> Any:
  """Reads a value that JSON or YAML has read already.

  Args:
    entry: The option.
    value: The value. YAML 1.1 takes `1e-4` for a text: numbers may be texts.

  Returns:
    The value as the field holds it, not checked against the option's range.

  Raises:
    TypeError: If it is of another type; the text says which is wanted.
  """
  if value is None:
    raise TypeError("has no value: give one, or leave the line out")
  if entry.length is None:
    return _convert_one(entry, value)
  if not isinstance(value, Sequence) or isinstance(value, str):
    value = [value]
  if entry.length and len(value) != entry.length:
    raise TypeError(f"must be a list of {entry.length} values")
  return tuple(_convert_one(entry, element) for element in value)


def _convert_one(entry: Declared, value: Any) -> Any:
  if entry.kind is float and isinstance(value, (int, float, str)):
    if not isinstance(value, bool):
      try:
        return float(value)
      except (ValueError, OverflowError):  # no number, or too large for any
        pass
  elif type(value) is entry.kind:
    if isinstance(value, str):
      _require_name(value)
      if entry.option.is_path:
        return os.path.expanduser(value)
      return entry.option.old_values.get(value, value)
    return value
  raise TypeError(f"must be {_KIND_WORDS[entry.kind]}")


def _require_name(text: str) -> None:
  """Refuses a text that could be no file's name, as JSON and YAML may have.

  Raises:
    TypeError: If it holds a NUL, or half a letter.
  """
  try:
    valid = "\0" not in text and bool(os.fsencode(text) or not text)
  except UnicodeEncodeError:
    valid = False
  if not valid:
    raise TypeError("must be text, without NUL and half letters")


def check(part: Any) -> None:
  """Compares all options of a dataclass with their declared choices and ranges.

  Args:
    part: An instance of a dataclass with options.

  Raises:
    UserError: If a value cannot be used; carries the option.
  """
  for entry in declared(part):
    value = getattr(part, entry.name)
    if value is not None:
      check_kept(entry, entry.name, value)


def check_kept(entry: Declared, name: str, value: Any) -> None:
  """Compares a value, or each of a list, with an option's choices and range.

  Args:
    entry: The option.
    name: What to call it in the message.
    value: The value, or the list.

  Raises:
    UserError: If it cannot be used; carries `name`.
  """
  for element in [value] if entry.length is None else value:
    check_value(entry, name, element)


def check_value(entry: Declared, name: str, value: Any) -> None:
  """Compares one value with an option's choices and range.

  Args:
    entry: The option.
    name: What to call it in the message.
    value: The value; of a list, one element.

  Raises:
    UserError: If it cannot be used; carries `name`.
  """
  choices = entry.option.choices
  if choices and value not in choices:
    names = [str(choice) for choice in choices]
    words = " or ".join(names) if len(names) == 2 else ", ".join(names)
    intro = "must be" if len(names) == 2 else "must be one of"
    near = errors.nearest(str(value), names)
    raise errors.UserError(f"{intro} {words}.{near}", name, value)
  if entry.kind is int and abs(value) > entry.option.largest:
    raise errors.UserError(
      f"must be at most {entry.option.largest}.", name, reprlib.repr(value)
    )
  if entry.kind in (int, float) and not entry.option.allows(value):
    limits = entry.option.limits() or "finite"
    if abs(value) == math.inf:
      limits = "finite"
    example = entry.option.example
    remedy = f", e.g. {example}" if example is not None else ""
    raise errors.UserError(f"must be {limits}{remedy}.", name, value)


def check_given(entry: Declared, name: str, value: Any) -> None:
  """Compares what was just given for an option with what it can be.

  Unlike a value that a run has kept, a text must not be empty where nothing
  says what an empty one means.

  Args:
    entry: The option.
    name: What to call it in the message.
    value: The value, or the list.

  Raises:
    UserError: If it cannot be used; carries `name`.
  """
  for element in [value] if entry.length is None else value:
    empty = isinstance(element, str) and not element.strip()
    if empty and entry.default != "" and not entry.option.may_be_empty:
      raise errors.UserError(
        "is empty: give a value, or leave it out.", name, element
      )
  listed = entry.length == 0 and not entry.option.repeated
  if listed and len(set(value)) < len(value):
    raise errors.UserError("names something twice.", name)
  check_kept(entry, name, value)


def check_effect(part: Any, typed: Iterable[str]) -> None:
  """Refuses options that have no effect because of others.

  Args:
    part: An instance of a dataclass with options.
    typed: Which of its options were typed, unlike those that a file lists
      together with all others.

  Raises:
    UserError: If one `needs` what is not there; carries the option.
  """
  typed = set(typed)
  for entry in declared(part):
    value = getattr(part, entry.name)
    if entry.name not in typed or not value or not entry.option.needs:
      continue
    others = {name: getattr(part, name) for name in entry.option.needs}
    if any(
      _is_one_of(others[name], wanted)
      for name, wanted in entry.option.needs.items()
    ):
      continue
    shown = ",".join(map(str, value)) if isinstance(value, tuple) else value
    raise errors.UserError(
      "has no effect with"
      f" {' and '.join(_flag(n, v) for n, v in others.items())}. Leave it out,"
      f" or give {' or '.join(_remedies(entry.option.needs))}.",
      entry.name,
      shown,
    )


def _is_one_of(value: Any, wanted: tuple[Any, ...]) -> bool:
  """Returns whether a value, or part of a list, is one of those wanted."""
  if not wanted:
    return bool(value)
  elements = value if isinstance(value, tuple) else (value,)
  return any(element in wanted for element in elements)


def _flag(name: str, value: Any) -> str:
  """Returns the flag that gives a value, as it would be typed."""
  if isinstance(value, bool):
    return f"--{'' if value else 'no'}{name}"
  text = ",".join(map(str, value)) if isinstance(value, tuple) else value
  return f"--{name}={text}"


def _remedies(needs: Mapping[str, tuple[Any, ...]]) -> Iterator[str]:
  """Yields the flags of which one is needed."""
  for name, wanted in needs.items():
    if not wanted:
      yield f"--{name}"
    for value in wanted:
      yield _flag(name, value)


def check_list(
  name: str, values: Sequence[Any], choices: Sequence[Any]
) -> None:
  """Refuses an empty list, or one that names something twice.

  Args:
    name: The option.
    values: The list.
    choices: What it could hold, for the message.

  Raises:
    UserError: Carries `name`.
  """
  if not values:
    raise errors.UserError(
      f"is empty: give some of {', '.join(map(str, choices))}.", name
    )
  if len(set(values)) < len(values):
    raise errors.UserError("names something twice.", name)


def fixed(part: Any) -> list[str]:
  """Returns the options that a run, or a search, that goes on must keep.

  Args:
    part: A dataclass with options, or an instance of it.
  """
  return [entry.name for entry in declared(part) if entry.option.fixed]
