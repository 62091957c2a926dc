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

from __future__ import annotations

import ast
import functools
import graphlib
import importlib.util
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests import conftest

_PREFIX = "official.cyclegan"
_PACKAGE = conftest.ROOT / "official" / "cyclegan"
# A room may import those of earlier lines, not its own line's others.
_ORDER = (
  ("core", "scenes"),
  ("data", "modeling"),
  ("evaluation",),
  ("training",),
  ("serving",),
  ("reporting",),
  ("tuning",),
  ("pipeline",),
  ("studio_app",),
)
_FLOORS = {room: i for i, rooms in enumerate(_ORDER) for room in rooms}
# These rooms start without TensorFlow, apart from the modules named.
_LIGHT_ROOMS = {
  "core": {"devices"},
  "scenes": {"scene_datasets"},
  "studio_app": {"server"},  # needs the extra, not TensorFlow
}
# So do these modules, which commands and workers of their own need at once.
_LIGHT_MODULES = (
  "data.folders",
  "data.image_files",
  "data.image_output",
  "data.picture_sizes",
  "evaluation.distribution_distance",
  "evaluation.paired_metrics",
  "training.diagnostics",
)
_FLAG_MODULES = {"core.flags", "core.command"}
# `tflite_probe` answers the process that started it on standard output.
_PRINTING_MODULES = _FLAG_MODULES | {"serving.tflite_probe"}
# A heavy package, and the only module that may import it.
_ONLY_IMPORTED_BY = {"tensorflow_addons": "modeling.normalization"}
_KERAS_TUNER_MODULE = "tuning.kerastuner_compat"
# What may ask which stack is installed; the latter only by asking the former.
_STACK_MODULES = ("core.stack", "modeling.normalization")
# Makes every import of TensorFlow, or of what needs it, an error.
_BLOCK = """
import sys
class Blocked:
  def find_spec(self, name, path=None, target=None):
    if name in ("tensorflow", "keras", "tensorflow_addons", "keras_tuner",
                "tensorflow_datasets"):
      raise ImportError(f"{name} is imported")
sys.meta_path.insert(0, Blocked())
"""


@functools.cache
def _tree(path: pathlib.Path) -> ast.Module:
  return ast.parse(path.read_text(encoding="utf-8"))


def _name(path: pathlib.Path) -> str:
  """Returns a module's name below the package: `train`, `core.config`."""
  parts = path.relative_to(_PACKAGE).with_suffix("").parts
  return ".".join(part for part in parts if part != "__init__")


# By name, the package's own __init__ and the rooms' left out.
_MODULES = {
  _name(path): path
  for path in sorted(_PACKAGE.rglob("*.py"))
  if path.stem != "__init__" and "node_modules" not in path.parts
}
# Beside the rooms: commands, which are run, and libraries, which are not. A
# command that has a room's name is the room's `__main__`.
_COMMANDS = [
  name
  for name, path in _MODULES.items()
  if ("." not in name or name.endswith(".__main__"))
  and '\nif __name__ == "__main__":' in path.read_text()
]
# Of a room, what does the work of whole commands: it lies above the libraries
# of these, and is a library of its own in the BUILD of the room.
_STEPS = (
  "pipeline.__main__",
  "pipeline.components",
  "pipeline.launcher",
  "pipeline.tfx_pipeline",
  "pipeline.training_module",
)
_LIBRARIES = [name for name in _MODULES if name not in _COMMANDS]
_ROOM_MODULES = [name for name in _LIBRARIES if "." in name]
_TOOLS = sorted((conftest.ROOT / "tools").rglob("*.py"))


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
  """Yields what each import names, and the name it gets in the file."""
  for node in ast.walk(tree):
    if isinstance(node, ast.Import):
      for alias in node.names:
        yield alias.name, alias.asname or alias.name.split(".")[0]
    elif isinstance(node, ast.ImportFrom):
      assert not node.level, "Import by the whole name."
      for alias in node.names:
        yield f"{node.module}.{alias.name}", alias.asname or alias.name


def _ours(path: pathlib.Path) -> set[str]:
  """Returns the names of the package's modules that a file imports."""
  names = {name for name, _ in _imports(_tree(path))}
  inside = {n.removeprefix(f"{_PREFIX}.") for n in names if n != _PREFIX}
  return inside & set(_MODULES)


