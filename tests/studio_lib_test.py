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
import inspect
import json
import re

import pytest

from official.cyclegan import studio_lib
from official.cyclegan.core import command_config
from official.cyclegan.core import errors
from official.cyclegan.training import diagnostics
from tests import conftest
from tests import studios

_PAGE = conftest.ROOT / "official" / "cyclegan" / "studio_app"


def _open(tmp_path, **where):
  studio = command_config.StudioConfig(root=str(tmp_path))
  return studio_lib.serving(studio, command_config.DemoConfig(**where))


def test_without_its_packages_it_says_what_to_install(monkeypatch, tmp_path):
  monkeypatch.setattr(studio_lib.importlib.util, "find_spec", lambda name: None)
  refused = pytest.raises(errors.UserError, match="install starlette uvicorn")
  with refused, _open(tmp_path):
    pass


def test_an_address_that_is_taken_or_empty_is_refused(tmp_path):
  with studios.studio(tmp_path) as ask:
    assert ask("GET", "/api/projects")[0] == 200
    refused = pytest.raises(errors.UserError, match=f"--port={ask.port}")
    with refused, _open(tmp_path, port=ask.port):
      pass
  refused = pytest.raises(errors.UserError, match="--host= is empty")
  with refused, _open(tmp_path, host=""):
    pass


def test_a_root_that_is_no_folder_is_refused(tmp_path):
  pytest.importorskip("starlette")
  (tmp_path / "file").touch()
  refused = pytest.raises(errors.UserError, match="--root=")
  with refused, _open(tmp_path / "file", port=0):
    pass


def _strings(language):
  path = _PAGE / f"strings.{language}.json"
  return json.loads(path.read_text(encoding="utf-8"))


def test_both_languages_say_the_same_things():
  english, korean = _strings("en"), _strings("ko")
  assert list(english) == list(korean)
  for key, words in english.items():
    assert korean[key].strip()
    names = [
      set(re.findall(r"\{(\w+)\}", text)) for text in (words, korean[key])
    ]
    assert names[0] == names[1], key


def test_every_word_is_used_and_every_used_word_is_there():
  english = _strings("en")
  program = "".join(
    path.read_text(encoding="utf-8") for path in _PAGE.glob("*.js")
  )
  used = set(re.findall(r"\bt\('([\w.]+)'", program))
  used |= {"pause.done", "continue.done"}  # of the button that was pressed
  assert used <= set(english), used - set(english)
  # The others are of families whose last part the program or the server says.
  families = re.findall(r"[`']([a-z]+)\.\$\{", program)
  for key in set(english) - used:
    literal = f"'{key}'" in program
    assert literal or key.split(".")[0] in families, f"{key} is not used."


def test_every_code_of_a_refusal_has_words():
  english = _strings("en")
  source = "".join(
    path.read_text(encoding="utf-8") for path in _PAGE.glob("*.py")
  )
  codes = re.findall(r"Refused\(\s*\d+,\s*\"(\w+)\"", source)
  assert len(codes) > 10
  for code in codes:
    assert f"error.{code}" in english, code
  for code in re.findall(r"tell\(\s*\w+,\s*\"(\w+)\"", source):
    assert f"finding.{code}" in english, code


def test_every_health_rule_has_words_for_people_who_train_nothing_else():
  english = _strings("en")
  rules = re.findall(r"Event\(\s*\"(\w+)\"", inspect.getsource(diagnostics))
  assert len(rules) > 6
  for rule in rules:
    words = english[f"health.{rule}"]
    assert "--" not in words and "_" not in words.replace("{direction}", "")


def test_the_page_makes_no_markup_of_text():
  for path in _PAGE.glob("*.js"):
    text = path.read_text(encoding="utf-8")
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval("):
      assert way not in text, path.name
    assert "document.write" not in text
  page = (_PAGE / "index.html").read_text(encoding="utf-8")
  assert " style=" not in page and not re.search(r"<script[^>]*>[^<]", page)


if __name__ == "__main__":
  conftest.main(__file__)
