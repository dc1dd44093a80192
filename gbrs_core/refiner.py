"""Refines one click: the network on its device, the image it runs on, the layers, and the passes through them.

Holds no history and knows no image coordinates; `gbrs_core.session` does.
"""

from __future__ import annotations

import copy
import itertools
import weakref
from collections.abc import Callable, Generator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gbrs_core.active_layers import ActiveLayers, LayerStructure, Variables
from gbrs_core.bias_basis import bias_basis
from gbrs_core.config import ResolvedConfig
from gbrs_core.errors import ShapeError
from gbrs_core.guidance import click_maps
from gbrs_core.interaction import Interaction
from gbrs_core.layers import top_k_channels
from gbrs_core.network import InsertionPoint, NetworkSpec, RefinableNetwork
from gbrs_core.optimise import LOOK_EVERY_ON_GPU, Iterate, diverged, minimise, start
from gbrs_core.partition import Partition, Suffix, feature_maps, partition, run_plain
from gbrs_core.tape import AutocastFactory
from gbrs_core.tasks.base import Task
from gbrs_core.tasks.supervision import clicks_of

_ON_DEVICE: weakref.WeakKeyDictionary[nn.Module, dict[str, nn.Module]] = weakref.WeakKeyDictionary()
_CHECKED: weakref.WeakKeyDictionary[nn.Module, set[object]] = weakref.WeakKeyDictionary()
"""For which insertion points and sizes the suffix of a network was seen to give the network's own output."""


@dataclass(frozen=True, eq=False)
class Refined:
    """What a click ended with.

    Attributes:
        logits: (1, K, h, w) float32.
        variables: the auxiliary variables; None without layers.
        obstacle: why the whole network had to run in every iteration, empty if it had not to.
    """

    logits: Tensor
    variables: Variables | None
    obstacle: str = ""


@dataclass(frozen=True, eq=False)
class _Pass:
    """The network with its layers: how to run the suffix, and its output with the variables as they are."""

    layers: ActiveLayers
    suffix: Suffix
    first: Tensor
    obstacle: str


@dataclass(frozen=True, eq=False)
class _Cached:
    """A split network whose prefix holds for every interaction on the image."""

    key: object
    layers: ActiveLayers
    suffix: Suffix
    obstacle: str


