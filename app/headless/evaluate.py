"""`main.py evaluate TASK`: the papers' protocols with simulated clicks; a run that was ended goes on where it was.

Under `torchrun` the samples are shared among the processes and the first one writes the figures of all.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gbrs_core.errors import GbrsError

if TYPE_CHECKING:
    from gbrs_core.evaluation.layouts import Sample
    from gbrs_core.evaluation.runner import Plan, SampleResult
    from models.spec import LoadedNetwork

SETTINGS_FILE = "settings.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    from app.headless import TASK_NAMES, device_name, existing_file

    parser.add_argument("task", choices=TASK_NAMES)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the data set")
    parser.add_argument("--layout", required=True, help="how the data set lies in it, for example grabcut or camvid")
    parser.add_argument(
        "--method", nargs="+", default=["none", "bmconv"], dest="methods", metavar="M",
        help="none, grabcut; sb, bmsb, bmsb-m, bmconv, rgb-brs, distmap-brs, with options as in bmconv@2/0.003:nolc "
        "(levels, learning rate, no consistency loss); no-brs, f-brs-a, f-brs-b, f-brs-c, rgb-brs:lbfgs, "
        "distmap-brs:lbfgs (f-BRS's pipeline) (default: none bmconv)",
    )  # fmt: skip
    parser.add_argument(
        "--ablation", choices=("table1", "table2", "table3", "figures", "ladder"),
        help="a comparison of the paper in place of --method; ladder takes 20 samples drawn by --seed",
    )  # fmt: skip
    parser.add_argument("--clicks", type=int, default=20, help="clicks per sample (default: %(default)s)")
    parser.add_argument("--clicker", choices=("centre", "human"), default="centre", help="default: %(default)s")
    parser.add_argument("--limit", type=int, metavar="N", help="take N samples, evenly from all")
    parser.add_argument(
        "--seed", type=int, default=0, help="of the human clicker and the ladder (default: %(default)s)"
    )
    parser.add_argument("--checkpoint", type=existing_file, metavar="FILE", help="network; none: the embedded one")
    parser.add_argument("--preset", choices=("paper", "tuned"), default="tuned", help="default: %(default)s")
    parser.add_argument("--levels", type=int, metavar="N", help="active insertion levels, coarse to fine")
    parser.add_argument("--lr", type=float, help="Adam's learning rate")
    parser.add_argument(
        "--zoom-in", type=int, default=400, metavar="SIDE",
        help="longest side of the region that f-BRS's methods look at, 0 for the whole image (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--no-mirror", action="store_true", help="f-BRS's methods without the mirrored image")
    parser.add_argument("--device", type=device_name, default="auto", help="auto (default), cpu, cuda, cuda:N or mps")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    parser.add_argument("--no-gallery", action="store_true", help="keep no pictures of how the samples ended")
    parser.add_argument("--json", action="store_true", help="print the summary as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Evaluate and write; 0 when done. Raises GbrsError for anything that cannot be used."""
    from models.training.trainer import join_processes, leave_processes

    samples = chosen_samples(args)
    try:
        process = join_processes()
        plan, network = make_plan(args)
        begin(plan, is_first=process.is_first)
        evaluate(plan, samples[process.rank :: process.count], is_shown=process.is_first and not args.json)
        if process.count > 1:
            import torch.distributed as dist

            dist.barrier()
        if process.is_first:
            summaries = finish(plan, samples, title=f"{args.task}: {args.layout}, {network.spec.title}")
            sys.stdout.write(json.dumps(summaries) + "\n" if args.json else as_text(summaries))
    finally:
        leave_processes()
    return 0


