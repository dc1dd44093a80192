"""G-BRS Annotator: opens the window, or runs one of the commands without it."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Sequence
from pathlib import Path

from app import headless
from gbrs_core.errors import GbrsError


def main(arguments: Sequence[str]) -> int:
    """Parse the arguments and dispatch. Exit status: 0 done, 2 wrong use or bad input; a bug ends in a traceback, 1."""
    try:
        if arguments and arguments[0] in headless.COMMANDS:
            return headless.run(arguments[0], arguments[1:])
        options = window_parser().parse_intermixed_args(arguments)
        from app import application  # here, so that --help and the commands do without Qt

        return application.run(options.paths, task=options.task, checkpoint=options.checkpoint, device=options.device)
    except GbrsError as error:
        sys.stderr.write(f"main.py: {' '.join(str(error).split())}\n")
        return 2
    except KeyboardInterrupt:
        return 130


def window_parser() -> argparse.ArgumentParser:
    """The arguments of the window."""
    width = max(map(len, headless.COMMANDS))
    commands = "\n".join(f"  {name:{width}}  {command.summary}" for name, command in headless.COMMANDS.items())
    parser = headless.OneLineParser(
        prog="main.py",
        description="Correct the dense output of a network with clicks. Opens a window, unless a command comes first.",
        epilog=f"commands:\n{commands}\n\n"
        "main.py COMMAND --help tells more. A file that is called like a command is opened with ./ in front of it.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "paths", nargs="*", type=existing_path, metavar="PATH", help="images or a folder; none: the sample photograph"
    )
    parser.add_argument("--task", choices=headless.TASK_NAMES, default="interactive", help="default: %(default)s")
    parser.add_argument(
        "--checkpoint",
        type=headless.existing_file,
        metavar="FILE",
        help="network to begin with; none: the built-in one",
    )
    parser.add_argument(
        "--device", type=headless.device_name, default="auto", help="auto (default), cpu, cuda, cuda:N or mps"
    )
    return parser


def existing_path(text: str) -> Path:
    """An argument type: a file or folder that is there; a mistyped command is told what it looks like."""
    path = Path(text)
    if not path.exists():
        similar = difflib.get_close_matches(text, headless.COMMANDS, n=1)
        hint = f"; did you mean the command {similar[0]}?" if similar else ""
        raise argparse.ArgumentTypeError(f"no such file or folder: {text}{hint}")
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
