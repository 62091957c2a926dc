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

import json
import os
import signal
import subprocess
import sys
import textwrap

import pytest
import yaml
from absl import flags

from official.cyclegan.core import command
from official.cyclegan.core import command_list
from official.cyclegan.core import errors
from tests import conftest


def _run(tmp_path, body, *arguments, **how):
  """Runs a command whose main is `body`, in a process of its own."""
  script = tmp_path / "greet.py"
  script.write_text(
    "from absl import flags, logging\n"
    "from official.cyclegan.core import command, errors, files\n"
    "flags.DEFINE_integer('count', 1, 'How many.')\n"
    "flags.DEFINE_boolean('loud', False, 'Whether.')\n"
    "def main(*operands):\n"
    + textwrap.indent(body, "  ")
    + "\ncommand.run(main)\n"
  )
  return subprocess.run(
    [sys.executable, str(script), *arguments],
    text=True,
    check=False,
    env={**os.environ, "PYTHONPATH": str(conftest.ROOT)},
    **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how},
  )


@pytest.mark.parametrize(
  ("arguments", "words"),
  [
    (["--count=x"], ["--count=x must be a whole number."]),
    (["--loud=perhaps"], ["--loud=perhaps must be true or false."]),
    (["--cuont=1"], ["--cuont is not an option", "Did you mean --count?"]),
    (["--count"], ["--count needs a value"]),
    (["stray"], ["'stray'", "--name=value"]),
    (["--noloud=true"], ["--noloud=true takes no value", "--loud=true"]),
    (["--flagfile="], ["--flagfile= is empty"]),
    (["--flagfile=none.flags"], ["--flagfile=none.flags cannot be read (No"]),
    (["--flagfile=/"], ["--flagfile=/ cannot be read (Is a directory)"]),
    # Not one of absl's own, such as --verbosity.
    (["--verbosty=1"], ["--verbosty is not an option of this command. (--h"]),
  ],
)
def test_wrong_flags_are_one_line_without_pythons_wording(
  arguments, words, tmp_path
):
  result = _run(tmp_path, "pass", *arguments)
  conftest.assert_refused(result, *words)
  assert "literal" not in result.stderr and "flag --" not in result.stderr


def test_a_users_mistake_is_one_line_and_status_2(tmp_path):
  body = "raise errors.UserError('is odd.', 'count', 3)"
  result = _run(tmp_path, body)
  conftest.assert_refused(result, "greet: error: --count=3 is odd.")


def _error_line(result):
  """Returns the only line of error, of an output without a traceback."""
  assert "Traceback" not in result.stderr + (result.stdout or "")
  (line,) = [s for s in result.stderr.splitlines() if ": error: " in s]
  return line


def test_a_fault_of_the_program_is_one_line_and_a_file(tmp_path, monkeypatch):
  monkeypatch.setenv("TMPDIR", str(tmp_path))
  body = (
    "with errors.keeping(lambda: 'Step 7 is saved.'):\n"
    "  raise ValueError('bug\\nof two lines')"
  )
  result = _run(tmp_path, body)
  assert result.returncode == 1
  line = _error_line(result)
  (details,) = tmp_path.glob("cyclegan_greet_*.txt")
  for words in ("unexpected ValueError: bug (greet.py, line ", str(details)):
    assert words in line
  assert line.endswith(" Step 7 is saved.")
  assert "raise ValueError" in details.read_text()


@pytest.mark.parametrize(
  ("body", "words"),
  [
    ("open('/dev/full', 'w').write('x' * 99999)", ["Free some space"]),
    ("open('/proc/none/x')", ["/proc/none/x: ", "Put it back"]),
    ("open('n' * 300)", ["Give it a shorter name"]),
    ("raise MemoryError", ["not enough memory"]),
    ("b'\\xff'.decode()", ["not UTF-8"]),
  ],
)
def test_a_fault_of_the_system_is_one_line_with_a_remedy(body, words, tmp_path):
  result = _run(tmp_path, body)
  assert result.returncode == 2, result.stderr
  line = _error_line(result)
  for word in words:
    assert word in line


def test_flags_of_a_flagfile_are_told_apart(tmp_path):
  (tmp_path / "x.flags").write_text("--count=3\n--noloud\n")
  body = (
    "from official.cyclegan.core import flags as core_flags\n"
    "print(flags.FLAGS.count, sorted(core_flags._FROM_FLAGFILES))"
  )
  result = _run(tmp_path, body, f"--flagfile={tmp_path / 'x.flags'}", "--loud")
  assert result.stdout == "3 ['count']\n", result.stderr


@pytest.mark.parametrize(
  ("line", "words"),
  [
    ("--sise=3", "--sise is not an option of this command"),
    ("--verbosity=loud", "--verbosity"),
  ],
)
def test_a_mistake_in_a_flagfile_names_the_file(tmp_path, line, words):
  path = tmp_path / "x.flags"
  path.write_text(f"{line}\n")
  result = _run(tmp_path, "pass", f"--flagfile={path}")
  conftest.assert_refused(result, f"--flagfile={path}: {words}")
  typed = _run(tmp_path, "pass", line)
  conftest.assert_refused(typed, f"error: {words}")


def test_a_flagfile_that_is_no_text_is_refused(tmp_path):
  (tmp_path / "x.flags").write_bytes(b"--count=\xff\n")
  result = _run(tmp_path, "pass", f"--flagfile={tmp_path / 'x.flags'}")
  assert result.returncode == 2
  line = _error_line(result)
  assert f"--flagfile={tmp_path / 'x.flags'} cannot be read" in line