class Refiner:
    """One network on one image.

    Not to be used by two threads at once, and neither is the network of two refiners.

    Args:
        network: the network; it is copied if it is not on the device, and never changed.
        working_image: (h, w, 3) uint8 RGB, at the size the network is to run at.
        task: the task.
        device: "cpu", "cuda", "cuda:N" or "mps".
        working_trimap: (h, w) uint8 for networks that want one, else None.
        like: a refiner of another part of the same image; the channels that either selects are those of both.
    """

    def __init__(
        self,
        network: RefinableNetwork,
        working_image: NDArray[np.uint8],
        task: Task,
        device: str,
        working_trimap: NDArray[np.uint8] | None = None,
        like: Refiner | None = None,
    ) -> None:
        self._spec = network.spec
        self._task = task
        self._device = torch.device(device)
        self._module = module_on(network.module, self._device)
        self._working_image = working_image
        self._image = normalised(working_image, network.spec, self._device)
        if working_trimap is not None:
            self._image = with_trimap(self._image, working_trimap)
        self._bases: dict[tuple[int, int], Tensor] = {}
        self._top_channels: dict[LayerStructure, dict[InsertionPoint, Tensor]]
        self._top_channels = {} if like is None else like._top_channels
        self._cached: _Cached | None = None
        self._mirrored: Tensor | None = None

    def structure(self, config: ResolvedConfig) -> LayerStructure:
        """What decides whether variables fit. Raises ValueError if the network has no such level."""
        layout = self._spec.layout_named(config.layout)
        points = () if config.layer == "none" else layout.points(config.levels)
        top_k = layout.default_top_k_channels if config.top_k_channels is None else config.top_k_channels
        return LayerStructure(config.layer, points, config.bias_map, top_k)

    def predict(
        self, interactions: Sequence[Interaction], variables: Variables | None, config: ResolvedConfig
    ) -> Tensor:
        """The output (1, K, h, w) float32 with given variables; None is the plain network.

        Args:
            interactions: all of them in working pixels; only click maps are made of them.
            variables: auxiliary variables.
            config: the numbers to use.

        Raises:
            DivergedError: the output is not finite.
        """
        if variables is None:
            output = self._checked(run_plain(self._module, self._inputs(interactions)))
            if config.mirror:
                output = _mean(output, self._output_of_the_mirror_image(interactions))
        else:
            output = self._pass(interactions, variables.structure, variables, config).first.detach()
        if not bool(torch.isfinite(output).all()):
            raise diverged(0)
        return output

    def refine(
        self,
        interactions: Sequence[Interaction],
        variables: Variables | None,
        config: ResolvedConfig,
        should_end: Callable[[], bool],
        supervised: Sequence[Interaction] | None = None,
    ) -> Generator[Iterate, None, Refined]:
        """Refine by the newest interaction; gives every iterate, the start included, and returns the result.

        Args:
            interactions: all of them in working pixels, the newest last.
            variables: what the one before ended with; None or those of another structure start anew.
            config: the numbers to use.
            should_end: asked after every iterate; true keeps it as the result.
            supervised: those that the losses are about; None: all.

        Raises:
            DivergedError: a loss or the output is not finite.
            InsertionError, ShapeError: the network is not as its description says.
        """
        structure = self.structure(config)
        supervised = interactions if supervised is None else supervised
        if not structure.points:
            plain = self.predict(interactions, None, config)
            yield start(plain, self._task.objective(supervised, plain, config))
            return Refined(plain, None)
        fitting = variables if variables is not None and variables.structure == structure else None
        run = self._pass(interactions, structure, fitting, config)
        logits, iteration = run.first.detach(), 0
        steps = minimise(
            run.first,
            run.suffix,
            self._task.objective(supervised, logits, config),
            run.layers.modules,
            iterations=config.iterations,
            learning_rate=config.learning_rate,
            stop_residual=config.stop_residual,
            matches_step=config.matches_step,
            look_every=1 if self._device.type == "cpu" else LOOK_EVERY_ON_GPU,
        )
        for iterate in steps:
            logits, iteration = iterate.logits, iterate.iteration
            yield iterate
            if should_end():
                break
        # The losses do not see every pixel when there is no consistency term.
        if not bool(torch.isfinite(logits).all()):
            raise diverged(iteration)
        return Refined(logits, run.layers.snapshot(), run.obstacle)

    def feature_sizes(self, points: Sequence[InsertionPoint]) -> dict[InsertionPoint, tuple[int, int]]:
        """(h, w) of the feature maps at insertion points."""
        maps = feature_maps(self._module, self._inputs([]), points)
        return {point: (features.shape[2], features.shape[3]) for point, features in maps.items()}

    def _inputs(self, interactions: Sequence[Interaction]) -> tuple[Tensor, ...]:
        """What the network takes: the image (with the trimap as its last channel), and click maps if it wants them."""
        if not self._sees_clicks:
            return (self._image,)
        height, width = self._image.shape[2:]
        points = [(click.y, click.x, click.is_positive) for click in clicks_of(interactions)]
        maps = click_maps(points, height, width, self._spec.click_norm_radius, device=self._device)
        return self._image, maps.unsqueeze(0)

    @property
    def _sees_clicks(self) -> bool:
        """Whether the network's input changes from click to click, and with it what the prefix computes."""
        return self._spec.guidance == "click_maps"

    def _pass(
        self,
        interactions: Sequence[Interaction],
        structure: LayerStructure,
        variables: Variables | None,
        config: ResolvedConfig,
    ) -> _Pass:
        """The network split, with these variables; the prefix is kept for the image if it does not see the clicks."""
        key = (structure, config.precision)
        if self._cached is not None and self._cached.key == key:
            layers, suffix, obstacle = self._cached.layers, self._cached.suffix, self._cached.obstacle
            layers.load(variables)
            run = _Pass(layers, suffix, self._checked(_with_graph(suffix)), obstacle)
        else:
            self._cached = None
            layers = self._active_layers(structure, variables)
            split = self._split(self._inputs(interactions), layers, config)
            first = self._checked(split.output if split.has_graph else _with_graph(split.suffix))
            if not self._sees_clicks:
                self._cached = _Cached(key, layers, split.suffix, split.obstacle)
            run = _Pass(layers, split.suffix, first, split.obstacle)
        return self._with_mirror_image(run, interactions) if config.mirror else run

    def _with_mirror_image(self, run: _Pass, interactions: Sequence[Interaction]) -> _Pass:
        """The same with the mean of both outputs; the layers are in the image's own pass only.

        What the mirror image gives is a constant of the click, which costs one pass and nothing in the iterations.
        """
        other = self._output_of_the_mirror_image(interactions)
        return replace(run, suffix=lambda: _mean(run.suffix().float(), other), first=_mean(run.first, other))

    def _output_of_the_mirror_image(self, interactions: Sequence[Interaction]) -> Tensor:
        """The plain network's output (1, K, h, w) for everything mirrored left to right, and mirrored back."""
        if self._mirrored is not None:
            return self._mirrored
        mirrored = tuple(part.flip(-1) for part in self._inputs(interactions))
        output = self._checked(run_plain(self._module, mirrored)).flip(-1)
        if not self._sees_clicks:
            self._mirrored = output
        return output

    def _split(self, inputs: tuple[Tensor, ...], layers: ActiveLayers, config: ResolvedConfig) -> Partition:
        points = layers.structure.points
        checked = _CHECKED.setdefault(self._module, set())
        key = (layers.structure, tuple(self._image.shape), config.precision)
        bf16 = partial(torch.autocast, self._device.type, torch.bfloat16)
        autocast: AutocastFactory = bf16 if config.precision == "bf16" else nullcontext
        split = partition(
            self._module, inputs, points, layers.layer_at, autocast=autocast, is_checked=key not in checked
        )
        checked.add(key)
        return split

    def _checked(self, output: Tensor) -> Tensor:
        height, width = self._image.shape[2:]
        if output.dim() != 4 or output.shape[0] != 1 or tuple(output.shape[2:]) != (height, width):
            raise ShapeError("the network's output", tuple(output.shape), f"(1, K, {height}, {width})")
        return output.float()

    def _active_layers(self, structure: LayerStructure, variables: Variables | None) -> ActiveLayers:
        def top_channels(point: InsertionPoint) -> Tensor:
            return self._channels(structure)[point]

        return ActiveLayers(structure, variables, self._basis, top_channels)

    def _basis(self, height: int, width: int) -> Tensor:
        """The image's basis for bias maps of that size, made once."""
        if (height, width) not in self._bases:
            self._bases[height, width] = bias_basis(self._working_image, height, width).to(self._device)
        return self._bases[height, width]

    def _channels(self, structure: LayerStructure) -> dict[InsertionPoint, Tensor]:
        """The most active channels at every point, from the clean features without clicks, chosen once per image."""
        if structure not in self._top_channels:
            clean = feature_maps(self._module, self._inputs([]), structure.points)
            count = structure.top_k_channels or 0
            self._top_channels[structure] = {point: top_k_channels(clean[point], count) for point in structure.points}
        return self._top_channels[structure]


