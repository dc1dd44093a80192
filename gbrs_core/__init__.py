"""Interactive backpropagating refinement for any dense prediction network (G-BRS, Lin, Price and Martinez, CVPR 2022).

The public names are loaded on first use, so that torch-free parts (`gbrs_core.interaction`, `gbrs_core.config`, …)
can be imported without importing torch.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gbrs_core.config import RefinementConfig
    from gbrs_core.interaction import Click, Push, Stroke
    from gbrs_core.session import RefinementSession

# Read once, by PyTorch and what it calls, hence set in front of everything; a value that the user chose stays.
for _name, _value in {
    "MKL_CBWR": "AUTO",  # equal products of small matrices on several threads otherwise differ in their last bits
    "OMP_WAIT_POLICY": "PASSIVE",  # on a busy machine, threads that spin while they wait keep others from the processor
    "THP_MEM_ALLOC_ENABLE": "1",  # large pages: a tenth of an iteration was spent on page faults
}.items():
    os.environ.setdefault(_name, _value)

__all__ = ["Click", "Push", "RefinementConfig", "RefinementSession", "Stroke"]

_HOME = {
    "Click": "gbrs_core.interaction",
    "Push": "gbrs_core.interaction",
    "RefinementConfig": "gbrs_core.config",
    "RefinementSession": "gbrs_core.session",
    "Stroke": "gbrs_core.interaction",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _HOME:
        raise AttributeError(f"module 'gbrs_core' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
