"""What every network costs: parameters, insertion points, suffix share, seconds and memory of a click.

    python -m tests.benchmarks.networks_table [NAME ...] [--precision fp32 --precision bf16]

Prints the table of docs/networks.md. Every network is measured in a process of its own, with random weights, on the
first click on an image, 20 iterations without an early stop. Seconds are those of the processor, in one thread, so that
they hold on a machine that is busy with other things; memory is the largest resident size of the whole process, the
program and its libraries (about 0.25 GB) included. With fewer --iterations, a click is taken to be the first of them
and 19 times the mean of the others. Needs Linux or macOS.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

ITERATIONS = 20
SIZES = {"interactive": (320, 480), "semantic": (512, 1024), "matting": (512, 768), "depth": (480, 640)}
"""(H, W) at which the networks of a task are measured."""
TARGETS = {"interactive": 1.0, "semantic": 3.0, "matting": 0.7, "depth": 2.5}
HEAD = (
    "network",
    "parameters",
    "input",
    "insertion points (channels, stride)",
    "suffix share",
    "processor s / click",
    "peak memory",
)


def main() -> int:
    """Measure in child processes and print the table; or, with --child, measure one network here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", metavar="NAME", help="networks of the registry; none: all")
    parser.add_argument("--precision", action="append", choices=("fp32", "bf16"), help="may be repeated; default both")
    parser.add_argument("--size", metavar="HxW", help="another size of the input")
    parser.add_argument(
        "--iterations", type=int, default=ITERATIONS, help="iterations that are run, default %(default)s"
    )
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    precisions = args.precision or ["fp32", "bf16"]
    if args.child:
        sys.stdout.write(json.dumps(measured(args.networks[0], precisions[0], args.iterations, args.size)) + "\n")
        return 0

    import models

    sys.stdout.write(f"| {' | '.join(HEAD)} |\n{'|---' * len(HEAD)}|\n")
    for name in args.networks or models.names():
        results = {precision: _child(name, precision, args.iterations, args.size) for precision in precisions}
        sys.stdout.write(row(name, results) + "\n")
        sys.stdout.flush()
    return 0


def row(name: str, results: dict[str, dict[str, Any]]) -> str:
    """One line of the table, precisions side by side."""
    first = next(iter(results.values()))
    cells = [
        f"`{name}`",
        f"{first['parameters']:,}",
        "x".join(map(str, first["size"])),
        ", ".join(f"{point} ({channels}, {stride})" for point, channels, stride in first["points"]),
        f"{first['suffix_share']:.0%}",
        " / ".join(f"{result['seconds']:.1f}" for result in results.values()),
        " / ".join(f"{result['peak_bytes'] / 1e9:.2f} GB" for result in results.values()),
    ]
    return f"| {' | '.join(cells)} |"


def _child(name: str, precision: str, iterations: int, size: str | None) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.networks_table", "--child", name, "--precision", precision]
    command += ["--iterations", str(iterations)]
    done = subprocess.run(
        [*command, *(["--size", size] if size else [])],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"measuring {name} failed: {done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def measured(name: str, precision: str, iterations: int, size: str | None = None) -> dict[str, Any]:
    """Everything about one network, measured in this process."""
    import models
    from gbrs_core import RefinementConfig, RefinementSession
    from gbrs_core.interaction import Click
    from models import memory, registry
    from models.spec import LoadedNetwork

    spec = registry.entry(name).spec()
    height, width = map(int, size.split("x")) if size else SIZES[spec.task]
    before = _peak_bytes()
    network = LoadedNetwork(models.create(name), spec, "")
    generator = np.random.default_rng(0)
    image = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
    trimap = np.full((height, width), 128, np.uint8) if spec.guidance == "trimap" else None
    config = RefinementConfig(iterations=iterations, stop_residual=0.0, precision=precision)  # type: ignore[arg-type]
    session = RefinementSession(network, image, config, trimap, working_side=max(height, width))
    click = Click(0.3 * width, 0.4 * height, height / 6, TARGETS[spec.task])
    started, times = time.process_time(), []
    for _ in session.refine(click):
        times.append(time.process_time() - started)  # noqa: PERF401 - the clock runs between them
    each = (times[-1] - times[0]) / max(1, len(times) - 1)
    estimate = memory.estimate(spec, *session.working_size, precision)  # type: ignore[arg-type]
    return {
        "parameters": sum(parameter.numel() for parameter in network.module.parameters()),
        "size": session.working_size,
        "points": [(point.name, point.channels, point.stride) for point in spec.layout.points()],
        "suffix_share": suffix_share(name, height, width),
        "seconds": times[0] + (ITERATIONS - 1) * each,
        "iterations": session.reports[0].iterations_run,
        "before_bytes": before,
        "peak_bytes": _peak_bytes(),
        "estimate_bytes": estimate.total_bytes,
    }


def suffix_share(name: str, height: int, width: int) -> float:
    """Share of the network's multiply-adds that depends on its default insertion points, counted without values."""
    from models import registry
    from models.memory import inserted

    spec = registry.entry(name).spec()
    with torch.device("meta"), FlopCounterMode(display=False) as counter, _Dependent(counter) as dependent:
        module = registry.entry(name).build().requires_grad_(False)
        inputs = [torch.zeros(1, 4 if spec.guidance == "trimap" else 3, height, width)]
        if spec.guidance == "click_maps":
            inputs.append(torch.zeros(1, 2, height, width))
        factor = torch.ones((), requires_grad=True)
        with inserted(module, spec.layout.points(), lambda features: features * factor):
            module(*inputs)
    return float(dependent.flops / counter.get_total_flops())


class _Dependent(TorchFunctionMode):
    """Adds up the work of the functions whose result depends on something that needs a gradient."""

    def __init__(self, counter: FlopCounterMode) -> None:
        super().__init__()
        self.flops = 0
        self._counter = counter

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        before = self._counter.get_total_flops()
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and result.requires_grad:
            self.flops += self._counter.get_total_flops() - before
        return result


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    sys.exit(main())
