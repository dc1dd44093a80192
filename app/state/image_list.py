"""The images of the open folder and the way through them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class ImageList:
    """Images in the order they are paged through.

    Attributes:
        paths: the images.
        index: position of the open one, -1 if none is.
    """

    paths: tuple[Path, ...] = ()
    index: int = -1

    @property
    def current(self) -> Path | None:
        """The open image."""
        return self.paths[self.index] if 0 <= self.index < len(self.paths) else None

    def at(self, path: Path) -> ImageList:
        """Positioned at `path`; a path that is not in the list becomes a list of its own."""
        if path in self.paths:
            return replace(self, index=self.paths.index(path))
        return ImageList((path,), 0)

    def neighbour(self, step: int) -> Path | None:
        """The image `step` places on, None past either end."""
        position = self.index + step
        return self.paths[position] if self.index >= 0 and 0 <= position < len(self.paths) else None