def _room(module: str) -> str:
  """Returns the room of a module, empty for a command or its library."""
  return module.rpartition(".")[0]


def _run(source: str, *arguments: str) -> subprocess.CompletedProcess:
  """Runs a program that cannot import TensorFlow."""
  return subprocess.run(
    [sys.executable, "-c", _BLOCK + source, *arguments],
    cwd=conftest.ROOT,
    capture_output=True,
    text=True,
    check=False,
  )


# What may import what.


def test_every_room_has_its_place():
  rooms = {p.parent.name for p in _PACKAGE.glob("*/*.py")}
  assert rooms == set(_FLOORS), "Add the room to _ORDER."
  for room in rooms:  # else setup.py does not find it
    assert (_PACKAGE / room / "__init__.py").exists(), f"{room} needs one."
  for module in _ROOM_MODULES:
    assert module.count(".") == 1, f"{module}: rooms have no rooms inside."


@pytest.mark.parametrize("module", _ROOM_MODULES)
def test_rooms_import_earlier_rooms_only(module):
  for imported in _ours(_MODULES[module]):
    room = _room(imported)
    if module in _STEPS and imported.endswith("_lib"):
      continue
    assert room, f"{module} must not import a command or what it calls."
    assert module in _STEPS or imported not in _STEPS, f"{imported} is a step."
    assert room == _room(module) or _FLOORS[room] < _FLOORS[_room(module)], (
      f"{module} must not import {imported}: move what they share up."
    )


@pytest.mark.parametrize("room", [*_FLOORS, ""])
def test_imports_inside_a_room_have_no_cycle(room):
  graph = {
    module: {m for m in _ours(path) if _room(m) == room}
    for module, path in _MODULES.items()
    if _room(module) == room
  }
  assert graph
  list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError


@pytest.mark.parametrize("module", _MODULES)
def test_nothing_imports_a_command(module):
  commands = _ours(_MODULES[module]) & set(_COMMANDS)
  assert not commands, "Move what they share into a library."


@pytest.mark.parametrize("room", _FLOORS)
def test_a_rooms_init_imports_nothing(room):
  tree = _tree(_PACKAGE / room / "__init__.py")
  assert ast.get_docstring(tree), "Say what the room holds."
  assert not list(_imports(tree)), "Commands must start without TensorFlow."


@pytest.mark.parametrize("module", _MODULES)
def test_some_packages_are_imported_in_one_place_only(module):
  packages = {
    name.split(".")[0] for name, _ in _imports(_tree(_MODULES[module]))
  }
  for package, only in _ONLY_IMPORTED_BY.items():
    assert module == only or package not in packages, f"Import it from {only}."


def _asks_for_a_version(tree: ast.AST) -> Iterator[str]:
  """Yields, with lines, where a file acts on which stack is installed.

  That is: where it compares versions, asks whether something of TensorFlow's or
  Keras's has a name, or asks `core.stack`. A report may name a version.
  """
  libraries = re.compile(r"\b(tf|keras|tensorflow|optimizer|layer|model)\b")
  for node in ast.walk(tree):
    found = None
    if isinstance(node, ast.Attribute):
      found = ast.unparse(node) if node.attr == "is_keras_3" else None
    elif isinstance(node, ast.Compare):
      versions = r"__version__|version_info|metadata\.version"
      if re.search(versions, ast.unparse(node)):
        found = ast.unparse(node)
    elif isinstance(node, ast.Call):
      name = getattr(node.func, "id", "")
      probing = name == "hasattr" or name == "getattr" and len(node.args) > 2
      if probing and libraries.search(ast.unparse(node.args[0])):
        found = ast.unparse(node)
    if found:
      yield f"line {getattr(node, 'lineno', 0)}: {found}"


@pytest.mark.parametrize("module", _MODULES)
def test_the_installed_stack_is_asked_for_in_one_place_only(module):
  if module not in _STACK_MODULES:
    found = list(_asks_for_a_version(_tree(_MODULES[module])))
    assert not found, f"{found}: add a function to core/stack.py."


