"""The registry: every network that can be created, recognised in a checkpoint, and shown in the model menu. Torch-free.

How to add a network: write its modules under `models/architectures/`, describe it in a file of `models/` (or let the
file of the modules do it), and add one line to `NETWORKS`. A description is anything that follows `Description`: a
module with three functions of these names, or an object inside a module, named "package.module:OBJECT". Descriptions
are imported when they are first needed, because they import torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from gbrs_core.network import NetworkSpec

if TYPE_CHECKING:
    from torch import nn

Shapes = Mapping[str, tuple[int, ...]]
"""A state dict without its values: key to shape, prefixes such as "module." already removed."""


class Description(Protocol):
    """What a network tells the registry. `options` are those of `models.create`; unknown ones raise TypeError."""

    def build(self, **options: Any) -> nn.Module:
        """A network with random weights, in eval mode, without G-BRS.

        The keys, their order and the shapes of its state dict are those of the published checkpoints, or, for our own
        networks, of the files in `models/weights/`. Every buffer is persistent: the loader builds the network without
        values and takes all of them from the file.
        """

    def spec(self, **options: Any) -> NetworkSpec:
        """Its description for these options: task, insertion points, input scaling, guidance, licence."""

    def recognise(self, shapes: Shapes) -> dict[str, Any] | None:
        """The options that fit a checkpoint, or None if it is of another network.

        Decide by a few keys (and shapes, for options) that only this network has, and leave completeness to the
        loader: a file that is recognised but incomplete is refused with a list of what is missing, which tells the
        user more than "unknown". File names and metadata are never asked.
        """


@dataclass(frozen=True)
class NetworkEntry:
    """One line of the registry.

    Attributes:
        name: what `models.create` and `models.load` call the network.
        home: where its description is, "package.module" or "package.module:OBJECT".
    """

    name: str
    home: str

    @property
    def description(self) -> Description:
        """The description, imported on first use."""
        module, _, attribute = self.home.partition(":")
        found = import_module(module)
        return cast("Description", getattr(found, attribute) if attribute else found)

    def build(self, **options: Any) -> nn.Module:
        """A network with random weights in eval mode."""
        return self.description.build(**options)

    def spec(self, **options: Any) -> NetworkSpec:
        """The network's description for these options."""
        return self.description.spec(**options)

    def recognise(self, shapes: Shapes) -> dict[str, Any] | None:
        """The options that fit a checkpoint with these shapes, or None."""
        return self.description.recognise(shapes)


NETWORKS: tuple[NetworkEntry, ...] = (
    NetworkEntry("light_depth", "models.light.depth"),
    NetworkEntry("light_interactive", "models.light.interactive"),
    NetworkEntry("light_matting", "models.light.matting"),
    NetworkEntry("light_semantic", "models.light.semantic"),
    NetworkEntry("resnet34_dh128", "models.deeplab_dmf:RESNET34_DH128"),
    NetworkEntry("resnet50_dh128", "models.deeplab_dmf:RESNET50_DH128"),
    NetworkEntry("resnet101_dh256", "models.deeplab_dmf:RESNET101_DH256"),
    NetworkEntry("hrnet18_ocr64", "models.hrnet_dmf:HRNET18_OCR64"),
    NetworkEntry("hrnet32_ocr128", "models.hrnet_dmf:HRNET32_OCR128"),
    NetworkEntry("indexnet", "models.indexnet"),
    NetworkEntry("bts_densenet161", "models.bts"),
    NetworkEntry("hrnet_ocr_mscale", "models.hrnet_ocr_mscale"),
)


DEFAULTS: Mapping[str, str] = {
    "interactive": "light_interactive",
    "semantic": "light_semantic",
    "matting": "light_matting",
    "depth": "light_depth",
}
"""The embedded network of each task."""


def names() -> list[str]:
    """Names of all networks, sorted."""
    return sorted(entry.name for entry in NETWORKS)


def weights_file(name: str) -> Path:
    """Where the bundled weights of an embedded network are; the other networks have no such file."""
    return Path(__file__).parent / "weights" / f"{name}.safetensors"


def bundled_names() -> list[str]:
    """Names of the embedded networks: those whose weights come with the program, sorted."""
    return [name for name in names() if weights_file(name).is_file()]


def default_network(task: str) -> str | None:
    """The embedded network that a task begins with; None if its weights are not there, or the task is unknown."""
    name = DEFAULTS.get(task, "")
    return name if name in bundled_names() else None


def entry(name: str) -> NetworkEntry:
    """The registry line of a network. Raises ValueError with the known names."""
    for candidate in NETWORKS:
        if candidate.name == name:
            return candidate
    raise ValueError(f"unknown network {name!r}; known networks: {', '.join(names())}")


def refuse_options(name: str, options: Mapping[str, Any]) -> None:
    """For networks without options. Raises TypeError naming those that were given."""
    if options:
        raise TypeError(f"{name} takes no options, got {', '.join(sorted(options))}")
