"""The end of a training: half-precision weights with their provenance."""

from __future__ import annotations

import json
import platform

import torch
from safetensors.torch import save_file
from torch import nn

from gbrs_core.atomic import atomic_write
from models import registry
from models.training.config import TrainConfig


def write_weights(config: TrainConfig, network: nn.Module, scores: dict[str, float]) -> None:
    """Write the averaged weights as float16 safetensors; metadata: architecture, licence, recipe, seed, scores.

    Half precision halves the file and moves logits by less than 1e-2; loading turns it back into float32.
    """
    entry = registry.entry(config.network)
    metadata = {
        "architecture": config.network,
        "licence": entry.spec().licence,
        "training": json.dumps(
            {"recipe": config.recipe, "seed": config.seed, "steps": config.steps, "scores": scores}, sort_keys=True
        ),
        "versions": json.dumps({"torch": torch.__version__, "python": platform.python_version()}),
    }
    tensors = {
        key: (value.half() if value.is_floating_point() else value).contiguous()
        for key, value in network.state_dict().items()
    }
    config.weights.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(config.weights) as temporary:
        save_file(tensors, temporary, metadata=metadata)
