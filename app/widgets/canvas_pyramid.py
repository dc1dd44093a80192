"""Makes the halved copies of a large photograph while the window goes on."""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject, Signal

from app.rendering.pyramid import ImagePyramid, RgbImage, build_pyramid

_INLINE_PIXELS = 2_000_000
"""Photographs up to this size are done at once: a few milliseconds, and no flicker."""


class PyramidBuilder(QObject):
    """Builds the pyramid of the newest photograph only.

    Signals:
        built(ImagePyramid): with every level; delivered on the receiver's thread.
    """

    built = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._cancel = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, image: RgbImage) -> ImagePyramid:
        """What can be shown at once; if it is not complete, `built` follows."""
        self.cancel()
        if image.shape[0] * image.shape[1] <= _INLINE_PIXELS:
            return build_pyramid(image) or ImagePyramid((image,))
        self._cancel = threading.Event()
        thread = threading.Thread(target=self._build, args=(image, self._cancel), name="image-pyramid")
        self._threads = [*(before for before in self._threads if before.is_alive()), thread]
        thread.start()
        return ImagePyramid((image,))

    def cancel(self) -> None:
        """Give up on what is being built; its thread ends within one level."""
        self._cancel.set()

    def stop(self) -> None:
        """Give up and wait for the threads: some hundredths of a second at most."""
        self.cancel()
        for thread in self._threads:
            thread.join()
        self._threads = []

    def _build(self, image: RgbImage, cancel: threading.Event) -> None:
        pyramid = build_pyramid(image, cancel.is_set)
        if pyramid is not None and not cancel.is_set():
            self.built.emit(pyramid)
