"""Files that are either the old ones or the new ones, never half written. Torch-free."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` to write to; it replaces `path` when the block ends without an error.

    The temporary file carries the suffix of `path`, for writers that choose the format by it. It is removed on error.

    Raises:
        OSError: the folder cannot be written to, or the replacement fails; `path` is as it was.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
