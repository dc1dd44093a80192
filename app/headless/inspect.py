"""`main.py inspect FILE [--json]`: what a checkpoint is, and whether it can be used."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.published import PublishedCheckpoint
    from models.spec import Inspection

UNKNOWN = "not known"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("file", metavar="FILE", type=Path, help="checkpoint: .pth, .pt, .pth.tar or .safetensors")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 if the checkpoint can be used, 2 if not, with the reason on stderr.

    Raises CheckpointError, which the front door prints, if the file cannot be read or is unsafe.
    """
    from models.checkpoints import inspect_checkpoint

    inspection = inspect_checkpoint(args.file)
    sys.stdout.write(as_json(inspection) if args.json else as_text(inspection))
    if inspection.problem:
        sys.stderr.write(f"{args.file} cannot be used: {inspection.problem}\n")
        return 2
    return 0


def as_json(inspection: Inspection) -> str:
    """The report as one JSON object; what is not known is null."""
    spec, report = inspection.spec, inspection.report
    published = _published(inspection)
    entry: dict[str, Any] = {
        "file": str(inspection.path),
        "container": inspection.container,
        "bytes": inspection.size,
        "sha256": inspection.sha256,
        "usable": not inspection.problem,
        "problem": inspection.problem or None,
        "architecture": spec.name if spec else None,
        "options": dict(spec.options) if spec else None,
        "task": spec.task if spec else None,
        "classes": _classes(inspection),
        "licence": (spec.licence or None) if spec else None,
        "published_as": published.title if published else None,
        "project_page": published.project_page if published else None,
        "values": inspection.value_count,
        "stored_types": list(inspection.stored_types),
        "metadata": inspection.metadata,
        "keys": None,
    }
    if report is not None:
        entry["keys"] = {
            "compared_with": report.architecture,
            "expected": report.expected_count,
            "matched": len(report.matched),
            "missing": list(report.missing),
            "missing_batch_counters": len(report.missing_counters),
            "unexpected": list(report.unexpected),
            "misshaped": [
                {"key": key, "found": list(found), "expected": list(expected)}
                for key, found, expected in report.misshaped
            ],
            "ignored": list(report.ignored),
        }
    return json.dumps(entry, indent=2, ensure_ascii=False) + "\n"


def as_text(inspection: Inspection) -> str:
    """The report as lines for people."""
    spec, report = inspection.spec, inspection.report
    published = _published(inspection)
    options = ", ".join(f"{name}={value}" for name, value in spec.options.items()) if spec else ""
    rows = {
        "file": f"{inspection.path} ({inspection.size:,} bytes, {inspection.container})",
        "SHA-256": inspection.sha256,
        "architecture": (spec.name + (f" ({options})" if options else "")) if spec else UNKNOWN,
        "task": spec.task if spec else UNKNOWN,
        "classes": _classes(inspection) or UNKNOWN,
        "values": f"{inspection.value_count:,} ({', '.join(inspection.stored_types)})",
        "licence": (spec.licence if spec else "") or UNKNOWN,
        "published as": f"{published.title}, {published.project_page}" if published else "",
        "usable": f"no: {inspection.problem}" if inspection.problem else "yes",
    }
    lines = [f"{name:<13} {value}" for name, value in rows.items() if value]
    lines += [f"{name:<13} {value}" for name, value in sorted(inspection.metadata.items()) if name not in rows]
    if report is not None:
        lines += ["", report.text()]
    return "\n".join(lines) + "\n"


def _published(inspection: Inspection) -> PublishedCheckpoint | None:
    """The catalogue's entry for a file of this name with these keys."""
    from models.published import published_as

    return published_as(inspection.path, inspection.spec.name) if inspection.spec else None


def _classes(inspection: Inspection) -> int | None:
    """How many classes the network tells apart: object and background, or those of a semantic network."""
    if inspection.spec is None:
        return None
    return 2 if inspection.spec.task == "interactive" else inspection.spec.class_count
