"""What the canvas relies on, for every renderer that is listed."""

import numpy as np
import pytest

from app.rendering.base import Frame, ViewStyle
from app.rendering.layers import MaskLayer
from app.rendering.registry import RENDERERS
from app.state.viewport import Viewport
from gbrs_core.prediction import OutputKind

SIZE = (50, 70)
VIEWS = {
    "fitted": Viewport(SIZE, (90, 130)).fitted(),
    "tiny": Viewport(SIZE, (90, 130)).zoomed_to(0.02),
    "close": Viewport(SIZE, (90, 130)).fitted().zoomed_to(64.0),
    "dense": Viewport(SIZE, (90, 130), 2.5).fitted(),
    "corner": Viewport(SIZE, (90, 130)).zoomed_to(6.0).centred(0, 0),
}


def _masks(is_empty):
    rows, columns = np.mgrid[:25, :35].astype(np.float32)
    sign = np.float32(-1 if is_empty else 1)
    logits = [
        sign * (7 - np.hypot(rows - row, columns - column)) - (is_empty * 50) for row, column in ((9, 9), (15, 22))
    ]
    return (
        MaskLayer(1, logits[0], (250, 150, 0), is_active=False, is_visible=True, is_locked=True),
        MaskLayer(2, logits[1], (30, 140, 250), is_active=True, is_visible=True, is_locked=False),
    )


LAYERS = {OutputKind.MASK: _masks}
CASES = [(kind, mode) for kind, make in RENDERERS.items() for mode in make().view_modes]


@pytest.mark.parametrize(("kind", "mode"), CASES, ids=lambda value: getattr(value, "value", value))
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
@pytest.mark.parametrize("is_empty", [False, True], ids=["objects", "nothing"])
def test_overlays_fit_their_window(kind, mode, view, is_empty):
    renderer, layers, frame = RENDERERS[kind](), LAYERS[kind](is_empty), Frame(view.window(), SIZE)
    style = ViewStyle(mode, 0.5)
    drawn = [*renderer.draw_others(layers, style, frame), *renderer.draw_active(layers, style, frame)]
    for overlay in drawn:
        height, width = overlay.levels.shape
        assert overlay.left >= 0 and overlay.left + width <= frame.window.width
        assert overlay.top >= 0 and overlay.top + height <= frame.window.height
        assert overlay.levels.dtype == overlay.palette.dtype == np.uint8
        assert overlay.palette.shape == (256, 4)
    assert bool(drawn) or is_empty or view is VIEWS["corner"]


@pytest.mark.parametrize(("kind", "mode"), CASES, ids=lambda value: getattr(value, "value", value))
def test_the_same_is_drawn_the_second_time(kind, mode):
    renderer, layers, frame = RENDERERS[kind](), LAYERS[kind](False), Frame(VIEWS["fitted"].window(), SIZE)
    style = ViewStyle(mode, 0.5)
    first, second = (renderer.draw_active(layers, style, frame) for _ in range(2))
    for before, now in zip(first, second, strict=True):
        np.testing.assert_array_equal(before.rgba(), now.rgba())


@pytest.mark.parametrize("kind", RENDERERS)
def test_nothing_to_draw_is_fine(kind):
    renderer, frame = RENDERERS[kind](), Frame(VIEWS["fitted"].window(), SIZE)
    for mode in renderer.view_modes:
        assert list(renderer.draw_others((), ViewStyle(mode, 0.5), frame)) == []
        assert renderer.draw_active((), ViewStyle(mode, 0.5), frame) == []