@pytest.mark.parametrize("module", _MODULES)
def test_tensorflow_is_loaded_with_its_fastest_kernels(module):
  calls = (
    ast.unparse(node.func)
    for node in ast.walk(_tree(_MODULES[module]))
    if isinstance(node, ast.Call)
  )
  assert module == "core.cpu_tuning" or "stack.load_tensorflow" not in calls, (
    "Call cpu_tuning.load_tensorflow, which chooses the kernels first."
  )


@pytest.mark.parametrize(
  "source",
  [
    "tf.__version__.startswith('2.15') == True",
    "importlib.metadata.version('keras') >= '3'",
    "if hasattr(tf.keras, 'ops'): pass",
    "hasattr(optimizer, 'get_unscaled_gradients')",
    "getattr(self.optimizer, 'inner_optimizer', None)",
    "sys.version_info >= (3, 12)",
    "stack.is_keras_3()",
  ],
)
def test_a_question_for_the_stack_is_found(source):
  assert list(_asks_for_a_version(ast.parse(source)))


# What starts without TensorFlow.


def test_light_modules_do_not_need_tensorflow():
  light = [
    module
    for module in _ROOM_MODULES
    if module in _LIGHT_MODULES
    or module.split(".")[1]
    not in _LIGHT_ROOMS.get(_room(module), {module.split(".")[1]})
  ]
  assert set(_LIGHT_MODULES) < set(light)
  lines = [f"import {_PREFIX}"]
  lines += [f"import {_PREFIX}.{module}" for module in light]
  done = _run("\n".join(lines))
  assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", _COMMANDS)
def test_help_does_not_need_tensorflow(command):
  done = _run(
    f"import runpy\nrunpy.run_module('{_PREFIX}.{command}', None, '__main__',"
    " True)",
    "--help",
  )
  assert done.returncode == 0, done.stderr
  assert "--" in done.stdout


def test_a_tflite_file_translates_without_tensorflow(
  halving, pictures, tmp_path
):
  done = _run(
    f"import runpy\nrunpy.run_module('{_PREFIX}.translate', None, '__main__',"
    " True)",
    f"--model={halving}",
    f"--input={pictures / 'testA'}",
    f"--output={tmp_path / 'out'}",
  )
  assert done.returncode == 0, done.stderr
  assert len(list((tmp_path / "out").iterdir())) == 3


# What libraries leave to commands.


@pytest.mark.parametrize("module", _LIBRARIES)
def test_flags_are_read_by_commands_only(module):
  imported = {name for name, _ in _imports(_tree(_MODULES[module]))}
  if module not in _FLAG_MODULES:
    assert not imported & {"absl.flags", "absl.app"}, "Pass an object instead."


@pytest.mark.parametrize("module", _LIBRARIES)
def test_libraries_do_not_print(module):
  for node in ast.walk(_tree(_MODULES[module])):
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print":
      assert module in _PRINTING_MODULES, (
        f"{_MODULES[module]}:{node.lineno}: log it by absl's logging instead."
      )


# Names.


@functools.cache
def _private_names_of_keras_tuner() -> set[str]:
  """Returns the names of its classes' private methods and attributes."""
  folder = pathlib.Path(importlib.util.find_spec("keras_tuner").origin).parent
  names = set()
  for path in (folder / "src").rglob("*.py"):
    for node in ast.walk(_tree(path)):
      if isinstance(node, ast.ClassDef):
        names |= {n.name for n in node.body if isinstance(n, ast.FunctionDef)}
      elif isinstance(node, ast.Attribute):
        names.add(node.attr)
  return {name for name in names if re.match("_[a-z]", name)}


