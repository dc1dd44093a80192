"""Files that are either the old ones or the new ones, never half written. Torch-free."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` to write to; it replaces `path` when the block ends without an error.

    The temporary file is hidden and carries the suffix of `path`, for writers that choose the format by it; it is
    removed on error. A symbolic link is followed: the file it points to is replaced and the link stays. Permissions
    are those of the file that was there, or the usual ones for a new file.

    Raises:
        OSError: the folder cannot be written to, or the replacement fails; `path` is as it was.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".gbrs-{secrets.token_hex(8)}{target.suffix}")
    # Not tempfile.mkstemp: its files can be read by their owner only, and so would the result.
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield temporary
        if target.exists():
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