def chosen_samples(args: argparse.Namespace) -> list[Sample]:
    """The samples of the data set that are to be clicked. Raises GbrsError if the layout is unknown or empty."""
    from gbrs_core.evaluation.layouts import LAYOUTS

    fitting = [name for name, layout in LAYOUTS.items() if layout.task == args.task]
    if args.layout not in fitting:
        raise GbrsError(f"there is no layout {args.layout!r} for {args.task}; known: {', '.join(fitting) or 'none'}")
    if args.clicks < 1 or args.zoom_in < 0 or (args.limit is not None and args.limit < 1):
        raise GbrsError("--clicks and --limit must be at least 1, and --zoom-in not negative")
    samples = list(LAYOUTS[args.layout].samples(args.data))
    if not samples:
        raise GbrsError(f"there are no samples in {args.data}")
    if args.ablation == "ladder":
        import random

        from gbrs_core.evaluation.ablations import LADDER_SAMPLES

        count = min(args.limit or LADDER_SAMPLES, len(samples))
        drawn = random.Random(args.seed).sample(range(len(samples)), count)
        return [samples[index] for index in sorted(drawn)]
    if args.limit is None or args.limit >= len(samples):
        return samples
    return [samples[index * len(samples) // args.limit] for index in range(args.limit)]


def make_plan(args: argparse.Namespace) -> tuple[Plan, LoadedNetwork]:
    """What is run, and with which network."""
    import torch

    import models
    from gbrs_core import devices
    from gbrs_core.evaluation.ablations import ABLATIONS
    from gbrs_core.evaluation.measures import MEASURES
    from gbrs_core.evaluation.methods import maker
    from gbrs_core.evaluation.policies import POLICIES
    from gbrs_core.evaluation.runner import Plan
    from gbrs_core.fbrs.predictor import FbrsConfig
    from gbrs_core.fbrs.zoom_in import ZoomInConfig

    source = args.checkpoint or models.default_network(args.task)
    if source is None:
        raise GbrsError(f"no network for {args.task} comes with the program; name one with --checkpoint")
    network = models.load(source)
    if network.spec.task != args.task:
        raise GbrsError(f"{source} is a network for the task {network.spec.task}, not for {args.task}")
    device = devices.resolve(args.device)
    given = {"preset": args.preset, "levels": args.levels, "learning_rate": args.lr}
    settings = {name: value for name, value in given.items() if value is not None}
    zoom_in = ZoomInConfig(target_size=args.zoom_in) if args.zoom_in else None
    fbrs = FbrsConfig(zoom_in=zoom_in, has_mirror=not args.no_mirror)
    methods = ABLATIONS[args.ablation](network.spec) if args.ablation else args.methods
    plan = Plan(
        measure=MEASURES[args.task](network.spec.class_count),
        methods={name: maker(name, network, device, settings, fbrs) for name in dict.fromkeys(methods)},
        policy=POLICIES[args.clicker],
        click_count=args.clicks,
        seed=args.seed,
        folder=args.out,
        has_pictures=not args.no_gallery,
        settings={
            "task": args.task, "layout": args.layout, "clicks": args.clicks, "clicker": args.clicker,
            "seed": args.seed, "network": network.spec.name, "network_sha256": network.sha256, "device": device,
            "zoom_in": args.zoom_in, "mirror": not args.no_mirror, "defaults": defaults_digest(args.task),
            "torch": str(torch.__version__), **settings,
        },
    )  # fmt: skip
    return plan, network


def defaults_digest(task: str) -> str:
    """What the task's measured numbers are, in a few digits: results of others must not be mixed with theirs."""
    import hashlib

    from gbrs_core.tasks import task_named

    text = repr(sorted(task_named(task).defaults.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def begin(plan: Plan, *, is_first: bool) -> None:
    """Write the settings, or check that they are those of the run in the folder. Raises GbrsError if they differ."""
    from gbrs_core.atomic import atomic_write

    path = plan.folder / SETTINGS_FILE
    if path.is_file():
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise GbrsError(f"{path} is damaged: {error}; choose another --out") from error
        changed = sorted(name for name in {*known, *plan.settings} if known.get(name) != plan.settings.get(name))
        if changed:
            raise GbrsError(
                f"{plan.folder} holds a run with other settings ({', '.join(changed)}); choose another --out"
            )
    elif is_first:
        try:
            plan.folder.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as temporary:
                temporary.write_text(json.dumps(plan.settings, indent=1), encoding="utf-8")
        except OSError as error:
            raise GbrsError(f"cannot write into {plan.folder}: {error.strerror or error}") from error


def evaluate(plan: Plan, samples: Sequence[Sample], *, is_shown: bool) -> None:
    """Click all samples with all methods, showing progress, time left and the running score."""
    from gbrs_core.evaluation.runner import run as run_samples

    total, started, scores = len(samples) * len(plan.methods), time.monotonic(), dict[str, list[float]]()
    for done, result in enumerate(run_samples(plan, samples), start=1):
        if not is_shown:
            continue
        if result.tallies:
            import numpy as np

            scores.setdefault(result.method, []).append(plan.measure.scores(np.array(result.tallies[-1]))[0])
        left = (time.monotonic() - started) / done * (total - done)
        running = "  ".join(f"{method} {sum(values) / len(values):.3f}" for method, values in scores.items())
        sys.stderr.write(f"\r{done}/{total}  {left / 60:.1f} min left  {plan.measure.names[0]}: {running}   ")
        sys.stderr.flush()
    if is_shown:
        sys.stderr.write("\n")


def finish(plan: Plan, samples: Sequence[Sample], title: str) -> dict[str, Any]:
    """Write the CSV files, `summary.json` and `report.html` from what is kept; the summaries."""
    from gbrs_core.evaluation.published import as_html
    from gbrs_core.evaluation.report import html
    from gbrs_core.evaluation.runner import read_result, result_path
    from gbrs_core.evaluation.summary import curves_csv, per_click_csv, summarise

    results = {
        method: [kept for sample in samples if (kept := read_result(result_path(plan.folder, method, sample.name)))]
        for method in plan.methods
    }
    summaries = {method: summarise(found, plan.measure) for method, found in results.items()}
    flat = [result for found in results.values() for result in found]
    threads = os.environ.get("OMP_NUM_THREADS", "default")
    _write(plan.folder / "per_click.csv", per_click_csv(flat, plan.measure))
    _write(plan.folder / "curves.csv", curves_csv(summaries))
    _write(plan.folder / "seconds.csv", seconds_csv(flat))
    _write(plan.folder / "summary.json", json.dumps({"settings": plan.settings, "methods": summaries}, indent=1))
    _write(
        plan.folder / "report.html",
        html(
            title,
            summaries,
            {**plan.settings, "threads": threads},
            gallery(plan, results),
            as_html(plan.settings["task"]),
        ),
    )
    return summaries


def gallery(plan: Plan, results: Mapping[str, Sequence[SampleResult]]) -> dict[str, list[str]]:
    """The pictures of the best, the median and the worst sample of every method, as pieces of HTML."""
    import numpy as np

    from gbrs_core.evaluation.gallery import chosen, figure
    from gbrs_core.evaluation.runner import picture_path

    shown: dict[str, list[str]] = {}
    for method, found in results.items():
        usable = [result for result in found if result.tallies]
        scores = [plan.measure.scores(np.array(result.tallies[-1]))[0] for result in usable]
        shown[method] = [
            figure(
                picture_path(plan.folder, method, usable[index].sample),
                f"{title}: {usable[index].sample}, {plan.measure.names[0]} {scores[index]:.3f}",
            )
            for title, index in chosen(scores, is_rising=plan.measure.is_rising)
        ]
    return shown


def seconds_csv(results: Sequence[SampleResult]) -> str:
    """Seconds per click; apart from the clicks, because no two runs agree on them."""
    lines = ["method,sample,click,seconds"]
    for result in sorted(results, key=lambda one: (one.method, one.sample)):
        lines += [f"{result.method},{result.sample},{index},{one:.4f}" for index, one in enumerate(result.seconds, 1)]
    return "\n".join(lines) + "\n"


def as_text(summaries: dict[str, Any]) -> str:
    """A line per method."""
    lines = []
    for method, summary in summaries.items():
        figures = [f"{summary['used']}/{summary['samples']} samples"]
        for name, curve in summary.get("curves", {}).items():
            figures.append(f"{name} {curve[0]:.3f} -> {curve[-1]:.3f}, AUC {summary['auc'][name]:.3f}")
        figures += [f"NoC@{threshold[2:]} {value:.2f}" for threshold, value in summary.get("noc", {}).items()]
        if "median_seconds" in summary:
            figures.append(f"{summary['median_seconds']:.2f} s/click")
        lines.append(f"{method:12} " + "; ".join(figures))
        lines += [f"  {sample}: {problem}" for sample, problem in summary["problems"].items()]
    return "\n".join(lines) + "\n"


def _write(path: Path, text: str) -> None:
    from gbrs_core.atomic import atomic_write

    try:
        with atomic_write(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise GbrsError(f"cannot write {path}: {error.strerror or error}") from error