@pytest.mark.parametrize("module", _MODULES)
def test_private_parts_of_keras_tuner_are_used_in_one_place_only(module):
  tree = _tree(_MODULES[module])
  imported = {name for name, _ in _imports(tree)}
  if module == _KERAS_TUNER_MODULE or not any(
    name.split(".")[0] == "keras_tuner" for name in imported
  ):
    return
  remedy = f"use {_KERAS_TUNER_MODULE}, whose test watches keras-tuner."
  private = _private_names_of_keras_tuner()
  for name in imported:
    assert not name.startswith("keras_tuner.src"), f"{name}: {remedy}"
  # A class without bases has its own private names.
  own = {
    id(node)
    for scope in ast.walk(tree)
    if isinstance(scope, ast.ClassDef) and not scope.bases
    for node in ast.walk(scope)
    if isinstance(node, (ast.Attribute, ast.FunctionDef))
    and getattr(getattr(node, "value", None), "id", "self") == "self"
  }
  methods = {
    node
    for scope in ast.walk(tree)
    if isinstance(scope, ast.ClassDef)
    for node in scope.body
    if isinstance(node, ast.FunctionDef)
  }
  for node in ast.walk(tree):
    name = getattr(node, "attr", None)
    if node in methods:
      name = node.name
    if name in private and id(node) not in own:
      raise AssertionError(f"{module}, line {node.lineno}: {name}: {remedy}")


def _bound(function: ast.AST) -> Iterator[tuple[str, int]]:
  """Yields the parameters and variables of a function, with their lines."""
  for node in ast.walk(function):
    if isinstance(node, ast.arg):
      yield node.arg, node.lineno
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
      yield node.id, node.lineno
    elif isinstance(node, ast.ExceptHandler) and node.name:
      yield node.name, node.lineno


@pytest.mark.parametrize(
  "path",
  [*_MODULES.values(), *_TOOLS],
  ids=lambda path: str(path.relative_to(conftest.ROOT)),
)
def test_no_variable_hides_an_imported_module(path):
  tree = _tree(path)
  imported = {alias for name, alias in _imports(tree) if alias[0].islower()}
  for function in ast.walk(tree):
    if isinstance(function, (ast.FunctionDef, ast.Lambda)):
      for name, line in _bound(function):
        assert name not in imported, (
          f"{path.name}:{line}: {name} is a module as well: rename one."
        )


# Documentation and tests.


@pytest.mark.parametrize("module", _MODULES)
def test_public_functions_are_documented_and_annotated(module):
  tree = _tree(_MODULES[module])
  assert ast.get_docstring(tree)
  scopes = [tree, *[n for n in tree.body if isinstance(n, ast.ClassDef)]]
  for scope in scopes:
    for node in scope.body:
      where = f"{module}, line {getattr(node, 'lineno', 0)}:"
      name = getattr(node, "name", "_")
      if not name.startswith("_"):
        assert ast.get_docstring(node), f"{where} add a docstring to {name}."
      if not isinstance(node, ast.FunctionDef):
        continue
      if not name.startswith("_"):
        assert node.returns, f"{where} annotate the result of {name}."
      arguments = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
      arguments += [a for a in (node.args.vararg, node.args.kwarg) if a]
      for argument in arguments:
        if argument.arg not in ("self", "cls"):
          assert argument.annotation, f"{where} annotate {argument.arg}."


@pytest.mark.parametrize("module", _MODULES)
def test_docstrings_name_constants_that_exist(module):
  for node in ast.walk(_tree(_MODULES[module])):
    if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
      continue
    text = ast.get_docstring(node) or ""
    for place, name in re.findall(r"`(\w+)\.([A-Z_]{2,})`", text):
      texts = [
        path.read_text(encoding="utf-8")
        for other, path in _MODULES.items()
        if other.rpartition(".")[2] == place
      ]
      assert not texts or any(
        re.search(rf"^{name}\b", found, re.MULTILINE) for found in texts
      ), f"{module} names {place}.{name}, which is not there."


@pytest.mark.parametrize("module", _MODULES)
def test_every_module_has_a_test_at_the_same_place(module):
  path = pathlib.Path("tests", *module.split(".")).with_suffix(".py")
  test = path.with_name(f"{path.stem}_test.py")
  assert (conftest.ROOT / test).exists(), f"Write {test}."


def test_every_source_has_the_licence():
  for folder in ("official", "tests", "tools", "docs"):
    for ending in ("*.py", "*.sh"):
      for path in (conftest.ROOT / folder).rglob(ending):
        text = path.read_text(encoding="utf-8")
        # Bazel puts empty __init__.py files beside what it links.
        if text and "node_modules" not in path.parts:
          assert "Apache License" in text, path


