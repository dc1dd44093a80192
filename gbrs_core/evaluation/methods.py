"""The methods that an evaluation compares, by the names `--method` takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from gbrs_core.config import LAYER_NAMES, RefinementConfig
from gbrs_core.errors import GbrsError
from gbrs_core.evaluation.example import DenseExample
from gbrs_core.evaluation.grabcut import GrabCutMethod
from gbrs_core.interaction import Click
from gbrs_core.network import RefinableNetwork
from gbrs_core.prediction import OutputKind, Prediction
from gbrs_core.session import RefinementSession

GRABCUT = "grabcut"
WITHOUT_CONSISTENCY = ":nolc"
METHOD_NAMES = (*LAYER_NAMES, *(f"{layer}{WITHOUT_CONSISTENCY}" for layer in LAYER_NAMES if layer != "none"), GRABCUT)


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


def maker(
    name: str, network: RefinableNetwork, device: str, settings: dict[str, Any]
) -> Callable[[DenseExample], Method]:
    """What makes the method of that name for an example.

    Args:
        name: one of METHOD_NAMES.
        network: refined by all methods but GrabCut.
        device: where it runs.
        settings: fields of `RefinementConfig` that the user chose.

    Raises:
        GbrsError: there is no such method, or it is not one for the network's task.
    """
    if name == GRABCUT:
        if network.spec.task != "interactive":
            raise GbrsError(f"the method grabcut makes object masks; the task is {network.spec.task}")
        return GrabCut
    layer = name.removesuffix(WITHOUT_CONSISTENCY)
    if name not in METHOD_NAMES:
        raise GbrsError(f"unknown method {name!r}; known methods: {', '.join(METHOD_NAMES)}")
    chosen = {**settings, "consistency_weight": 0.0} if name.endswith(WITHOUT_CONSISTENCY) else settings
    config = RefinementConfig(layer=layer, **chosen)  # type: ignore[arg-type]
    return lambda example: Refinement(
        RefinementSession(network, example.image, config, example.guidance, device=device)
    )


def _as_logits(mask: np.ndarray[Any, np.dtype[np.bool_]]) -> Prediction:
    return Prediction(np.where(mask, np.float32(1), np.float32(-1)), OutputKind.MASK)
