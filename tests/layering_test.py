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
"""House rules as tests; each message says what to do."""

import ast
import pathlib
import re

import pytest

from tests import conftest

_ROOT = pathlib.Path(__file__).absolute().parent.parent
_PACKAGE = _ROOT / "official" / "cyclegan"
# A module may import those before it, never those after it.
_ORDER = [
  "config",
  "common_flags",
  "devices",
  "drawing",
  "fruit_scenes",
  "painting_scenes",
  "scene_datasets",
  "image_files",
  "folders",
  "preprocessing",
  "sources",
  "dataset",
  "run_record",
  "normalization",
  "convolution",
  "layers",
  "networks",
  "losses",
  "diffaugment",
  "image_pool",
  "adam",
  "distillation",
  "inheritance",
  "model",
  "paired_error",
  "distribution_distance",
  "image_quality",
  "features",
  "validation",
  "health",
  "schedules",
  "sample_grid",
  "checkpoints",
  "callbacks",
  "train_lib",
  "survey",
  "prepare_lib",
  "atomic_folder",
  "tflite_file",
  "tflite_probe",
  "model_cost",
  "translator",
  "tflite_convert",
  "tflite_edit",
  "saved_model_file",
  "web_page",
  "export_report",
  "export_lib",
  "translate_lib",
  "video",
  "demo_lib",
  "evaluate_lib",
  "budget",
  "search_oracles",
  "search_report",
  "tune_lib",
  "prepare",
  "train",
  "distill",
  "tune",
  "evaluate",
  "export",
  "translate",
  "demo",
]
# Started without TensorFlow: flags, and the workers that draw.
_WITHOUT_TENSORFLOW = {
  "config",
  "common_flags",
  "drawing",
  "fruit_scenes",
  "painting_scenes",
  "health",
  "paired_error",
  "distribution_distance",
  "image_files",
  "folders",
  "atomic_folder",
}
_MODULES = sorted(p.stem for p in _PACKAGE.glob("*.py") if p.stem != "__init__")


def _tree(path):
  return ast.parse(path.read_text(encoding="utf-8"))


def _imports(tree):
  """Yields (module, name) of every import, `name` None for a plain one."""
  for node in ast.walk(tree):
    if isinstance(node, ast.Import):
      for alias in node.names:
        yield alias.name, None
    elif isinstance(node, ast.ImportFrom):
      for alias in node.names:
        yield node.module, alias.name


def _ours(tree):
  return {n for m, n in _imports(tree) if m == "official.cyclegan"}


def test_every_module_has_its_place():
  assert sorted(_ORDER) == _MODULES, "Add the module to _ORDER."


@pytest.mark.parametrize("module", _MODULES)
def test_imports_go_one_way(module):
  for imported in _ours(_tree(_PACKAGE / f"{module}.py")):
    assert _ORDER.index(imported) < _ORDER.index(module), (
      f"{module} must not import {imported}: move what they share up."
    )
    assert imported not in conftest.BINARIES, "Nothing imports a binary."


@pytest.mark.parametrize("module", _MODULES)
def test_every_module_has_a_test_of_its_name(module):
  assert (_ROOT / "tests" / f"{module}_test.py").exists()


@pytest.mark.parametrize("module", _MODULES)
def test_addons_are_imported_in_one_place_only(module):
  names = {
    m.split(".")[0] for m, _ in _imports(_tree(_PACKAGE / f"{module}.py"))
  }
  assert ("tensorflow_addons" in names) == (module == "normalization"), (
    "Import InstanceNormalization from normalization."
  )


@pytest.mark.parametrize("module", _MODULES)
def test_flags_are_read_by_binaries_only(module):
  text = (_PACKAGE / f"{module}.py").read_text(encoding="utf-8")
  if module not in {*conftest.BINARIES, "common_flags"}:
    assert "absl import flags" not in text, "Pass a config object instead."


