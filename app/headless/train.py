"""`main.py train CONFIG`: make the weights of an embedded network."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.training.trainer import Progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("config", type=Path, help="training configuration, a TOML file beside the network")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in the output folder")
    parser.add_argument("--steps", type=int, help="other number of steps than the configuration's")


def run(args: argparse.Namespace) -> int:
    """Train to the end and write the weights; 0 when done."""
    import models
    from models.training.config import TrainingError, read_config
    from models.training.finish import write_weights
    from models.training.trainer import Trainer, join_processes, leave_processes

    config = read_config(args.config)
    if args.steps is not None:
        if args.steps < 1:
            raise TrainingError(f"--steps must be at least 1, got {args.steps}")
        config = config.model_copy(update={"steps": args.steps})
    process = join_processes()
    try:
        trainer = Trainer(config, models.create(config.network), process)
        if args.resume:
            trainer.resume()
        scores = trainer.run(ProgressLine().show)
        if process.is_first:
            write_weights(config, trainer.averaged, scores)
            sys.stderr.write(f"\nwrote {config.weights}\n")
    finally:
        leave_processes()
    return 0


class ProgressLine:
    """One line on stderr, rewritten at most twice a second: bar, step, ETA, loss and the latest scores."""

    WIDTH = 24

    def __init__(self) -> None:
        self._shown_at = 0.0

    def show(self, progress: Progress) -> None:
        """Rewrite the line."""
        now = time.monotonic()
        if now - self._shown_at < 0.5 and progress.step < progress.steps:
            return
        self._shown_at = now
        filled = self.WIDTH * progress.step // progress.steps
        minutes, seconds = divmod(int(progress.seconds_left), 60)
        scores = "  ".join(f"{name} {value:.3f}" for name, value in progress.scores.items())
        sys.stderr.write(
            f"\r[{'#' * filled}{'.' * (self.WIDTH - filled)}] {progress.step}/{progress.steps}"
            f"  ETA {minutes // 60}:{minutes % 60:02d}:{seconds:02d}  loss {progress.loss:.4f}  {scores} "
        )
        sys.stderr.flush()
