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
"""The lock files, of which the scripts make their environments."""

import importlib.util
import re

import pytest
from packaging import requirements
from packaging import specifiers

from tests import conftest

_spec = importlib.util.spec_from_file_location(
  "lock", conftest.ROOT / "tools" / "lock.py"
)
lock = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(lock)


@pytest.mark.parametrize("name", lock.names())
def test_lock_files_are_made_of_what_setup_asks_for(name):
  assert lock.is_current(name), f"Run python tools/lock.py {name}."


@pytest.mark.parametrize("name", lock.names())
def test_every_requirement_is_locked_with_checksums(name):
  found = lock.locked(name)  # raises if one has none
  if name.endswith("-dev"):
    shared = lock.locked(name[: -len("-dev")])
    assert not set(found) & set(shared), "two versions of one package"
    found = {**found, **shared}
  for text in lock.wanted(name):
    requirement = requirements.Requirement(text)
    versions = found[lock._folded(requirement.name)]
    fitting = specifiers.SpecifierSet(str(requirement.specifier))
    assert any(fitting.contains(v, prereleases=True) for v in versions), text


@pytest.mark.parametrize("name", lock.names())
def test_lock_files_name_no_host(name):
  text = (lock.FOLDER / f"{name}.txt").read_text(encoding="utf-8")
  assert not re.search(r"://|index-url|find-links|trusted-host", text)


def test_another_requirement_makes_lock_files_stale(monkeypatch):
  asked = lock._setup("")
  asked["install_requires"] = [*asked["install_requires"], "six>=1.16"]
  monkeypatch.setattr(lock, "_setup", lambda stack: asked)
  assert not lock.is_current("py311")
  assert not lock.is_current("py311-dev")  # which is made to fit it
  assert lock.is_current("pip")


def test_every_environment_of_the_scripts_has_its_lock_file():
  names = set(lock.names())
  for script in conftest.ROOT.glob("tools/*.sh"):
    text = script.read_text(encoding="utf-8")
    for words in re.findall(r"^[^#\n]*make_env [^ ]+ ([\w ]+)", text, re.M):
      assert set(words.split()) <= {*names, "package", "dev"}, script
    for call in re.findall(r"-m pip install.*", text.replace("\\\n", " ")):
      assert "--require-hashes" in call or "--no-index" in call, call


def test_a_package_without_a_checksum_is_found(monkeypatch, tmp_path):
  monkeypatch.setattr(lock, "FOLDER", tmp_path)
  (tmp_path / "x.txt").write_text("six==1.16.0\n")
  with pytest.raises(ValueError, match="six==1.16.0 has no checksum"):
    lock.locked("x")
  (tmp_path / "x.txt").write_text(f"six>=1.16.0 --hash=sha256:{'0' * 64}\n")
  with pytest.raises(ValueError, match="no single version"):
    lock.locked("x")
  (tmp_path / "x.txt").write_text(
    "# a remark\nsix==1.16.0 ; python_version < '3.10' \\\n"
    f"    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{'1' * 64}\n"
  )
  assert lock.locked("x") == {"six": ["1.16.0"]}


if __name__ == "__main__":
  conftest.main(__file__)
