"""The comparisons that the paper prints, each as a list of methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gbrs_core.config import LAYER_NAMES, LEARNING_RATE_LADDER
from gbrs_core.evaluation.methods import INPUT_METHODS, WITH_LBFGS, WITHOUT_CONSISTENCY
from gbrs_core.network import NetworkSpec

_LAYERS = tuple(name for name in LAYER_NAMES if name != "none")
_LARGEST_LEVEL = 3
LADDER_SAMPLES = 20
"""How many samples, drawn by the seed, the learning rates are compared on unless --limit says otherwise."""


def input_refinement(spec: NetworkSpec) -> list[str]:
    """Table 1: refining the input, by the BRS loss with L-BFGS-B and by the paper's losses with Adam."""
    names = [name for name in INPUT_METHODS if name == "rgb-brs" or spec.guidance == "click_maps"]
    lbfgs = [f"{name}{WITH_LBFGS}" for name in names if spec.task == "interactive"]
    return [*lbfgs, *names]


def without_consistency(spec: NetworkSpec) -> list[str]:
    """Table 2: every layer with and without the consistency loss."""
    return [name for layer in _LAYERS for name in (layer, f"{layer}{WITHOUT_CONSISTENCY}")]


def input_against_features(spec: NetworkSpec) -> list[str]:
    """Table 3: RGB-BRS against bmconv, scores and seconds per click."""
    return ["rgb-brs", "bmconv"]


def layers_and_levels(spec: NetworkSpec) -> list[str]:
    """Figures 2 and 3: every layer at every level up to the third, and the network alone."""
    levels = range(1, min(_LARGEST_LEVEL, len(spec.layout.levels)) + 1)
    return ["none", *(f"{layer}@{level}" for level in levels for layer in _LAYERS)]


def learning_rates(spec: NetworkSpec) -> list[str]:
    """The ten learning rates of section 3.1 for every layer."""
    return [f"{layer}/{rate:.6g}" for layer in _LAYERS for rate in LEARNING_RATE_LADDER]


ABLATIONS: Mapping[str, Callable[[NetworkSpec], list[str]]] = {
    "table1": input_refinement,
    "table2": without_consistency,
    "table3": input_against_features,
    "figures": layers_and_levels,
    "ladder": learning_rates,
}
"""By the name that `--ablation` takes."""
