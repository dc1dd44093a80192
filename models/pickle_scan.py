"""Looks into a pickle without running it: which Python names it asks for, and how large its tensors claim to be.

`torch.load(weights_only=True)` has the last word on what is loaded. This scan comes before it, for two reasons: it can
say which name makes a file unsafe, in both containers of torch.save, and it allows less than torch does (no bytearrays
or tensors of a claimed size without stored values). Torch-free; the pickle is only disassembled.
"""

from __future__ import annotations

import pickletools
import re
from dataclasses import dataclass, field
from typing import IO

from gbrs_core.errors import CheckpointError

MOST_STEPS = 1_000_000
"""Steps a pickle may take; a network of two thousand entries with its optimiser takes some hundred thousand."""

_ALLOWED = frozenset(
    {
        "_codecs.encode",  # how protocol 2 writes bytes
        "argparse.Namespace",
        "builtins.complex",
        "builtins.set",
        "collections.Counter",
        "collections.OrderedDict",
        "numpy.dtype",
        "numpy.ndarray",
        "torch.Size",
        "torch._tensor._rebuild_from_type_v2",
        "torch._utils._rebuild_parameter",
        "torch._utils._rebuild_parameter_with_state",
        "torch._utils._rebuild_tensor",
        "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_tensor_v3",
        "torch.device",
        "torch.nn.parameter.Parameter",
        "torch.serialization._get_layout",
    }
)
_ALLOWED_PATTERN = re.compile(
    r"numpy\.(_?core)\.multiarray\.(scalar|_reconstruct)"
    r"|numpy\.dtypes\.\w+DType"
    r"|torch\.(cuda\.)?\w+Storage|torch\.storage\.(Typed|Untyped)Storage"
    r"|torch\.(bool|u?int\d+|b?float\d+\w*|complex\d+)"
)


@dataclass
class PickleScan:
    """What a pickle asks for.

    Attributes:
        names: dotted Python names it would import.
        storage_lengths: lengths it claims for its tensor storages, in elements.
    """

    names: set[str] = field(default_factory=set)
    storage_lengths: list[int] = field(default_factory=list)

    @property
    def unsafe_names(self) -> list[str]:
        """Names that plain weights never need, sorted."""
        return sorted(name for name in self.names if name not in _ALLOWED and not _ALLOWED_PATTERN.fullmatch(name))


def scan_pickle(stream: IO[bytes]) -> PickleScan:
    """Disassemble one pickle from the stream's position to its end.

    Raises:
        ValueError: it is no pickle, or it is cut off; what was seen until then is lost.
        CheckpointError: it takes more than `MOST_STEPS` steps, which would take minutes and gigabytes.
    """
    scan = PickleScan()
    recent_strings = ["", ""]
    largest = 0  # of the numbers since the last mark or storage
    for step, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
        if step == MOST_STEPS:
            raise CheckpointError(
                f"its index takes more than {MOST_STEPS:,} steps; no network known here needs so many"
            )
        if opcode.name == "MARK":
            largest = 0
        elif opcode.name in ("GLOBAL", "INST"):
            scan.names.add(_modern_name(*str(argument).split(" ", 1)))
        elif opcode.name == "STACK_GLOBAL":
            scan.names.add(_modern_name(*recent_strings))
        elif opcode.name.startswith("EXT"):
            scan.names.add(f"copyreg extension {argument}")
        elif opcode.name in ("BINPERSID", "PERSID"):
            scan.storage_lengths.append(largest)
            largest = 0
        elif isinstance(argument, str):
            recent_strings = [recent_strings[1], argument]
        elif isinstance(argument, int):
            largest = max(largest, argument)
    return scan


def _modern_name(module: str, name: str) -> str:
    """Python 2 called the builtins module otherwise."""
    return f"{'builtins' if module == '__builtin__' else module}.{name}"
