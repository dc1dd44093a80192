"""`main.py bench [--json]`: seconds per click on this machine, beside two loops that do the same work differently.

The naive loop runs the whole network in every iteration; the bare loop runs only the suffix, forward and backward, with
no loss, no optimiser and no session around it. Networks without weights of ours run with random ones: speed does not
depend on them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

    from gbrs_core.network import InsertionPoint, RefinableNetwork

NETWORKS = ("light_interactive", "resnet34_dh128", "resnet101_dh256")
SIDE = 480
ITERATIONS = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), metavar="NAME", help="default: %(default)s")
    parser.add_argument("--repeats", type=_positive, default=5, help="runs whose median counts (default: %(default)s)")
    from app.headless import device_name

    parser.add_argument("--device", type=device_name, default="cpu", help="auto, cpu (default), cuda, cuda:N or mps")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measure and print; 0 when done."""
    import torch

    from gbrs_core import devices

    device = devices.resolve(args.device)
    rows = [measure(name, args.repeats, device) for name in args.networks]
    if args.json:
        conditions = {"torch": torch.__version__, "threads": torch.get_num_threads(), "device": device}
        sys.stdout.write(json.dumps({**conditions, "side": SIDE, "iterations": ITERATIONS, "networks": rows}) + "\n")
        return 0
    titles = ("network", "click", "default", "prefix", "loop/bare", "bare", "naive", "naive/click")
    sys.stdout.write(f"{titles[0]:18}" + "".join(f"{title:>12}" for title in titles[1:]) + "\n")
    for row in rows:
        values = "".join(f"{row[key]:12.3f}" for key in list(row)[1:])
        sys.stdout.write(f"{row['network']:18}{values}\n")
    sys.stdout.write(
        f"Seconds, median of {args.repeats}; longest side {SIDE}, bmconv, {torch.get_num_threads()} threads.\n"
        f"click: all included, {ITERATIONS} iterations; default: with the early stop of the default settings;\n"
        "prefix: the pass up to the layers and on to the first output.\n"
    )
    return 0


def measure(name: str, repeats: int, device: str) -> dict[str, Any]:
    """The figures of one network, in seconds and ratios."""
    from gbrs_core.config import RefinementConfig

    network = _network(name)
    full = RefinementConfig(stop_residual=0.0, iterations=ITERATIONS)
    prefix, bare, naive = _loops(network, device)
    configs = (full, RefinementConfig(), replace(full, mirror=False))
    works = [prefix, bare, *(_session_clicks(network, config, device) for config in configs)]
    rounds = _rounds(repeats, works)
    prefix_s, bare_s, click_s, default_s, _ = (statistics.median(seconds) for seconds in zip(*rounds, strict=True))
    naive_s = statistics.median(seconds for (seconds,) in _rounds(min(repeats, 3), [naive]))
    return {
        "network": name,
        "click_s": click_s,
        "default_click_s": default_s,
        "prefix_s": prefix_s,
        "loop_to_bare": statistics.median((alone - prefix) / bare for prefix, bare, _, _, alone in rounds),
        "bare_s": bare_s,
        "naive_s": naive_s,
        "naive_to_click": naive_s / click_s,
    }


def _network(name: str) -> RefinableNetwork:
    """The network with our weights where there are any, else with random ones."""
    import models
    from gbrs_core.errors import GbrsError
    from models import registry
    from models.spec import LoadedNetwork

    if name not in models.names():
        raise GbrsError(f"unknown network {name!r}; known: {', '.join(models.names())}")
    entry = registry.entry(name)
    if entry.spec().task != "interactive":
        raise GbrsError(f"{name} is not a click network; bench measures networks of interactive segmentation")
    if name in models.bundled_names():
        return models.load(name)
    return LoadedNetwork(module=models.create(name), spec=entry.spec(), sha256="")


def _session_clicks(network: RefinableNetwork, config: Any, device: str) -> Callable[[], None]:
    """Each call refines by one more click of one session."""
    from gbrs_core import Click, RefinementSession
    from gbrs_core.image_io import read_image
    from resources import sample_path

    image = read_image(sample_path()).array
    session = RefinementSession(network, image, config, device=device, working_side=SIDE)
    height, width = session.image_size
    places = [(0.5, 0.5), (0.3, 0.4), (0.7, 0.6), (0.4, 0.7), (0.6, 0.3)]

    def click() -> None:
        x, y = places[len(session.clicks) % len(places)]
        target = 1.0 if len(session.clicks) % 2 == 0 else -1.0
        for _ in session.refine(Click(x * width, y * height, height / 6, target)):
            pass

    return click


def _loops(network: RefinableNetwork, device: str) -> tuple[Callable[[], None], Callable[[], None], Callable[[], None]]:
    """The prefix pass, the bare suffix loop, and the naive loop."""
    import torch

    from gbrs_core.layers import LAYERS
    from gbrs_core.partition import partition
    from gbrs_core.refiner import module_on

    module = module_on(network.module, torch.device(device))
    points = network.spec.layout.points()
    size = (SIDE * 2 // 3, SIDE)
    image = torch.randn(1, 3, *size, device=device).contiguous(memory_format=torch.channels_last)
    inputs = (image, torch.rand(1, 2, *size, device=device))
    layers: dict[Any, torch.nn.Module] = {}

    def layer_at(point: Any, features: Tensor) -> torch.nn.Module:
        if point not in layers:
            channels, height, width = features.shape[1:]
            layers[point] = LAYERS["bmconv"](channels, height, width, None).to(device)
        return layers[point]

    split = partition(module, inputs, points, layer_at)
    variables = [variable for layer in layers.values() for variable in layer.parameters()]

    def prefix() -> None:
        partition(module, inputs, points, layer_at, is_checked=False)

    def bare() -> None:
        for _ in range(ITERATIONS):
            with torch.enable_grad():
                torch.autograd.backward(split.suffix().sum(), inputs=variables)

    def naive() -> None:
        with _hooked(module, layers), torch.enable_grad():
            for _ in range(ITERATIONS):
                torch.autograd.backward(module(*inputs).sum(), inputs=variables)

    return prefix, bare, naive


@contextmanager
def _hooked(module: nn.Module, layers: Mapping[InsertionPoint, nn.Module]) -> Iterator[None]:
    """Layers at their places by plain hooks, the weights without gradients, as one would do it by hand."""
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    handles = []
    for point, layer in layers.items():
        place = module.get_submodule(point.module)

        def on_input(_: nn.Module, inputs: tuple[Any, ...], layer: nn.Module = layer) -> tuple[Any, ...]:
            return (layer(inputs[0]), *inputs[1:])

        def on_output(_: nn.Module, __: Any, output: Any, layer: nn.Module = layer) -> Any:
            return layer(output)

        hook_in, hook_out = place.register_forward_pre_hook, place.register_forward_hook
        handles.append(hook_in(on_input) if point.side == "input" else hook_out(on_output))
    try:
        for parameter in trained:
            parameter.requires_grad_(False)
        yield
    finally:
        for handle in handles:
            handle.remove()
        for parameter in trained:
            parameter.requires_grad_(True)


def _rounds(repeats: int, works: Sequence[Callable[[], None]]) -> list[list[float]]:
    """Seconds of each work in some rounds, after one that does not count.

    In turns, because the speed of a machine changes with what else it does: what is compared ran at the same time.
    """
    for work in works:
        work()
    return [[_seconds(work) for work in works] for _ in range(repeats)]


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {value}")
    return value
