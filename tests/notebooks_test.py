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
"""The notebooks run from top to bottom, and are kept without outputs."""

import ast
import importlib.util
import json
import os
import re
import sys
import types

import pytest

from tests import conftest

_FOLDER = conftest.ROOT / "docs" / "notebooks"
_NAMES = sorted(path.name for path in _FOLDER.glob("*.ipynb"))
_TINY = ["--gen_n_filters=4", "--disc_n_filters=4", "--n_res_blocks=1"]


def _read(name):
  return json.loads((_FOLDER / name).read_text(encoding="utf-8"))


def _source(cell):
  return "".join(cell["source"])


@pytest.mark.parametrize("name", _NAMES)
def test_is_kept_without_outputs(name):
  notebook = _read(name)
  for cell in notebook["cells"]:
    assert cell.get("outputs", []) == [], "Clear the outputs before keeping it."
    assert cell.get("execution_count") is None
  allowed = {"kernelspec", "language_info", "colab"}
  assert set(notebook["metadata"]) <= allowed  # no versions of somebody's


@pytest.mark.parametrize("name", _NAMES)
def test_its_text_is_in_english_and_korean(name):
  cells = [c for c in _read(name)["cells"] if c["cell_type"] == "markdown"]
  assert len(cells) > 4
  for cell in cells:
    text = _source(cell)
    assert re.search("[가-힣]{2}", text) and re.search("[A-Za-z]{3} ", text), (
      text
    )


@pytest.mark.parametrize("name", _NAMES)
def test_is_a_notebook_that_its_programs_can_read(name):
  nbformat = pytest.importorskip("nbformat")
  notebook = nbformat.read(_FOLDER / name, as_version=4)
  nbformat.validate(notebook)
  for cell in notebook.cells:
    if cell.cell_type == "code":
      ast.parse(cell.source)  # plain Python: no line for a shell


def _with_values(notebook, values):
  """Gives the parameters other values; their names have to be the same."""
  (cell,) = [c for c in notebook.cells if "parameters" in c.metadata.tags]
  names = {
    node.targets[0].id
    for node in ast.parse(cell.source).body
    if isinstance(node, ast.Assign)
  }
  assert names == set(values)
  cell.source = "\n".join(f"{k} = {v!r}" for k, v in values.items())


def _run(name, values, folder, monkeypatch):
  nbformat = pytest.importorskip("nbformat")
  nbclient = pytest.importorskip("nbclient")
  pytest.importorskip("ipykernel")
  monkeypatch.setenv("PYTHONPATH", str(conftest.ROOT))
  monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
  notebook = nbformat.read(_FOLDER / name, as_version=4)
  for cell in notebook.cells:
    cell.metadata.setdefault("tags", [])
  _with_values(notebook, values)
  nbclient.NotebookClient(
    notebook,
    timeout=None,
    kernel_name="python3",
    resources={"metadata": {"path": str(folder)}},
  ).execute()
  return "".join(
    str(output.get("text", "")) + str(output.get("data", ""))
    for cell in notebook.cells
    for output in cell.get("outputs", [])
  )


@pytest.mark.parametrize("name", _NAMES)
@pytest.mark.parametrize(
  ("package", "typed", "clone", "installed"),
  [
    ("https://a.b/c.git", [], False, "git+https://a.b/c.git"),
    ("git+https://a.b/c", [], True, "git+https://a.b/c"),
    ("/a folder", [], False, "/a folder"),
    ("", [], True, "{clone}"),
    ("", ["", " https://a.b/c.git "], False, "git+https://a.b/c.git"),
  ],
)
def test_the_package_is_installed_from_where_the_reader_says(
  name, package, typed, clone, installed, tmp_path, monkeypatch
):
  """As on a machine that has not got it."""
  ipython = pytest.importorskip("IPython")
  (cell,) = [c for c in _read(name)["cells"] if "def install" in _source(c)]
  commands, typed = [], list(typed)
  shell = types.SimpleNamespace(
    run_line_magic=lambda *given: commands.append(given)
  )
  monkeypatch.setattr(ipython, "get_ipython", lambda: shell)
  monkeypatch.delitem(sys.modules, "official")
  monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
  monkeypatch.setattr("builtins.input", lambda _: typed.pop(0))
  (tmp_path / "docs").mkdir()
  if clone:
    (tmp_path / "setup.py").touch()
  monkeypatch.chdir(tmp_path / "docs")
  exec(_source(cell), {"PACKAGE": package})
  want = installed.format(clone=tmp_path)
  assert commands == [("pip", f'install --quiet "{want}"')] and not typed


@pytest.mark.slow(seconds=20)
def test_the_chapter_runs_from_top_to_bottom(tmp_path, monkeypatch):
  values = {
    "SIZE": 32,
    "FILTERS": 4,
    "STEPS": 2,
    "PICTURES": 4,
    "FOLDER": "chapter",
    "PACKAGE": "must-not-be-asked-for",
  }
  shown = _run("cyclegan_train.ipynb", values, tmp_path, monkeypatch)
  assert "g_AB:" in shown and "g_BA_dynamic.tflite" in shown
  assert shown.count("image/png") >= 3
  assert (tmp_path / "chapter" / "export" / "README.md").exists()
  assert (tmp_path / "chapter" / "run" / "report.html").exists()


@pytest.mark.slow(seconds=25)
@pytest.mark.one_stack
def test_own_pictures_run_from_top_to_bottom(scenes, tmp_path, monkeypatch):
  values = {
    "FOLDER_A": str(scenes["fruits"] / "trainA"),
    "FOLDER_B": str(scenes["fruits"] / "trainB"),
    "SIZE": 32,
    "MINUTES": 0.2,
    "FOLDER": "mine",
    "PACKAGE": "must-not-be-asked-for",
    "FLAGS": [*_TINY, "--noprobe", "--disc_n_layers=1", "--precision=float32"],
  }
  shown = _run("own_pictures.ipynb", values, tmp_path, monkeypatch)
  assert "Trained model: mine" in shown and "g_BA_dynamic.tflite" in shown
  # The course of the training is told while it trains.
  assert re.search(r"step [\d,]+: .*gan_AB \d", shown)
  left = ["export", "model.zip", "run", "train.log"]
  assert sorted(os.listdir(tmp_path / "mine")) == left


if __name__ == "__main__":
  conftest.main(__file__)
