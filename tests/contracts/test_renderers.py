"""What the canvas relies on, for every renderer that is listed."""

import numpy as np
import pytest

from app.rendering.base import Frame, ViewStyle
from app.rendering.layers import AlphaLayer, DepthLayer, LabelMapLayer, MaskLayer
from app.rendering.overlay import Overlay
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


def _label_maps(is_empty):
    labels = np.zeros((25, 35), np.uint8)
    if not is_empty:
        labels[4:20, 6:30] = 1
        labels[8:12, 10:14] = 200
    scores = np.eye(256, dtype=np.float32)[labels].transpose(2, 0, 1)[:3] * 4
    palette = np.array([(10, 20, 30), (200, 50, 20), (0, 0, 250)], np.uint8)
    return (LabelMapLayer(labels, palette, frozenset({2}), scores, before=np.roll(labels, 5, axis=1)),)


def _mattes(is_empty):
    rows, columns = np.mgrid[:25, :35].astype(np.float32)
    alpha = np.clip((9 - np.hypot(rows - 12, columns - 18)) / 4, 0, 1) * (not is_empty)
    trimap = np.where(alpha == 1, 255, np.where(alpha == 0, 0, 128)).astype(np.uint8)
    return (AlphaLayer(alpha.astype(np.float32), np.roll(alpha, 3).astype(np.float32), trimap),)


def _depth_maps(is_empty):
    depth = np.tile(np.linspace(1, 8, 35, dtype=np.float32), (25, 1))
    depth[5:9, 5:9] = np.nan
    if is_empty:
        depth[:] = 0
    return (DepthLayer(depth, depth * np.float32(1.1), valid_range=(0.1, 10.0)),)


LAYERS = {
    OutputKind.MASK: _masks,
    OutputKind.LABEL_MAP: _label_maps,
    OutputKind.ALPHA_MATTE: _mattes,
    OutputKind.DEPTH_MAP: _depth_maps,
}
CASES = [(kind, mode) for kind, make in RENDERERS.items() for mode in make().view_modes]


@pytest.mark.parametrize(("kind", "mode"), CASES, ids=lambda value: getattr(value, "value", value))
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
@pytest.mark.parametrize("is_empty", [False, True], ids=["objects", "nothing"])
def test_overlays_fit_their_window(kind, mode, view, is_empty):
    renderer, layers, frame = RENDERERS[kind](), LAYERS[kind](is_empty), Frame(view.window(), SIZE)
    style = ViewStyle(mode, 0.5)
    drawn = [*renderer.draw_others(layers, style, frame), *renderer.draw_active(layers, style, frame)]
    for overlay in drawn:
        height, width = overlay.rgba().shape[:2]
        assert overlay.left >= 0 and overlay.left + width <= frame.window.width
        assert overlay.top >= 0 and overlay.top + height <= frame.window.height
        if isinstance(overlay, Overlay):
            assert overlay.levels.dtype == overlay.palette.dtype == np.uint8
            assert overlay.palette.shape == (256, 4)
        else:
            assert overlay.pixels.dtype == np.uint8
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
