"""`main.py convert FILE OUT.safetensors`: a published checkpoint as safetensors, its architecture in the header."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gbrs_core.errors import ExportError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("file", metavar="FILE", type=Path, help="checkpoint: .pth, .pt, .pth.tar or .safetensors")
    parser.add_argument("out", metavar="OUT.safetensors", type=Path, help="file to write; an existing one is replaced")


def run(args: argparse.Namespace) -> int:
    """Convert the file; 0 when done. Raises CheckpointError or ExportError, which the front door prints."""
    _check_out(args.file, args.out)
    from models.checkpoints import convert_checkpoint

    try:
        loaded = convert_checkpoint(args.file, args.out)
    except OSError as error:
        raise ExportError(f"cannot write {args.out}: {error.strerror or error}") from error
    sys.stdout.write(f"wrote {args.out} ({loaded.spec.name}, {args.out.stat().st_size:,} bytes)\n")
    return 0


def _check_out(file: Path, out: Path) -> None:
    if out.suffix.lower() != ".safetensors":
        raise ExportError(f"cannot write {out}: the name of the new file must end in .safetensors")
    if not out.parent.is_dir():
        raise ExportError(f"cannot write {out}: there is no folder {out.parent}")
    if out.exists() and file.exists() and out.samefile(file):
        raise ExportError(f"cannot write {out}: it is the file that is to be converted; choose another name")
