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
import ast
import importlib
import pathlib
import subprocess
import sys

import pytest

import official.cyclegan
from tests import conftest
from tests import old_names_test


@pytest.mark.parametrize("name", official.cyclegan.__all__)
def test_a_public_name_is_importable_and_documented(name):
  value = getattr(official.cyclegan, name)
  assert value.__doc__
  assert name in dir(official.cyclegan)


def test_a_public_name_hides_no_module():
  """`from official.cyclegan import train` means the command."""
  folder = conftest.ROOT / "official" / "cyclegan"
  modules = {path.stem for path in folder.glob("*.py")}
  assert not modules & set(official.cyclegan.__all__)
  module = importlib.import_module("official.cyclegan.train")
  from official.cyclegan import train

  assert train is module


@pytest.mark.slow
@pytest.mark.one_stack
def test_importing_the_package_imports_no_tensorflow():
  result = old_names_test.run_python(
    "from official.cyclegan import Config, UserError, resolve\n"
    "import official.cyclegan.train\n"
    "import sys\n"
    "assert 'tensorflow' not in sys.modules and 'numpy' not in sys.modules\n"
    "from official.cyclegan import CycleGAN\n"
    "assert 'tensorflow' in sys.modules\n"
  )
  assert result.returncode == 0, result.stderr


def test_the_package_says_that_it_has_types():
  assert (conftest.ROOT / "official" / "cyclegan" / "py.typed").exists()
  setup = (conftest.ROOT / "setup.py").read_text(encoding="utf-8")
  assert ast.parse(setup) and "py.typed" in setup and '"*.pyi"' in setup


@pytest.mark.slow
@pytest.mark.one_stack
def test_type_checkers_know_the_public_names(tmp_path):
  pytest.importorskip("mypy")
  script = tmp_path / "script.py"
  script.write_text(
    "from official.cyclegan import Config, fid, Nonsense\n"
    "reveal_type(Config)\n"
    "reveal_type(fid)\n"
  )
  # What tools/test.sh has checked in this environment is not checked again.
  cache = pathlib.Path(".mypy_cache", pathlib.Path(sys.prefix).name)
  result = subprocess.run(
    [sys.executable, "-m", "mypy", f"--cache-dir={cache}", str(script)],
    cwd=conftest.ROOT,
    capture_output=True,
    text=True,
    check=False,
  )
  assert 'has no attribute "Nonsense"' in result.stdout, result.stdout
  assert "official.cyclegan.core.config.Config" in result.stdout
  assert "-> builtins.float" in result.stdout or "-> float" in result.stdout


if __name__ == "__main__":
  conftest.main(__file__)
