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
"""What the studio refuses, with a code that the page has words for."""

from __future__ import annotations

from typing import Any

from official.cyclegan.core import errors


class Refused(errors.UserError):
  """A request that is not carried out.

  Attributes:
    status: HTTP's number for it.
    code: By which the page finds words in its reader's language.
    values: What those words name.
  """

  def __init__(self, status: int, code: str, message: str, **values: Any):
    """Says what is wrong.

    Args:
      status: HTTP's number for it.
      code: Of the page's list, `error.CODE`.
      message: The whole sentence in English.
      **values: What the words name: text and numbers.
    """
    super().__init__(message)
    self.status, self.code, self.values = status, code, values


def not_there(what: str) -> Refused:
  """Returns the refusal of a name that stands for nothing here.

  Args:
    what: The name.
  """
  return Refused(404, "not_there", f"{what} is not there.", name=what)