def module_on(module: nn.Module, device: torch.device) -> nn.Module:
    """The module itself if it is on the device, else a copy there, shared by all who ask; the module stays as it is."""
    tensors = itertools.chain(module.parameters(), module.buffers())
    if all(tensor.device.type == device.type and device.index in (None, tensor.device.index) for tensor in tensors):
        return module
    copies = _ON_DEVICE.setdefault(module, {})
    if str(device) not in copies:
        copies[str(device)] = copy.deepcopy(module).to(device)
    return copies[str(device)]


def normalised(image: NDArray[np.uint8], spec: NetworkSpec, device: torch.device) -> Tensor:
    """An RGB image (h, w, 3) uint8 as the network's input (1, 3, h, w): (image / 255 - mean) / std.

    In channels_last memory, in which convolutions are faster; except on MPS, where they are not.
    """
    planes = torch.from_numpy(image.astype(np.float32)).to(device).div_(255.0)
    planes.sub_(torch.tensor(spec.mean, device=device)).div_(torch.tensor(spec.std, device=device))
    batch = planes.permute(2, 0, 1).unsqueeze(0)
    return batch.contiguous() if device.type == "mps" else batch.contiguous(memory_format=torch.channels_last)


def with_trimap(image: Tensor, trimap: NDArray[np.uint8]) -> Tensor:
    """The image (1, 3, h, w) with the trimap (h, w), divided by 255, as a fourth channel."""
    channel = torch.from_numpy(trimap.astype(np.float32)).to(image.device).div_(255.0)[None, None]
    joined = torch.cat([image, channel], dim=1)
    return joined if image.device.type == "mps" else joined.contiguous(memory_format=torch.channels_last)


def _mean(output: Tensor, other: Tensor) -> Tensor:
    return (output + other) * 0.5


def _with_graph(suffix: Suffix) -> Tensor:
    with torch.enable_grad():
        return suffix()
