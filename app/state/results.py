"""The predictions computed so far, so that undo and redo show them at once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.state.document import ResultKey
from gbrs_core.interaction import Box

DEFAULT_BUDGET_BYTES = 256 * 1024 * 1024

Values = NDArray[Any]
"""A prediction at working size as the window draws it, read-only (h, w): float32 logits of an object, above 0 is
object; uint8 or uint16 class ids; float32 alpha in [0, 1]; or float32 depth in metres."""


@dataclass(frozen=True)
class ClickOutcome:
    """How the refinement of one click went.

    Attributes:
        loss: last total loss.
        iterations: iterations run.
        seconds: time spent.
        changed_inside: share of pixels inside the attention radius whose mask changed, 0 to 1.
        changed_outside: the same outside of it.
        stopped_early: whether every click was satisfied before the last iteration.
        losses: total loss per iteration.
        crop: what part of the image the network looked at, in image pixels; None for all of it.
    """

    loss: float
    iterations: int
    seconds: float
    changed_inside: float
    changed_outside: float
    stopped_early: bool
    losses: tuple[float, ...] = ()
    crop: Box | None = None


@dataclass(frozen=True, eq=False)
class LabelDetails:
    """What is known of a label map beside the classes; shared with the engine, never written to.

    Attributes:
        scores: read-only float32 (K, h, w), logits.
        uncertainty: read-only float32 (h, w), entropy of the probabilities over its greatest value, 0 to 1.
    """

    scores: NDArray[np.float32]
    uncertainty: NDArray[np.float32]

    @property
    def size_bytes(self) -> int:
        """Memory held."""
        return self.scores.nbytes + self.uncertainty.nbytes


@dataclass(frozen=True, eq=False)
class Estimate:
    """A prediction as far as it is known while it is refined.

    Attributes:
        values: see `Values`.
        details: of label maps; None of other kinds.
    """

    values: Values
    details: LabelDetails | None = None


@dataclass(frozen=True, eq=False)
class ObjectResult:
    """The network's answer to the clicks on an object or a layer.

    Attributes:
        values: see `Values`.
        outcomes: one per click, in order.
        details: of label maps; None of other kinds.
    """

    values: Values
    outcomes: tuple[ClickOutcome, ...]
    details: LabelDetails | None = None

    @property
    def estimate(self) -> Estimate:
        """What there is to see."""
        return Estimate(self.values, self.details)

    @property
    def size_bytes(self) -> int:
        """Memory held."""
        return self.values.nbytes + (0 if self.details is None else self.details.size_bytes)


class ResultStore:
    """Results by key; past the budget the longest unused go first, except those `needed` names.

    A result that was dropped is computed again when it is asked for; a needed one cannot be (its network may be gone),
    so the needed ones may exceed the budget.
    """

    def __init__(
        self, needed: Callable[[], Collection[ResultKey]] = tuple, budget_bytes: int = DEFAULT_BUDGET_BYTES
    ) -> None:
        self._needed = needed
        self._budget_bytes = budget_bytes
        self._results: OrderedDict[ResultKey, ObjectResult] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._results)

    def __contains__(self, key: ResultKey) -> bool:
        return key in self._results

    @property
    def size_bytes(self) -> int:
        """Bytes held."""
        return self._bytes

    def get(self, key: ResultKey) -> ObjectResult | None:
        """The result of that key, which counts as its use."""
        result = self._results.get(key)
        if result is not None:
            self._results.move_to_end(key)
        return result

    def put(self, key: ResultKey, result: ObjectResult) -> None:
        """Keep a result, dropping older ones if the budget asks for it."""
        self.discard(key)
        result.values.flags.writeable = False
        self._results[key] = result
        self._bytes += result.size_bytes
        if self._bytes > self._budget_bytes:
            self._trim(newest=key)

    def discard(self, key: ResultKey) -> None:
        """Forget one result."""
        dropped = self._results.pop(key, None)
        if dropped is not None:
            self._bytes -= dropped.size_bytes

    def clear(self) -> None:
        """Forget everything: another image was opened."""
        self._results.clear()
        self._bytes = 0

    def _trim(self, newest: ResultKey) -> None:
        needed = {*self._needed(), newest}
        for key in [key for key in self._results if key not in needed]:
            if self._bytes <= self._budget_bytes:
                return
            self.discard(key)
