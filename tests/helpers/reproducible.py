"""Weights and inputs that depend on nothing but a seed, a name and a shape.

The reference figures were computed with weights of this rule, so a network whose keys and shapes agree gets exactly
the weights of the reference, whatever the order of its modules.
"""

from __future__ import annotations

import zlib

import numpy as np
import torch
from torch import nn


def fill(module: nn.Module, seed: int) -> nn.Module:
    """Overwrite every entry of the state dict; convolutions get He scaling, normalisation mild noise."""
    state = module.state_dict()
    for key, tensor in state.items():
        values = _values(key, tuple(tensor.shape), seed)
        state[key] = torch.from_numpy(np.asarray(values)).to(tensor.dtype).reshape(tensor.shape)
    module.load_state_dict(state, strict=True)
    return module


def image(shape: tuple[int, ...], seed: int, name: str = "input") -> torch.Tensor:
    """Float32 values in [0, 1]."""
    return torch.from_numpy(_generator(seed, name).uniform(0.0, 1.0, shape).astype(np.float32))


def normalised(picture: torch.Tensor) -> torch.Tensor:
    """(B, 3, H, W) in [0, 1] with ImageNet's mean and standard deviation taken out."""
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    std = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    return (picture - mean) / std


def _generator(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def _values(key: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    generator = _generator(seed, key)
    if key.endswith("num_batches_tracked"):
        return np.zeros(shape, dtype=np.int64)
    if key.endswith("running_var"):
        return generator.uniform(0.5, 1.5, shape).astype(np.float32)
    if key.endswith("running_mean"):
        return (0.1 * generator.standard_normal(shape)).astype(np.float32)
    if len(shape) >= 2:
        spread = np.sqrt(2.0 / int(np.prod(shape[1:])))
        return (spread * generator.standard_normal(shape)).astype(np.float32)
    if key.endswith("bias"):
        return (0.1 * generator.standard_normal(shape)).astype(np.float32)
    return generator.uniform(0.4, 0.8, shape).astype(np.float32)
