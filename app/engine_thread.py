"""What the engine's thread does before and after it imports torch, so that the window stays quick. Torch-free."""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import os
import sys
from pathlib import Path


def preload_torch() -> None:
    """Load torch's libraries before Python imports them.

    An import holds the interpreter while libraries are loaded, some tenths of a second here, in which the window would
    neither draw nor answer. A foreign function does not hold it. Where this does not work, the import does it all.
    """
    spec = importlib.util.find_spec("torch")
    if sys.platform == "win32" or spec is None or spec.origin is None:
        return
    suffix = "dylib" if sys.platform == "darwin" else "so"
    library = Path(spec.origin).parent / "lib" / f"libtorch_python.{suffix}"
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.restype, dlopen.argtypes = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
    dlopen(os.fsencode(library), os.RTLD_NOW)


def keep_collector_short() -> None:
    """Have Python's collector pass over what is there by now, to be called once, when a network has run.

    Going through torch's own objects takes it a third of a second here, every time, in which the window stands still.
    """
    gc.freeze()
