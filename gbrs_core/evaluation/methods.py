"""The methods that an evaluation compares, by the names `--method` takes.

Refining methods take options behind their name: `bmconv@2` with two insertion levels, `bmconv/0.003` with that learning
rate, `bmconv:nolc` without the consistency loss; all together `bmconv@2/0.003:nolc`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np

from gbrs_core.config import LAYER_NAMES, RefinementConfig
from gbrs_core.errors import GbrsError
from gbrs_core.evaluation.example import DenseExample
from gbrs_core.evaluation.grabcut import GrabCutMethod
from gbrs_core.fbrs.input_refinement import InputRefinement
from gbrs_core.fbrs.predictor import Adjusted, FbrsConfig, FbrsPredictor
from gbrs_core.interaction import Click
from gbrs_core.network import RefinableNetwork
from gbrs_core.prediction import OutputKind, Prediction
from gbrs_core.session import RefinementSession

GRABCUT = "grabcut"
WITHOUT_CONSISTENCY = ":nolc"
WITH_LBFGS = ":lbfgs"
INPUT_METHODS: Mapping[str, Literal["image", "click maps"]] = {"rgb-brs": "image", "distmap-brs": "click maps"}
"""Input refinement with the losses of G-BRS and Adam."""
FBRS_METHODS: Mapping[str, Adjusted] = {
    "no-brs": "none",
    **{f"{name}{WITH_LBFGS}": adjusted for name, adjusted in INPUT_METHODS.items()},
    "f-brs-a": "A",
    "f-brs-b": "B",
    "f-brs-c": "C",
}
"""f-BRS's pipeline (ZoomIn, mirror) with its loss and L-BFGS-B."""
METHOD_NAMES = (*LAYER_NAMES, *INPUT_METHODS, *FBRS_METHODS, GRABCUT)
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

    def __init__(self, session: RefinementSession) -> None:
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


class GrabCut:
    """OpenCV's GrabCut as a method; its masks as logits +1 and -1."""

    def __init__(self, example: DenseExample) -> None:
        self._method = GrabCutMethod(example.image)
        self.prediction = _as_logits(np.zeros(example.image.shape[:2], dtype=np.bool_))

    def click(self, click: Click) -> Answer:
        """Cut again with one more click."""
        started = time.perf_counter()
        self.prediction = _as_logits(self._method.click(click))
        return Answer(self.prediction, time.perf_counter() - started, 0, float("nan"))


class InputMethod:
    """RGB-BRS and DistMap-BRS with the losses of G-BRS as a method."""

    def __init__(self, refinement: InputRefinement) -> None:
        self._refinement = refinement

    @property
    def prediction(self) -> Prediction:
        """The refinement's."""
        return self._refinement.prediction

    def click(self, click: Click) -> Answer:
        """Refine by the click."""
        started = time.perf_counter()
        prediction = self._refinement.click(click)
        return Answer(prediction, time.perf_counter() - started, self._refinement.iterations, float("nan"))


class Fbrs:
    """f-BRS's pipeline as a method; its probabilities as logits around its threshold."""

    def __init__(self, predictor: FbrsPredictor, threshold: float) -> None:
        self._predictor = predictor
        self._threshold = threshold
        self.prediction = _as_logits(predictor.probability > threshold)

    def click(self, click: Click) -> Answer:
        """Predict with one more click."""
        started = time.perf_counter()
        probability = self._predictor.click(click.y, click.x, is_positive=click.target > 0)
        self.prediction = _as_logits(probability > self._threshold)
        evaluations = len(self._predictor.reports[-1].losses)
        return Answer(self.prediction, time.perf_counter() - started, evaluations, float("nan"))


def maker(
    name: str, network: RefinableNetwork, device: str, settings: dict[str, Any], fbrs: FbrsConfig | None = None
) -> Callable[[DenseExample], Method]:
    """What makes the method of that name for an example.

    Args:
        name: one of METHOD_NAMES, refining ones with their options.
        network: refined by all methods but GrabCut.
        device: where it runs.
        settings: fields of `RefinementConfig` that the user chose.
        fbrs: settings of f-BRS's pipeline.

    Raises:
        GbrsError: there is no such method, or it is not one for the network's task.
    """
    if name not in METHOD_NAMES and not _REFINING.fullmatch(name):
        raise GbrsError(f"unknown method {name!r}; known methods: {', '.join(METHOD_NAMES)}")
    if (name == GRABCUT or name in FBRS_METHODS) and network.spec.task != "interactive":
        raise GbrsError(f"the method {name} makes object masks; the task is {network.spec.task}")
    if name == GRABCUT:
        return GrabCut
    if name in FBRS_METHODS:
        return _fbrs_maker(network, device, replace(fbrs or FbrsConfig(), adjusted=FBRS_METHODS[name]))
    base, chosen = with_options(name, settings)
    try:
        if base in INPUT_METHODS:
            return _input_maker(network, device, INPUT_METHODS[base], RefinementConfig(**chosen))
        config = RefinementConfig(layer=base, **chosen)  # type: ignore[arg-type]
        network.spec.layout_named(config.layout).points(config.levels)
    except ValueError as error:
        raise GbrsError(f"the method {name} cannot be used: {error}") from error
    return lambda example: Refinement(
        RefinementSession(network, example.image, config, example.guidance, device=device)
    )


def with_options(name: str, settings: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A method's plain name, and the settings with the options that its name carries."""
    found = _REFINING.fullmatch(name)
    if found is None:
        return name, dict(settings)
    chosen = dict(settings)
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


def _fbrs_maker(network: RefinableNetwork, device: str, config: FbrsConfig) -> Callable[[DenseExample], Method]:
    # Complain at once, not at every sample.
    FbrsPredictor(network, np.zeros((1, 1, 3), dtype=np.uint8), config, device)
    return lambda example: Fbrs(FbrsPredictor(network, example.image, config, device), config.threshold)


def _input_maker(
    network: RefinableNetwork, device: str, adjusted: Literal["image", "click maps"], config: RefinementConfig
) -> Callable[[DenseExample], Method]:
    if adjusted == "click maps" and network.spec.guidance != "click_maps":
        raise GbrsError(f"distmap-brs refines click maps; {network.spec.name} takes none")
    return lambda example: InputMethod(
        InputRefinement(network, example.image, adjusted, config, example.guidance, device)
    )


def _as_logits(mask: np.ndarray[Any, np.dtype[np.bool_]]) -> Prediction:
    return Prediction(np.where(mask, np.float32(1), np.float32(-1)), OutputKind.MASK)
