"""The methods that a prediction can be corrected with: G-BRS, and the baselines it is compared with. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from gbrs_core.config import GBRS, LEARNING_RATE_LADDER, MethodName
from gbrs_core.network import NetworkSpec

Adjusted = Literal["none", "image", "click maps", "A", "B", "C"]
"""What a baseline optimises: nothing, an input (RGB-BRS, DistMap-BRS), or the features at a place of the network
(f-BRS)."""
Family = Literal["g-brs", "input", "f-brs", "grabcut"]

INPUT_LEARNING_RATE = LEARNING_RATE_LADDER[3]
"""Adam's step size on an input of the network where the user chose none."""


@dataclass(frozen=True)
class MethodDescription:
    """A method; menus and parsers are built from it.

    Attributes:
        name: what `--method` takes.
        title: what the window calls it.
        tip: one sentence on what it does.
        family: "input" adds to an input of the network with the losses of G-BRS and Adam; "f-brs" is the published
            pipeline with ZoomIn, mirror, the loss of BRS and L-BFGS-B.
        adjusted: what is optimised.
    """

    name: MethodName
    title: str
    tip: str
    family: Family
    adjusted: Adjusted = "none"

    @property
    def takes_numbers(self) -> bool:
        """Whether preset, iterations, learning rate and consistency weight say anything to it."""
        return self.family in ("g-brs", "input")

    def obstacle(self, spec: NetworkSpec) -> str:
        """Why it cannot be used with a network; empty if it can."""
        if self.family in ("f-brs", "grabcut") and spec.task != "interactive":
            return f"the method {self.name} makes object masks; the task is {spec.task}"
        needs_maps = self.family == "f-brs" or self.adjusted == "click maps"
        if needs_maps and spec.guidance != "click_maps":
            return f"{self.name} needs a network that takes click maps; {spec.name} takes none"
        if self.adjusted in ("A", "B", "C") and self.adjusted not in spec.layouts:
            return f"{spec.name} has no place {self.adjusted}; it has {', '.join(spec.layouts)}"
        return ""


def _input(name: MethodName, title: str, what: str, adjusted: Adjusted) -> MethodDescription:
    return MethodDescription(name, title, f"{what}, with the losses of G-BRS and Adam; slow", "input", adjusted)


def _published(name: MethodName, title: str, what: str, adjusted: Adjusted) -> MethodDescription:
    tip = f"{what}, with the loss of BRS and L-BFGS-B; radii play no part"
    return MethodDescription(name, title, tip, "f-brs", adjusted)


_ALL = (
    MethodDescription(GBRS, "G-BRS", "Layers inside the network, as chosen below", "g-brs"),
    _published("f-brs-a", "f-BRS-A", "Scale and bias of the features at place A", "A"),
    _published("f-brs-b", "f-BRS-B", "Scale and bias of the features at place B", "B"),
    _published("f-brs-c", "f-BRS-C", "Scale and bias of the features at place C", "C"),
    _input("rgb-brs", "RGB-BRS", "A bias on the image", "image"),
    _input("distmap-brs", "DistMap-BRS", "A bias on the click maps", "click maps"),
    _published("rgb-brs:lbfgs", "RGB-BRS, L-BFGS", "A bias on the image", "image"),
    _published("distmap-brs:lbfgs", "DistMap-BRS, L-BFGS", "A bias on the click maps", "click maps"),
    MethodDescription("no-brs", "No refinement", "What the network says, with ZoomIn and mirror", "f-brs"),
    MethodDescription("grabcut", "GrabCut (OpenCV)", "Colours alone, without the network", "grabcut"),
)
METHODS: Mapping[MethodName, MethodDescription] = {method.name: method for method in _ALL}
"""In the order of menus."""


def methods_for(spec: NetworkSpec) -> tuple[MethodDescription, ...]:
    """The methods that can be used with a network."""
    return tuple(method for method in _ALL if not method.obstacle(spec))