@pytest.mark.parametrize("module", sorted(_WITHOUT_TENSORFLOW))
def test_light_modules_do_not_need_tensorflow(module):
  tree = _tree(_PACKAGE / f"{module}.py")
  assert not [m for m, _ in _imports(tree) if m.startswith("tensorflow")]
  assert _ours(tree) <= _WITHOUT_TENSORFLOW


@pytest.mark.parametrize("module", _MODULES)
def test_public_functions_are_documented_and_annotated(module):
  tree = _tree(_PACKAGE / f"{module}.py")
  assert ast.get_docstring(tree)
  scopes = [tree, *[n for n in tree.body if isinstance(n, ast.ClassDef)]]
  for scope in scopes:
    for node in scope.body:
      if not isinstance(node, ast.FunctionDef):
        continue
      where = f"{module}.py:{node.lineno} {node.name}"
      if not node.name.startswith("_"):
        assert ast.get_docstring(node), f"{where}: add a docstring."
        assert node.returns is not None, f"{where}: annotate the result."
      for argument in node.args.args:
        if argument.arg not in ("self", "cls"):
          assert argument.annotation, f"{where}: annotate {argument.arg}."


def test_every_source_has_the_licence():
  for folder in ("official", "tests", "tools"):
    for path in (_ROOT / folder).rglob("*.py"):
      text = path.read_text(encoding="utf-8")
      # Bazel puts empty __init__.py files beside what it links.
      assert not text or "Apache License" in text, path


def _build_rules(path):
  """Yields the keyword arguments of every rule in a BUILD file."""
  for node in ast.walk(_tree(path)):
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
      values = {}
      for keyword in node.keywords:
        try:
          values[keyword.arg] = ast.literal_eval(keyword.value)
        except ValueError:
          values[keyword.arg] = None
      yield node.func.id, values


def test_build_has_one_target_per_module_with_its_imports():
  rules = {
    r["srcs"][0]: r
    for kind, r in _build_rules(_PACKAGE / "BUILD")
    if kind == "py_library"
  }
  for module in _MODULES:
    got = {d for d in rules[f"{module}.py"]["deps"] if d != ":cyclegan"}
    want = {f":{name}" for name in _ours(_tree(_PACKAGE / f"{module}.py"))}
    assert got == want, f"Mend the deps of {module} in BUILD."


def test_build_names_each_target_once_and_only_those():
  names = [
    name.value
    for node in ast.walk(_tree(_PACKAGE / "BUILD"))
    if isinstance(node, ast.Call)
    for name in [k.value for k in node.keywords if k.arg == "name"]
  ]
  assert len(names) == len(set(names))
  for _, rule in _build_rules(_PACKAGE / "BUILD"):
    for label in rule.get("deps", []):
      if label.startswith(":"):
        assert label[1:] in names, f"{rule['name']} needs {label}."


def test_build_has_one_test_per_file_with_its_imports():
  rules = {
    r["srcs"][0]: r
    for kind, r in _build_rules(_ROOT / "tests" / "BUILD")
    if kind == "py_test"
  }
  files = sorted(p.name for p in (_ROOT / "tests").glob("*_test.py"))
  assert sorted(rules) == files
  for name in files:
    got = {d for d in rules[name]["deps"] if d.startswith("//official")}
    want = set()
    for module in _ours(_tree(_ROOT / "tests" / name)):
      suffix = "_main" if module in conftest.BINARIES else ""
      want.add(f"//official/cyclegan:{module}{suffix}")
    assert got == want, f"Mend the deps of {name} in tests/BUILD."


def test_readme_names_files_that_exist():
  text = (_ROOT / "README.md").read_text(encoding="utf-8")
  names = set(re.findall(r"\b(?:official|tools|tests)/[\w/.]+\w", text))
  assert len(names) > 5
  for name in names:
    assert (_ROOT / name).exists(), f"README names {name}."


if __name__ == "__main__":
  conftest.main(__file__)