@pytest.mark.parametrize(
  "document",
  ["README.md", *(f"docs/{p.name}" for p in conftest.ROOT.glob("docs/*.md"))],
)
def test_documents_name_files_that_exist(document):
  text = (conftest.ROOT / document).read_text(encoding="utf-8")
  names = set(re.findall(r"\b(?:official|tools|tests|docs)/[\w/.-]+\w", text))
  assert document != "README.md" or len(names) > 5
  for name in names:
    assert (conftest.ROOT / name).exists(), f"{document} names {name}."


# Bazel.


def _labels(
  build: pathlib.Path, rule: str, name: str | None = None
) -> set[str]:
  """Returns the deps of one rule of a BUILD file, as they are written."""
  for node in ast.walk(_tree(build)):
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == rule:
      values = {k.arg: k.value for k in node.keywords}
      if name is None or ast.literal_eval(values["name"]) == name:
        return set(ast.literal_eval(values.get("deps", ast.List([]))))
  raise AssertionError(f"{build} has no {rule}.")


def _label(module: str) -> str:
  """Returns the label of the library that holds a module."""
  if module in _STEPS:
    return f"//official/cyclegan/{_room(module)}:steps"
  if _room(module):
    return f"//official/cyclegan/{_room(module)}"
  if module in _COMMANDS:
    return "//official/cyclegan:commands"
  if module.endswith("_lib"):
    return "//official/cyclegan:command_libs"
  return "//official/cyclegan"  # what the package itself is made of


def _imported_labels(folder: pathlib.Path, steps: bool = True) -> set[str]:
  paths = [
    path
    for path in folder.glob("*.py")
    if steps or not path.is_relative_to(_PACKAGE) or _name(path) not in _STEPS
  ]
  return {_label(module) for path in paths for module in _ours(path)}


def test_bazel_has_the_rooms_in_their_order():
  source = _tree(_PACKAGE / "rooms.bzl")
  (rooms,) = (
    ast.literal_eval(node.value)
    for node in source.body
    if isinstance(node, ast.Assign) and node.targets[0].id == "ROOMS"
  )
  assert rooms == list(_FLOORS), "Mend ROOMS of rooms.bzl."


@pytest.mark.parametrize("room", _FLOORS)
def test_build_of_a_room_has_the_rooms_that_it_imports(room):
  got = _labels(_PACKAGE / room / "BUILD", "room", room)
  want = _imported_labels(_PACKAGE / room, steps=False)
  want -= {f"//official/cyclegan/{room}"}
  assert {f"//official/cyclegan/{name}" for name in got} == want, (
    f"Mend the deps in official/cyclegan/{room}/BUILD."
  )


def test_build_has_the_steps_apart():
  source = _tree(_PACKAGE / "pipeline" / "BUILD")
  (steps,) = (
    ast.literal_eval(node.value)
    for node in source.body
    if isinstance(node, ast.Assign) and node.targets[0].id == "_STEPS"
  )
  assert [f"pipeline.{name[: -len('.py')]}" for name in steps] == list(_STEPS)


@pytest.mark.parametrize("folder", [*_FLOORS, "tools"])
def test_build_of_tests_has_what_they_import(folder):
  path = conftest.ROOT / "tests" / folder
  build = path / "BUILD"
  want = _imported_labels(path)
  used = "".join(p.read_text(encoding="utf-8") for p in path.glob("*_test.py"))
  if re.search(r"def test\w*\([^)]*\bmodels\b", used):  # conftest's fixture
    want.add(_label("train_lib"))
  got = {
    label for label in _labels(build, "python_tests") if "official" in label
  }
  assert got == want, f"Mend the deps in tests/{folder}/BUILD."
  # Tests that look at the tree have it, others only what they import.
  text = build.read_text(encoding="utf-8")
  for test in path.glob("*_test.py"):
    needs = re.search(
      r"conftest\.(ROOT|run_binary|run_tool)\b",
      test.read_text(encoding="utf-8"),
    )
    if 'glob(["*_test.py"])' not in text:
      assert bool(needs) == (f'"{test.name}"' in text), (
        f"Mend whole_tree in tests/{folder}/BUILD for {test.name}."
      )


if __name__ == "__main__":
  conftest.main(__file__)
