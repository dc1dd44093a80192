"""What `main.py evaluate` leaves behind: CSV files, `summary.json`, `report.html` and a few lines of text."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.headless.evaluate_workers import final_score
from gbrs_core.errors import GbrsError

if TYPE_CHECKING:
    from gbrs_core.evaluation.layouts import Sample
    from gbrs_core.evaluation.runner import KeptResults, Plan


def finish(plan: Plan, samples: Sequence[Sample], title: str, origin: Mapping[str, Any]) -> dict[str, Any]:
    """Write the CSV files, `summary.json` and `report.html` from what is kept; the summaries."""
    from gbrs_core.evaluation.published import as_html
    from gbrs_core.evaluation.report import html
    from gbrs_core.evaluation.runner import KeptResults, result_path
    from gbrs_core.evaluation.summary import curves_csv, per_click_csv, seconds_csv, summarise

    names = [sample.name for sample in samples]
    results = {method: KeptResults(plan, tuple((method, name) for name in names)) for method in plan.methods}
    everything = KeptResults(plan, tuple(sorted(key for found in results.values() for key in found.keys)))
    missing = sum(not result_path(plan.folder, *key).is_file() for key in everything.keys)
    if missing:
        raise GbrsError(
            f"{missing} results are not in {plan.folder}; machines that share a run must write into one folder"
        )
    summaries = {method: summarise(found, plan.measure) for method, found in results.items()}
    write(plan.folder / "per_click.csv", per_click_csv(everything, plan.measure))
    write(plan.folder / "curves.csv", curves_csv(summaries))
    write(plan.folder / "seconds.csv", seconds_csv(everything))
    content = {"settings": plan.settings, "provenance": origin, "methods": summaries}
    write(plan.folder / "summary.json", json.dumps(content, indent=1))
    compared = as_html(plan.settings["task"], summaries, plan.settings["layout"])
    page = html(title, summaries, {**plan.settings, **origin}, gallery(plan, results), compared)
    write(plan.folder / "report.html", page)
    return summaries


def provenance(args: argparse.Namespace, plan: Plan) -> dict[str, Any]:
    """What else the figures come from, the seconds above all: versions and the machine."""
    import platform

    import cv2
    import numpy as np
    import scipy
    import torch

    device = str(plan.settings["device"])
    is_gpu = device.startswith("cuda")
    return {
        "methods": " ".join(plan.methods),
        "samples": args.limit or "all",
        "data": str(args.data),
        "workers": args.workers,
        "processes": int(os.environ.get("WORLD_SIZE", "1")),
        "device name": torch.cuda.get_device_name(device) if is_gpu else processor_name(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "versions": f"Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}, "
        f"OpenCV {cv2.__version__}",
    }


def processor_name() -> str:
    """What the processor calls itself, as far as the system tells."""
    import platform

    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def gallery(plan: Plan, results: Mapping[str, KeptResults]) -> dict[str, list[str]]:
    """The pictures of the best, the median and the worst sample of every method, as pieces of HTML."""
    from gbrs_core.evaluation.gallery import chosen, figure
    from gbrs_core.evaluation.runner import picture_path

    shown: dict[str, list[str]] = {}
    for method, found in results.items():
        scored = [(result.sample, score) for result in found if (score := final_score(plan, result)) is not None]
        shown[method] = [
            figure(
                picture_path(plan.folder, method, scored[index][0]),
                f"{title}: {scored[index][0]}, {plan.measure.names[0]} {scored[index][1]:.3f}",
            )
            for title, index in chosen([score for _, score in scored], is_rising=plan.measure.is_rising)
        ]
    return shown


def as_text(summaries: dict[str, Any]) -> str:
    """A line per method."""
    lines = []
    for method, summary in summaries.items():
        figures = [f"{summary['used']}/{summary['samples']} samples"]
        for place, (name, curve) in enumerate(summary.get("curves", {}).items()):
            areas = f", AUC {summary['auc'][name]:.3f} (without click 0: {summary['auc_without_click_0'][name]:.3f})"
            figures.append(f"{name} {curve[0]:.3f} -> {curve[-1]:.3f}{areas if place == 0 else ''}")
        figures += [f"NoC@{threshold[2:]} {value:.2f}" for threshold, value in summary.get("noc", {}).items()]
        if "median_seconds" in summary:
            figures.append(f"{summary['median_seconds']:.2f} s/click")
        lines.append(f"{method:12} " + "; ".join(figures))
        lines += [f"  {sample}: {problem}" for sample, problem in summary["problems"].items()]
    return "\n".join(lines) + "\n"


def write(path: Path, text: str) -> None:
    """Write a text file. Raises GbrsError if that cannot be done."""
    from gbrs_core.atomic import atomic_write

    try:
        with atomic_write(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise GbrsError(f"cannot write {path}: {error.strerror or error}") from error