def test_what_is_very_long_is_cut_in_the_middle(tmp_path):
  result = _run(tmp_path, "pass", f"--count={'9' * 50_000}x")
  assert result.returncode == 2
  line = _error_line(result)
  assert "--count=99" in line and "99...(50,009 letters)...99" in line
  assert len(line) < 1500


def test_a_thread_that_fails_is_one_line(tmp_path, monkeypatch):
  monkeypatch.setenv("TMPDIR", str(tmp_path))
  body = (
    "import threading\n"
    "thread = threading.Thread(target=lambda: {}['bug'])\n"
    "thread.start()\nthread.join()\nprint('done')"
  )
  result = _run(tmp_path, body)
  assert result.returncode == 0 and result.stdout == "done\n"
  assert "greet: warning: unexpected KeyError: 'bug'" in result.stderr
  assert "Traceback" not in result.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["--loud"]])
def test_a_closed_pipe_is_no_error(arguments, tmp_path):
  body = "for _ in range(9999): print('x' * 99)\nopen('done', 'w')"
  end, gone = os.pipe()
  os.close(end)
  result = _run(tmp_path, body, *arguments, cwd=tmp_path, stdout=gone)
  os.close(gone)
  assert result.returncode == 0 and "rror" not in result.stderr
  assert (tmp_path / "done").exists() == (arguments == ["--loud"])


@pytest.mark.parametrize("arguments", [["--help"], ["--loud"]])
def test_output_on_a_full_disk_is_told_of_once_the_work_is_done(
  arguments, tmp_path
):
  body = "print('x' * 9999)\nopen('done', 'w')"
  with open("/dev/full", "w") as full:
    result = _run(tmp_path, body, *arguments, cwd=tmp_path, stdout=full)
  assert result.returncode == 2
  assert "standard output cannot be written" in _error_line(result)
  assert (tmp_path / "done").exists() == (arguments == ["--loud"])


def test_messages_of_the_package_are_plain_lines(tmp_path):
  (tmp_path / "official").mkdir()
  body = (
    "import logging as std\n"
    "logger = logging.get_absl_logger()\n"
    "def log(level, text, path):\n"
    "  logger.handle(logger.makeRecord('absl', level, path, 1, text, (), None))"
    "\n"
    "log(std.INFO, 'kept in memory', files.__file__)\n"
    "log(std.WARNING, 'careful', files.__file__)\n"
    "log(std.INFO, 'chatter', '/elsewhere/tfds.py')\n"
    "log(std.WARNING, 'their warning', '/elsewhere/tfds.py')\n"
  )
  result = _run(tmp_path, body)
  assert result.returncode == 0, result.stderr
  assert result.stdout == "kept in memory\n"
  assert "careful\n" in result.stderr.splitlines(keepends=True)
  assert "their warning" in result.stderr and "chatter" not in result.stderr


def test_verbosity_gives_absls_own_format(tmp_path):
  body = "logging.info('hello')\nlogging.warning('careful')"
  result = _run(tmp_path, body, "--verbosity=0")
  assert result.stdout == ""
  assert "] hello" in result.stderr and "] careful" in result.stderr


def test_flags_of_other_commands_are_known_and_not_defined():
  before = set(flags.FLAGS)
  assert {"train", "evaluate", "demo"} <= set(command_list.NAMES)
  assert {"teacher", "model_dir"} <= command.flags_of("distill")
  assert "teacher" not in command.flags_of("train")
  assert {"host", "port", "model"} <= command.flags_of("demo")
  assert set(flags.FLAGS) == before


def test_operands_are_all_needed(tmp_path):
  result = conftest.run_binary("train", "one")
  conftest.assert_refused(result, "'one'")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_stopped_leaves_what_was_there(tmp_path, number):
  """As `export` replaces a folder, and `demo` has a temporary one."""
  (tmp_path / "out").mkdir()
  (tmp_path / "out" / "old").touch()
  (tmp_path / "temporary").mkdir()
  body = f"""
import os, pathlib, tempfile
with tempfile.TemporaryDirectory(dir={str(tmp_path / "temporary")!r}):
  with files.replacing_folder({str(tmp_path / "out")!r}, "output_dir") as made:
    pathlib.Path(made, "new").touch()
    try:
      os.kill(os.getpid(), {int(number)})
      raise AssertionError("It goes on.")
    except Exception:
      pass
"""
  result = _run(tmp_path, body)
  assert result.returncode == 128 + number
  assert "Traceback" not in result.stderr
  assert result.stderr.splitlines()[-1] == (
    f"greet: stopped by {number.name}. The same command can be given again."
  )
  assert os.listdir(tmp_path / "out") == ["old"]
  assert os.listdir(tmp_path / "temporary") == []
  assert sorted(os.listdir(tmp_path)) == ["greet.py", "out", "temporary"]


def test_without_beam_a_command_says_what_to_install(monkeypatch):
  monkeypatch.setattr(command.importlib.util, "find_spec", lambda name: None)
  with pytest.raises(errors.UserError, match="pip install apache-beam"):
    command.require_beam()


def test_show_prints_json_or_yaml(capsys):
  values = {"train": {"learning_rate": 1e-5, "names": ("a", "b")}}
  command.show(values)
  assert json.loads(capsys.readouterr().out) == {
    "train": {"learning_rate": 1e-5, "names": ["a", "b"]}
  }
  command.show(values, "yaml")
  assert yaml.safe_load(capsys.readouterr().out) == {
    "train": {"learning_rate": 1e-5, "names": ["a", "b"]}
  }


if __name__ == "__main__":
  conftest.main(__file__)
