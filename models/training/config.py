"""Training configuration: a TOML file beside the network it describes."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gbrs_core.errors import GbrsError


class TrainingError(GbrsError):
    """A training cannot start or go on; the text says why."""


class Phase(BaseModel):
    """A stretch of the training with crops of one size.

    Attributes:
        until: share of all steps at which the phase ends, in (0, 1].
        crop: side of the square crops in pixels.
        batch: crops per step and process.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    until: float = Field(gt=0, le=1)
    crop: int = Field(ge=32, multiple_of=16)
    batch: int = Field(ge=2)


class TrainConfig(BaseModel):
    """Everything that decides what a training makes, beside the program's version.

    Attributes:
        recipe: which recipe of `models.training.recipes` trains.
        network: registry name of the network.
        data: folder with the data sets; relative paths start at the folder `main.py` runs in.
        output: folder for checkpoints and the log; the finished weights go to `weights`.
        weights: file of the finished weights, safetensors.
        steps: optimiser steps.
        phases: crop sizes over the training.
        learning_rate: peak of the warm-up and cosine schedule.
        weight_decay: AdamW's decay, not applied to normalisation and biases.
        warmup_steps: steps of linear warm-up.
        ema_decay: decay of the averaged weights that are kept.
        bf16: forward and backward in bfloat16.
        seed: seed of everything.
        threads: torch threads; 0 leaves torch's choice.
        checkpoint_every: steps between checkpoints.
        validate_every: steps between validations.
        pool: samples held with their clicks at a time.
        source_weights: how often each data source is drawn.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    recipe: str
    network: str
    data: Path
    output: Path
    weights: Path
    steps: int = Field(ge=1)
    phases: tuple[Phase, ...] = Field(min_length=1)
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    warmup_steps: int = Field(default=100, ge=0)
    ema_decay: float = Field(default=0.999, ge=0, lt=1)
    bf16: bool = True
    seed: int = 0
    threads: int = Field(default=0, ge=0)
    checkpoint_every: int = Field(default=250, ge=1)
    validate_every: int = Field(default=500, ge=1)
    pool: int = Field(default=96, ge=2)
    source_weights: dict[str, float]

    @model_validator(mode="after")
    def _phases_cover_the_training(self) -> TrainConfig:
        ends = [phase.until for phase in self.phases]
        if ends != sorted(ends) or ends[-1] != 1.0:
            raise ValueError("phases must end at increasing shares, the last at 1.0")
        return self

    def phase_at(self, step: int) -> Phase:
        """The phase that step number `step` (from 0) belongs to."""
        return next(phase for phase in self.phases if step < phase.until * self.steps)


def read_config(path: Path) -> TrainConfig:
    """Read a TOML configuration. Raises TrainingError naming the file and the wrong entries."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return TrainConfig.model_validate(content)
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise TrainingError(f"cannot use the training configuration {path}: {error}") from error
