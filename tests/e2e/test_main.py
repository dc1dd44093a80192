"""The front door: which arguments lead where, exit statuses, and one line on stderr."""

import subprocess
import sys
import types
from pathlib import Path

import pytest

import app
import main
from app import headless
from gbrs_core import tasks
from gbrs_core.errors import ImageError

ROOT = Path(main.__file__).parent
every_command = pytest.mark.parametrize("name", headless.COMMANDS)


def run_python(*arguments, cwd=ROOT):
    return subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture
def window(monkeypatch):
    """Stands in for the window and keeps what it was called with."""
    calls = []

    def run(paths, *, task, checkpoint, device):
        calls.append({"paths": paths, "task": task, "checkpoint": checkpoint, "device": device})
        return 0

    monkeypatch.setattr(app, "application", types.SimpleNamespace(run=run), raising=False)
    return calls


@pytest.fixture
def command(monkeypatch):
    """Lists a command called "fake" whose work is what the test sets."""
    module = types.ModuleType("fake_command")
    module.add_arguments = lambda parser: parser.add_argument("--number", type=int, default=0)
    module.run = lambda arguments: arguments.number
    monkeypatch.setitem(sys.modules, "fake_command", module)
    monkeypatch.setitem(headless.COMMANDS, "fake", headless.Command("fake_command", "does what a test wants"))
    return module


class TestWindow:
    def test_no_arguments(self, window):
        assert main.main([]) == 0
        assert window == [{"paths": [], "task": "interactive", "checkpoint": None, "device": "auto"}]

    def test_everything_said(self, window, tmp_path):
        photo, folder, weights = tmp_path / "a.jpg", tmp_path / "folder", tmp_path / "w.safetensors"
        photo.touch()
        weights.touch()
        folder.mkdir()
        arguments = [photo, "--device", "cuda:1", folder, "--task", "interactive", "--checkpoint", weights]
        assert main.main([str(argument) for argument in arguments]) == 0
        assert window == [{"paths": [photo, folder], "task": "interactive", "checkpoint": weights, "device": "cuda:1"}]

    def test_file_called_like_a_command(self, window, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        Path("refine").touch()
        main.main(["./refine"])
        assert window[0]["paths"] == [Path("refine")]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["nowhere.jpg"], "no such file or folder: nowhere.jpg"),
            (["refin", "a.jpg"], "no such file or folder: refin; did you mean the command refine?"),
            (["--device", "tpu"], "unknown device 'tpu'; say auto, cpu, cuda, cuda:N or mps"),
            (["--device", "cuda:"], "unknown device 'cuda:'"),
            (["--task", "cooking"], "invalid choice: 'cooking'"),
            (["--checkpoint", "nowhere.pth"], "no such file: nowhere.pth"),
            (["--checkpoint", "."], "it is a folder: ."),
            (["--loud"], "unrecognized arguments: --loud"),
        ],
    )
    def test_wrong_use_is_one_line_and_status_2(self, window, capsys, arguments, message):
        with pytest.raises(SystemExit) as caught:
            main.main(arguments)
        assert caught.value.code == 2
        written = capsys.readouterr().err
        assert message in written
        assert written.count("\n") == 1
        assert window == []


class TestCommands:
    def test_status_and_arguments(self, command):
        assert main.main(["fake"]) == 0
        assert main.main(["fake", "--number", "7"]) == 7

    def test_wrong_arguments(self, command, capsys):
        with pytest.raises(SystemExit) as caught:
            main.main(["fake", "--number", "many"])
        assert caught.value.code == 2
        assert capsys.readouterr().err == (
            "main.py fake: argument --number: invalid int value: 'many' (see main.py fake --help)\n"
        )

    def test_bad_input_is_one_line_and_status_2(self, command, capsys):
        def fail(arguments):
            raise ImageError("cannot open a.jpg:\n  the file is empty")

        command.run = fail
        assert main.main(["fake"]) == 2
        assert capsys.readouterr().err == "main.py: cannot open a.jpg: the file is empty\n"

    def test_bug_keeps_its_traceback(self, command):
        command.run = lambda arguments: 1 // 0
        with pytest.raises(ZeroDivisionError):
            main.main(["fake"])

    def test_interrupt_is_quiet(self, command, capsys):
        def interrupt(arguments):
            raise KeyboardInterrupt

        command.run = interrupt
        assert main.main(["fake"]) == 130
        assert capsys.readouterr().err == ""


def test_tasks_are_named_without_torch_as_they_are_with_it():
    assert tasks.names() == headless.TASK_NAMES
    assert [tasks.task_named(name).name for name in headless.TASK_NAMES] == list(headless.TASK_NAMES)


class TestProcess:
    def test_help_lists_the_commands_from_any_folder(self, tmp_path):
        done = run_python(ROOT / "main.py", "--help", cwd=tmp_path)
        assert done.returncode == 0
        assert all(f"\n  {name} " in done.stdout for name in headless.COMMANDS)
        assert done.stderr == ""

    def test_status_reaches_the_shell(self):
        done = run_python("main.py", "nowhere.jpg")
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1

    @every_command
    def test_help_of_each_command_needs_neither_torch_nor_qt(self, name):
        code = (
            "import atexit, sys, main\n"
            "atexit.register(lambda: sys.stderr.write(str({'torch', 'PySide6'} & set(sys.modules))))\n"
            f"main.main([{name!r}, '--help'])"
        )
        done = run_python("-c", code)
        assert done.returncode == 0
        assert f"usage: main.py {name}" in done.stdout
        assert done.stderr == "set()"
