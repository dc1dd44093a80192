"""The training loop: one for all embedded networks; a recipe brings the data, the loss and the score.

Resumable, seeded, bfloat16 where the configuration says so, data-parallel under `torchrun` (gloo on processors, NCCL on
GPUs). The averaged weights (EMA) are what is validated and kept.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from gbrs_core.atomic import atomic_write
from models.training.config import TrainConfig, TrainingError
from models.training.recipes import Recipe, make_recipe


@dataclass(frozen=True)
class Progress:
    """What the progress line shows.

    Attributes:
        step: steps done.
        steps: steps in all.
        loss: running mean of the loss.
        seconds_left: estimate from the speed of this run.
        scores: the latest validation, empty before the first.
    """

    step: int
    steps: int
    loss: float
    seconds_left: float
    scores: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Process:
    """This process among those of a data-parallel training."""

    rank: int
    count: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this process writes files and shows progress."""
        return self.rank == 0


def join_processes(backend: str | None = None, patience: timedelta | None = None) -> Process:
    """Join the process group torchrun describes in the environment, or be alone.

    Args:
        backend: how they talk; None takes NCCL where there is a GPU, else Gloo.
        patience: how long one waits for the others; None takes torch's default.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    has_gpu = torch.cuda.is_available()
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    device = torch.device("cuda", local_rank) if has_gpu else torch.device("cpu")
    if count > 1 and not dist.is_initialized():
        dist.init_process_group(backend or ("nccl" if has_gpu else "gloo"), timeout=patience)
    return Process(int(os.environ.get("RANK", "0")), count, device)


def leave_processes() -> None:
    """Leave the process group, if there is one."""
    if dist.is_initialized():
        dist.destroy_process_group()


class Trainer:
    """Runs a configuration to its end."""

    def __init__(self, config: TrainConfig, network: nn.Module, process: Process) -> None:
        """Takes over `network`, which keeps its random or given weights as the start."""
        self._config, self._process = config, process
        torch.manual_seed(config.seed)
        if config.threads:
            torch.set_num_threads(config.threads)
        self._network = network.to(process.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._averaged = _copy_of(self._network)
        self._optimiser = torch.optim.AdamW(_parameter_groups(self._network, config), lr=config.learning_rate)
        self._trained: nn.Module = self._network
        if process.count > 1:
            self._trained = nn.parallel.DistributedDataParallel(self._network)
        self._step = 0
        self._scores: dict[str, float] = {}

    @property
    def checkpoint_path(self) -> Path:
        """Where the resumable state lies."""
        return self._config.output / "checkpoint.pt"

    @property
    def averaged(self) -> nn.Module:
        """The network with averaged weights, in eval mode."""
        return self._averaged.eval()

    def resume(self) -> int:
        """Continue from the checkpoint; the step it was written at. Raises TrainingError when it does not fit."""
        path = self.checkpoint_path
        if not path.exists():
            raise TrainingError(f"nothing to resume: {path} does not exist")
        state = torch.load(path, map_location=self._process.device, weights_only=True)
        try:
            self._network.load_state_dict(state["network"])
            self._averaged.load_state_dict(state["averaged"])
            self._optimiser.load_state_dict(state["optimiser"])
        except (KeyError, RuntimeError, ValueError) as error:
            raise TrainingError(f"{path} is the checkpoint of another training: {error}") from error
        self._step = int(state["step"])
        self._scores = dict(state["scores"])
        return self._step

    def run(self, report: Callable[[Progress], None]) -> dict[str, float]:
        """Train to the last step; the final validation's scores.

        Samples are drawn by a generator seeded with (seed, rank, first step), so a resumed training sees other samples
        than an uninterrupted one, but the same ones each time it is resumed from that step.
        """
        rng = np.random.default_rng([self._config.seed, self._process.rank, self._step])
        recipe = make_recipe(self._config, rng)
        started, first_step, running = time.monotonic(), self._step, math.nan
        with ThreadPoolExecutor(1, thread_name_prefix="batches") as background:
            feeder = _Feeder(recipe, background)
            while self._step < self._config.steps:
                feeder.enter(self._config, self._step)
                loss = self._train_step(feeder, recipe)
                running = loss if math.isnan(running) else 0.98 * running + 0.02 * loss
                self._step += 1
                self._after_step(recipe, running)
                if self._process.is_first:
                    speed = (time.monotonic() - started) / (self._step - first_step)
                    left = (self._config.steps - self._step) * speed
                    report(Progress(self._step, self._config.steps, running, left, self._scores))
        return self._scores

    def _train_step(self, feeder: _Feeder, recipe: Recipe) -> float:
        rate = self._learning_rate()
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        inputs, target = feeder.take()
        device = self._process.device
        self._trained.train()
        with torch.autocast(device.type, torch.bfloat16, enabled=self._config.bf16):
            output = self._trained(*(tensor.to(device) for tensor in inputs))
        loss = recipe.loss(output.float(), target.to(device))
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self._network.parameters(), 5.0)
        value = float(loss.detach())
        if math.isfinite(value) and bool(torch.isfinite(norm)):
            self._optimiser.step()
            self._average_weights()
        feeder.answer(output.detach().float().cpu())
        return value

    def _learning_rate(self) -> float:
        config = self._config
        warm = min(1.0, (self._step + 1) / max(1, config.warmup_steps))
        return config.learning_rate * warm * (0.5 + 0.5 * math.cos(math.pi * self._step / config.steps)) + 1e-6

    def _average_weights(self) -> None:
        decay = min(self._config.ema_decay, (1 + self._step) / (10 + self._step))
        with torch.no_grad():
            for kept, current in zip(
                self._averaged.state_dict().values(), self._network.state_dict().values(), strict=True
            ):
                if kept.is_floating_point():
                    kept.lerp_(current, 1 - decay)
                else:
                    kept.copy_(current)

    def _after_step(self, recipe: Recipe, loss: float) -> None:
        config, last = self._config, self._step == self._config.steps
        if not self._process.is_first:
            return
        if last or self._step % config.validate_every == 0:
            with torch.autocast(self._process.device.type, torch.bfloat16, enabled=config.bf16):
                self._scores = recipe.validate(self.averaged)
            self._log({"step": self._step, "loss": loss, **self._scores})
        if last or self._step % config.checkpoint_every == 0:
            self._save()

    def _log(self, entry: dict[str, Any]) -> None:
        self._config.output.mkdir(parents=True, exist_ok=True)
        with (self._config.output / "log.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry) + "\n")

    def _save(self) -> None:
        self._config.output.mkdir(parents=True, exist_ok=True)
        state = {
            "network": self._network.state_dict(),
            "averaged": self._averaged.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "step": self._step,
            "scores": self._scores,
        }
        with atomic_write(self.checkpoint_path) as temporary:
            torch.save(state, temporary)


class _Feeder:
    """Keeps one batch ready: it is made on a background thread while the network works on the one before."""

    def __init__(self, recipe: Recipe, background: ThreadPoolExecutor) -> None:
        self._recipe, self._background = recipe, background
        self._phase: object = None
        self._next: Future[tuple[tuple[Tensor, ...], Tensor]] | None = None

    def enter(self, config: TrainConfig, step: int) -> None:
        """Start the phase that `step` belongs to, if it has changed."""
        phase = config.phase_at(step)
        if phase != self._phase:
            if self._next is not None:
                self._next.result()
            self._phase = phase
            self._background.submit(self._recipe.start_phase, phase).result()
            self._next = self._background.submit(self._recipe.next_batch)

    def take(self) -> tuple[tuple[Tensor, ...], Tensor]:
        """The batch that is ready; the next one is begun."""
        if self._next is None:
            raise RuntimeError("enter() must be called first")
        batch = self._next.result()
        self._next = self._background.submit(self._recipe.next_batch)
        return batch

    def answer(self, output: Tensor) -> None:
        """Hand the network's answer to the recipe, behind the batch that is being made."""
        self._background.submit(self._recipe.feed_back, output)


def _copy_of(network: nn.Module) -> nn.Module:
    return deepcopy(network).eval().requires_grad_(False)


def _parameter_groups(network: nn.Module, config: TrainConfig) -> list[dict[str, Any]]:
    """Weight decay for convolution kernels only."""
    decayed = [parameter for parameter in network.parameters() if parameter.dim() > 1]
    others = [parameter for parameter in network.parameters() if parameter.dim() <= 1]
    return [{"params": decayed, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]
