"""What differs between the trainings of the embedded networks; one file and one registry line each."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from torch import Tensor, nn

from models.training.config import Phase, TrainConfig, TrainingError


class Recipe(Protocol):
    """Batches, loss and score of one kind of network.

    The trainer calls `next_batch` on a background thread while the step before is running, and `feed_back` on that same
    thread before the next `next_batch`, so a recipe needs no locks.
    """

    def start_phase(self, phase: Phase) -> None:
        """Crops change size from now on."""

    def next_batch(self) -> tuple[tuple[Tensor, ...], Tensor]:
        """The network's inputs and the target."""

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Scalar training loss; output is float32."""

    def feed_back(self, output: Tensor) -> None:
        """The network's answer to the oldest batch that has not been answered; a recipe may place clicks by it."""

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Scores on data that is not trained on; the first is shown in the progress line."""


RECIPES: dict[str, str] = {
    "depth": "models.training.recipes.depth",
    "interactive": "models.training.recipes.interactive",
    "matting": "models.training.recipes.matting",
    "semantic": "models.training.recipes.semantic",
}
"""Recipe name -> module with `make(config, rng) -> Recipe`."""


def make_recipe(config: TrainConfig, rng: np.random.Generator) -> Recipe:
    """The recipe a configuration names. Raises TrainingError for an unknown one."""
    if config.recipe not in RECIPES:
        raise TrainingError(f"unknown recipe {config.recipe!r}; known: {', '.join(sorted(RECIPES))}")
    make: Callable[[TrainConfig, np.random.Generator], Any] = import_module(RECIPES[config.recipe]).make
    recipe: Recipe = make(config, rng)
    return recipe
