"""`main.py evaluate TASK`: the papers' protocols with simulated clicks; a run that was ended goes on where it was.

With `--workers` the samples are shared among processes of this machine, under `torchrun` among those of several
machines that write into one folder; the first process makes the figures of all.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gbrs_core.errors import GbrsError

if TYPE_CHECKING:
    from app.headless.evaluate_workers import Finished
    from gbrs_core.evaluation.layouts import Sample
    from gbrs_core.evaluation.runner import Plan
    from gbrs_core.fbrs.predictor import FbrsConfig
    from models.spec import LoadedNetwork

SETTINGS_FILE = "settings.json"
LAYOUT_NAMES = "grabcut, berkeley, davis, coco_mval, sbd; camvid, cityscapes, mapillary; composition1k; nyu, kitti"
PATIENCE = timedelta(days=30)
"""How long machines wait for each other: their last samples may take hours more than those of others."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    from app.headless import TASK_NAMES, device_name, existing_file

    parser.add_argument("task", choices=TASK_NAMES)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the data set")
    parser.add_argument("--layout", required=True, help=f"how the data set lies in it: {LAYOUT_NAMES}")
    parser.add_argument(
        "--method", nargs="+", default=["none", "bmconv"], dest="methods", metavar="M",
        help="none, grabcut; sb, bmsb, bmsb-m, bmconv, rgb-brs, distmap-brs, with options as in bmconv@2/0.003:nolc "
        "(levels, learning rate, no consistency loss); none and layers with :zoom (ZoomIn) and :mirror at the end; "
        "no-brs, f-brs-a, f-brs-b, f-brs-c, rgb-brs:lbfgs, distmap-brs:lbfgs (f-BRS's pipeline) (default: none bmconv)",
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
        help="longest side of the region that f-BRS's methods and :zoom look at, 0 for the whole image (of :zoom: for "
        "its own 400) (default: %(default)s; published: 600 for DAVIS)",
    )  # fmt: skip
    parser.add_argument(
        "--fbrs", nargs="+", default=[], metavar="NAME=VALUE",
        help="settings of f-BRS's methods: skip_clicks, expansion_ratio, min_crop_size, recompute_overlap, "
        "longest_side, threshold, network_clicks, evaluations, is_exact=1 (as published, faults included), ...",
    )  # fmt: skip
    parser.add_argument("--no-mirror", action="store_true", help="f-BRS's methods without the mirrored image")
    parser.add_argument("--device", type=device_name, default="auto", help="auto (default), cpu, cuda, cuda:N or mps")
    parser.add_argument(
        "--crop", metavar="NAME", help="let only a part of the picture count: eigen (nyu, kitti) or garg (kitti)"
    )
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N",
        help="processes that share the samples; with several GPUs each takes its own (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--threads", type=int, metavar="N",
        help="processor threads of each; runs with equal numbers agree to the last bit (default: those of the run in "
        "--out, else OMP_NUM_THREADS, else the processor's, shared among the workers)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    parser.add_argument("--no-gallery", action="store_true", help="keep no pictures of how the samples ended")
    parser.add_argument("--json", action="store_true", help="print the summary as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Evaluate and write; 0 when done. Raises GbrsError for anything that cannot be used."""
    from app.headless.evaluate_outputs import as_text, finish, provenance
    from models.training.trainer import join_processes, leave_processes

    samples = chosen_samples(args)
    try:
        process = join_processes("gloo", PATIENCE)
        plan, network = make_plan(args)
        begin(plan, is_first=process.is_first)
        evaluate(args, plan, samples[process.rank :: process.count], is_shown=process.is_first and not args.json)
        if process.count > 1:
            import torch.distributed as dist

            dist.barrier()
        if process.is_first:
            title = f"{args.task}: {args.layout}, {network.spec.title}"
            summaries = finish(plan, samples, title, provenance(args, plan))
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
    check_numbers(args)
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


def check_numbers(args: argparse.Namespace) -> None:
    """Raises GbrsError for numbers and a crop that mean nothing."""
    from gbrs_core.evaluation.layouts import LAYOUTS

    counts = {"--clicks": args.clicks, "--limit": args.limit, "--workers": args.workers, "--threads": args.threads}
    small = [name for name, value in counts.items() if value is not None and value < 1]
    if small:
        raise GbrsError(f"{', '.join(small)} must be at least 1")
    if args.zoom_in < 0:
        raise GbrsError("--zoom-in must not be negative")
    crops = LAYOUTS[args.layout].crops
    if args.crop is not None and args.crop not in crops:
        raise GbrsError(f"the layout {args.layout} has no crop {args.crop!r}; known: {', '.join(crops) or 'none'}")


def make_plan(args: argparse.Namespace, worker: int = 0) -> tuple[Plan, LoadedNetwork]:
    """What is run, and with which network; `worker` counts the processes that share a run on this machine."""
    import torch

    import models
    from gbrs_core import devices
    from gbrs_core.evaluation.ablations import ABLATIONS
    from gbrs_core.evaluation.layouts import LAYOUTS, cropped
    from gbrs_core.evaluation.measures import MEASURES
    from gbrs_core.evaluation.methods import maker
    from gbrs_core.evaluation.policies import POLICIES
    from gbrs_core.evaluation.runner import Plan, as_it_is

    source = args.checkpoint or models.default_network(args.task)
    if source is None:
        raise GbrsError(f"no network for {args.task} comes with the program; name one with --checkpoint")
    network = models.load(source)
    if network.spec.task != args.task:
        raise GbrsError(f"{source} is a network for the task {network.spec.task}, not for {args.task}")
    threads = thread_count(args)
    if threads != torch.get_num_threads():
        torch.set_num_threads(threads)
    device = devices.resolve(args.device)
    own_device = device_of(args, device, worker)
    given = {"preset": args.preset, "levels": args.levels, "learning_rate": args.lr}
    settings = {name: value for name, value in given.items() if value is not None}
    fbrs = fbrs_config(args)
    methods = ABLATIONS[args.ablation](network.spec) if args.ablation else args.methods
    plan = Plan(
        measure=MEASURES[args.task](network.spec.class_count),
        methods={name: maker(name, network, own_device, settings, fbrs) for name in dict.fromkeys(methods)},
        policy=POLICIES[args.clicker],
        click_count=args.clicks,
        seed=args.seed,
        folder=args.out,
        has_pictures=not args.no_gallery,
        settings={**stated(args, network), "device": device, "threads": threads, **settings},
        prepare=partial(cropped, LAYOUTS[args.layout].crops[args.crop]) if args.crop else as_it_is,
    )
    return plan, network


def stated(args: argparse.Namespace, network: LoadedNetwork) -> dict[str, Any]:
    """What results must have in common to be kept in one folder, beside device, threads and refinement settings."""
    import torch

    return {
        "task": args.task, "layout": args.layout, "clicks": args.clicks, "clicker": args.clicker,
        "seed": args.seed, "network": network.spec.name, "network_sha256": network.sha256,
        "zoom_in": args.zoom_in, "mirror": not args.no_mirror, "defaults": defaults_digest(args.task),
        "torch": str(torch.__version__),
        **({"crop": args.crop} if args.crop else {}), **({"fbrs": sorted(args.fbrs)} if args.fbrs else {}),
    }  # fmt: skip


def fbrs_config(args: argparse.Namespace) -> FbrsConfig:
    """The settings of f-BRS's pipeline. Raises GbrsError for those that mean nothing."""
    from gbrs_core.fbrs.options import with_fbrs_options
    from gbrs_core.fbrs.predictor import FbrsConfig

    config = FbrsConfig(has_mirror=not args.no_mirror)
    if args.zoom_in == 0:
        return with_fbrs_options(replace(config, zoom_in=None), args.fbrs)
    return with_fbrs_options(config, [f"target_size={args.zoom_in}", *args.fbrs])


def device_of(args: argparse.Namespace, device: str, worker: int) -> str:
    """The device of one of the processes on this machine: GPUs go round, unless the user named one."""
    import torch

    if not device.startswith("cuda") or args.device.startswith("cuda:"):
        return device
    number = int(os.environ.get("LOCAL_RANK", "0")) * args.workers + worker
    return f"cuda:{number % torch.cuda.device_count()}"


def thread_count(args: argparse.Namespace) -> int:
    """Processor threads of one process. Sums depend on how many share them, so a run keeps the number it began with."""
    import torch

    known = kept_settings(args.out).get("threads")
    chosen: int | None = args.threads if args.threads is not None else known if isinstance(known, int) else None
    if chosen is not None:
        return chosen
    usual = int(torch.get_num_threads())
    return usual if "OMP_NUM_THREADS" in os.environ else max(1, usual // int(args.workers))


def defaults_digest(task: str) -> str:
    """What the task's measured numbers are, in a few digits: results of others must not be mixed with theirs."""
    import hashlib

    from gbrs_core.tasks import task_named

    text = repr(sorted(task_named(task).defaults.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def kept_settings(folder: Path) -> dict[str, Any]:
    """The settings of the run in a folder, empty if there is none. Raises GbrsError if they cannot be read."""
    path = folder / SETTINGS_FILE
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise GbrsError(f"{path} is damaged: {error}; choose another --out") from error
    if not isinstance(known, dict):
        raise GbrsError(f"{path} is damaged; choose another --out")
    return known


def begin(plan: Plan, *, is_first: bool) -> None:
    """Write the settings, or check that they are those of the run in the folder. Raises GbrsError if they differ."""
    from app.headless.evaluate_outputs import write

    known = kept_settings(plan.folder)
    if known:
        # Runs of before the number was kept may be gone on with.
        known.setdefault("threads", plan.settings["threads"])
        changed = sorted(name for name in {*known, *plan.settings} if known.get(name) != plan.settings.get(name))
        if changed:
            raise GbrsError(
                f"{plan.folder} holds a run with other settings ({', '.join(changed)}); choose another --out"
            )
    elif is_first:
        try:
            plan.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GbrsError(f"cannot write into {plan.folder}: {error.strerror or error}") from error
        write(plan.folder / SETTINGS_FILE, json.dumps(plan.settings, indent=1))


def evaluate(args: argparse.Namespace, plan: Plan, samples: Sequence[Sample], *, is_shown: bool) -> None:
    """Click all samples with all methods, showing progress, time left and the running score."""
    from app.headless.evaluate_workers import finished, shared
    from gbrs_core.evaluation.runner import result_path

    keys = [(sample.name, method) for sample in samples for method in plan.methods]
    kept = {key for key in keys if result_path(plan.folder, key[1], key[0]).is_file()}
    progress = Progress(plan, len(keys), len(kept))
    count = min(args.workers, len(samples)) if len(kept) < len(keys) else 1
    for result in shared(args, samples, count) if count > 1 else finished(plan, samples):
        if is_shown:
            sys.stderr.write(progress.line(result, is_new=(result.sample, result.method) not in kept))
            sys.stderr.flush()
    if is_shown:
        sys.stderr.write("\n")


class Progress:
    """Says how far a run is.

    Args:
        plan: what is run.
        total: how many results there are to be.
        kept: how many of them an earlier run left; they say nothing about the time that the others take.
    """

    def __init__(self, plan: Plan, total: int, kept: int) -> None:
        self._name = plan.measure.names[0]
        self._total, self._left, self._new, self._done = total, total - kept, 0, 0
        self._scores = dict[str, tuple[float, int]]()
        self._started = time.monotonic()

    def line(self, result: Finished, *, is_new: bool) -> str:
        """Done, time left, and the mean of the final main scores so far."""
        self._done += 1
        self._new += is_new
        if result.score is not None:
            total, count = self._scores.get(result.method, (0.0, 0))
            self._scores[result.method] = total + result.score, count + 1
        each = (time.monotonic() - self._started) / self._new if self._new else 0.0
        left = each * (self._left - self._new) / 60
        running = "  ".join(f"{method} {total / count:.3f}" for method, (total, count) in self._scores.items())
        return f"\r{self._done}/{self._total}  {left:.1f} min left  {self._name}: {running}   "
