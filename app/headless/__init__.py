"""The commands without a window. A new one is one module in this folder and one line in `COMMANDS`.

A command's module offers `add_arguments(parser)` and `run(arguments) -> exit status`. It is imported when the command
is called, and its own imports of torch belong inside `run`, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from gbrs_core.task_catalog import TASKS

TASK_NAMES: tuple[str, ...] = tuple(TASKS)
"""Names of the tasks."""


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        module: where it lives.
        summary: one line for the help text.
    """

    module: str
    summary: str


COMMANDS: dict[str, Command] = {
    "refine": Command("app.headless.refine", "refine a prediction with clicks, strokes and pushes, and write it"),
    "evaluate": Command("app.headless.evaluate", "measure methods over simulated clicks on a data set"),
    "train": Command("app.headless.train", "train a network from a configuration file"),
    "inspect": Command("app.headless.inspect", "say what a checkpoint is, without running anything in it"),
    "convert": Command("app.headless.convert", "turn a published checkpoint into a safetensors file"),
    "bench": Command("app.headless.bench", "measure seconds per click on this machine"),
}


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage text in front of it; exit status 2."""

    def error(self, message: str) -> NoReturn:
        """End the program."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def run(name: str, arguments: Sequence[str]) -> int:
    """Run a command of `COMMANDS`; gives its exit status. Wrong arguments end the program with exit status 2."""
    command = COMMANDS[name]
    module = import_module(command.module)
    parser = OneLineParser(prog=f"main.py {name}", description=command.summary)
    module.add_arguments(parser)
    return int(module.run(parser.parse_args(_with_negative_values(arguments))))


def _with_negative_values(arguments: Sequence[str]) -> list[str]:
    """Join "--click", "-5,3,9,1" into one, because argparse would take the second for an option."""
    joined: list[str] = []
    for argument in arguments:
        if joined and re.fullmatch(r"--[a-z-]+", joined[-1]) and re.match(r"-[0-9.]", argument):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def device_name(text: str) -> str:
    """An argument type: the name of a device, whether or not this machine has it."""
    if not re.fullmatch(r"auto|cpu|cuda(:[0-9]+)?|mps", text):
        raise argparse.ArgumentTypeError(f"unknown device {text!r}; say auto, cpu, cuda, cuda:N or mps")
    return text


def existing_file(text: str) -> Path:
    """An argument type: a file that is there."""
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"{'it is a folder' if path.is_dir() else 'no such file'}: {text}")
    return path
