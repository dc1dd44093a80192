"""The methods that an evaluation compares, by the names `--method` takes.

Refining methods take options behind their name: `bmconv@2` with two insertion levels, `bmconv/0.003` with that learning
rate, `bmconv:nolc` without the consistency loss; all together `bmconv@2/0.003:nolc`. Layers and `none` take
`:zoom` and `:mirror` at the end of it all: refining in the region around the object (ZoomIn), and the mean with the
output for the mirror image. A name without them is the method alone, whatever the network's default is.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from gbrs_core.baseline_session import Session, open_session
from gbrs_core.baselines import Baseline, baseline_for, never
from gbrs_core.config import GBRS, LAYER_NAMES, RefinementConfig, ZoomInConfig
from gbrs_core.errors import GbrsError
from gbrs_core.evaluation.example import DenseExample
from gbrs_core.fbrs.predictor import FbrsConfig
from gbrs_core.interaction import Click
from gbrs_core.method_catalog import METHODS, MethodDescription
from gbrs_core.network import RefinableNetwork
from gbrs_core.prediction import Prediction
from gbrs_core.tasks import task_named
from gbrs_core.zoomed_refinement import check_zoomable

WITHOUT_CONSISTENCY = ":nolc"
WITH_LBFGS = ":lbfgs"
WITH_ZOOM_IN = ":zoom"
WITH_MIRROR = ":mirror"
BASELINES: Mapping[str, MethodDescription] = {name: method for name, method in METHODS.items() if name != GBRS}
INPUT_METHODS = tuple(name for name, method in BASELINES.items() if method.family == "input")
"""Input refinement with the losses of G-BRS and Adam."""
METHOD_NAMES = (*LAYER_NAMES, *BASELINES)
_REFINING = re.compile(
    rf"(?P<base>{'|'.join([*(layer for layer in LAYER_NAMES if layer != 'none'), *INPUT_METHODS])})"
    rf"(@(?P<levels>\d+))?(/(?P<rate>[\d.e-]+))?(?P<nolc>{WITHOUT_CONSISTENCY})?"
)


@dataclass(frozen=True)
class Answer:
    """What a method makes of a click.

    Attributes:
        prediction: its prediction now.
        seconds: what the click took, all included.
        iterations: how many were run.
        changed_outside: share of pixels that changed outside the attention radius, NaN if it is not measured.
    """

    prediction: Prediction
    seconds: float
    iterations: int
    changed_outside: float


class Method(Protocol):
    """A method that holds one picture and the clicks on it so far."""

    @property
    def prediction(self) -> Prediction:
        """Before the first click, and after the last one."""

    def click(self, click: Click) -> Answer:
        """Take one more click."""


class Refinement:
    """The engine as a method."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def prediction(self) -> Prediction:
        """The session's."""
        return self._session.prediction

    def click(self, click: Click) -> Answer:
        """Refine by the click."""
        for _ in self._session.refine(click):
            pass
        report = self._session.reports[-1]
        return Answer(self._session.prediction, report.seconds, report.iterations_run, report.changed_outside)


class BaselineMethod:
    """A baseline as a method."""

    def __init__(self, baseline: Baseline, example: DenseExample, task: str) -> None:
        self._baseline = baseline
        self._guidance = example.guidance
        self._task = task_named(task)

    @property
    def prediction(self) -> Prediction:
        """At image size."""
        return self._task.prediction(self._baseline.working, *self._baseline.frame.image_size, self._guidance)

    def click(self, click: Click) -> Answer:
        """Take one more click."""
        started = time.perf_counter()
        for _ in self._baseline.steps(click, never):
            pass
        prediction = self.prediction
        return Answer(prediction, time.perf_counter() - started, self._baseline.iterations, float("nan"))


def maker(
    name: str, network: RefinableNetwork, device: str, settings: dict[str, Any], fbrs: FbrsConfig | None = None
) -> Callable[[DenseExample], Method]:
    """What makes the method of that name for an example.

    Args:
        name: one of METHOD_NAMES, refining ones with their options.
        network: refined by all methods but GrabCut.
        device: where it runs.
        settings: fields of `RefinementConfig` that the user chose.
        fbrs: settings of f-BRS's pipeline; its ZoomIn is that of `:zoom` too.

    Raises:
        GbrsError: there is no such method, or it is not one for the network's task.
    """
    base, chosen = with_options(name, settings)
    if base not in METHOD_NAMES or (("zoom_in" in chosen or chosen["mirror"]) and base not in LAYER_NAMES):
        raise GbrsError(f"unknown method {name!r}; known methods: {', '.join(METHOD_NAMES)}")
    if "zoom_in" in chosen and fbrs is not None and fbrs.zoom_in is not None:
        chosen["zoom_in"] = fbrs.zoom_in
    try:
        if base in BASELINES:
            return _baseline_maker(BASELINES[base], network, device, RefinementConfig(**chosen), fbrs or FbrsConfig())
        config = RefinementConfig(layer=base, **chosen)  # type: ignore[arg-type]
        network.spec.layout_named(config.layout).points(config.levels)
        if config.is_zoomed:
            check_zoomable(network.spec)
    except ValueError as error:
        raise GbrsError(f"the method {name} cannot be used: {error}") from error
    return lambda example: Refinement(open_session(network, example.image, config, example.guidance, device=device))


def with_options(name: str, settings: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A method's plain name, and the settings with the options that its name carries."""
    chosen = dict(settings)
    unmirrored = name.removesuffix(WITH_MIRROR)
    chosen["mirror"] = unmirrored != name
    plain = unmirrored.removesuffix(WITH_ZOOM_IN)
    if plain != unmirrored:
        chosen["zoom_in"] = ZoomInConfig()
    found = _REFINING.fullmatch(plain)
    if found is None:
        return plain, chosen
    try:
        if found["levels"]:
            chosen["levels"] = int(found["levels"])
        if found["rate"]:
            chosen["learning_rate"] = float(found["rate"])
    except ValueError as error:
        raise GbrsError(f"{found['rate']!r} in the method {name!r} is no learning rate") from error
    if found["nolc"]:
        chosen["consistency_weight"] = 0.0
    return found["base"], chosen


def _baseline_maker(
    method: MethodDescription, network: RefinableNetwork, device: str, config: RefinementConfig, fbrs: FbrsConfig
) -> Callable[[DenseExample], Method]:
    # Complain at once, not at every sample.
    if obstacle := method.obstacle(network.spec):
        raise GbrsError(obstacle)
    return lambda example: BaselineMethod(
        baseline_for(method, network, example.image, config, example.guidance, device, fbrs=fbrs),
        example,
        network.spec.task,
    )
