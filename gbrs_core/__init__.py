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

# Products of small matrices on several threads differ in their last bits from run to run unless MKL is told not to; it
# reads this at its first product. A value that the user chose stays.
os.environ.setdefault("MKL_CBWR", "AUTO")

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
