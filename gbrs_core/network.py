"""How a network is described to the engine: named insertion points, levels, input scaling, guidance. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

GuidanceKind = Literal["none", "click_maps", "trimap"]


@dataclass(frozen=True)
class InsertionPoint:
    """A named place of an unmodified network.

    Attributes:
        name: what users and reports call it, for example "B".
        module: dotted path of a submodule, as in `named_modules()`.
        side: whether the layer sits on the module's output or on its first input.
        call_index: which call of the module, counted from 0, where a module runs more than once in a forward pass.
        channels: channels C of the feature map there, None if not known.
        stride: input pixels per feature cell, None if not known.
    """

    name: str
    module: str
    side: Literal["output", "input"] = "output"
    call_index: int = 0
    channels: int | None = None
    stride: int | None = None


@dataclass(frozen=True)
class InsertionLayout:
    """Insertion points in levels, coarse to fine; level n activates levels 1..n (the L1, L2, L3 of the paper).

    Attributes:
        levels: each level's points.
        default_levels: how many levels are active when nobody says.
        default_top_k_channels: how many channels of highest mean activation are refined when nobody says; None: all.
    """

    levels: tuple[tuple[InsertionPoint, ...], ...]
    default_levels: int = 1
    default_top_k_channels: int | None = None

    def points(self, levels: int | None = None) -> tuple[InsertionPoint, ...]:
        """The active points for a number of levels; None takes the default. Raises ValueError past the last level."""
        count = self.default_levels if levels is None else levels
        if not 1 <= count <= len(self.levels):
            raise ValueError(f"levels must be between 1 and {len(self.levels)}, got {count}")
        return tuple(point for level in self.levels[:count] for point in level)


@dataclass(frozen=True)
class NetworkSpec:
    """Everything the engine and the app need to know about a network beside its weights.

    Attributes:
        name: registry name.
        task: registry name of the task, for example "interactive".
        title: what the model menu shows.
        layouts: insertion layouts by name.
        default_layout: which of them is used when nobody says.
        mean: per-channel mean of the RGB input in [0, 1].
        std: per-channel standard deviation of the RGB input in [0, 1].
        guidance: what the network gets from the user beside the image.
        click_norm_radius: norm_radius of the tanh distance maps, for guidance "click_maps".
        working_side: longest side in pixels at which the network runs by default; larger images are scaled down.
        size_multiple: height and width must be multiples of this.
        licence: licence note of the weights, empty if not known.
        options: the options `models.create` was given.
        class_count: number of classes K of a semantic network, None for other tasks.
        class_names: a name per class, empty if not known.
        class_colours: (red, green, blue) from 0 to 255 per class, empty if not known.
        max_depth: largest depth in metres a depth network can say, None if it has no limit or is of another task.
        gains_from_mirror: averaging its output with that for the mirror image was measured to be better.
    """

    name: str
    task: str
    title: str
    layouts: Mapping[str, InsertionLayout]
    default_layout: str
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    guidance: GuidanceKind = "none"
    click_norm_radius: float = 260.0
    working_side: int = 480
    size_multiple: int = 1
    licence: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    class_count: int | None = None
    class_names: tuple[str, ...] = ()
    class_colours: tuple[tuple[int, int, int], ...] = ()
    max_depth: float | None = None
    gains_from_mirror: bool = False

    @property
    def layout(self) -> InsertionLayout:
        """The default insertion layout."""
        return self.layouts[self.default_layout]

    def layout_named(self, name: str | None) -> InsertionLayout:
        """The insertion layout of that name; None is the default. Raises ValueError with the known names."""
        if name is not None and name not in self.layouts:
            raise ValueError(f"{self.name} has no insertion layout {name!r}; it has {', '.join(self.layouts)}")
        return self.layouts[name or self.default_layout]


class RefinableNetwork(Protocol):
    """What `RefinementSession` asks of a loaded network; `models.load` returns one, users may write their own.

    `module` is a `torch.nn.Module` in eval mode. It is called as `module(image)` with image (1, 3, H, W) normalised by
    the spec, or `module(image, click_maps)` with (1, 2, H, W) tanh distance maps, positive first, or
    `module(image_and_trimap)` with (1, 4, H, W), the trimap last and divided by 255; and returns (1, K, H, W) at the
    same size.
    """

    @property
    def module(self) -> Any:
        """The network itself."""

    @property
    def spec(self) -> NetworkSpec:
        """Its description."""
