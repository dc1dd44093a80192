"""Label maps, mattes and depth maps in every view as they looked when they were looked at."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.rendering.base import Frame, ViewStyle
from app.rendering.layers import AlphaLayer, DepthLayer, LabelMapLayer
from app.rendering.options import AlphaOptions, BackgroundPhoto, DepthOptions
from app.rendering.registry import RENDERERS
from app.state.viewport import Viewport
from gbrs_core.prediction import OutputKind

GOLDEN = Path(__file__).parents[1] / "golden"
SIZE, WORKING = (48, 64), (24, 32)
PALETTE = np.array([(128, 64, 128), (70, 130, 180), (107, 142, 35), (220, 20, 60)], np.uint8)


def disc(centre, radius):
    rows, columns = np.mgrid[: WORKING[0], : WORKING[1]].astype(np.float32)
    return radius - np.hypot(rows + 0.5 - centre[0], columns + 0.5 - centre[1])


def label_map():
    """Road below, sky above, a tree, a hidden sign, and a patch of an unknown class."""
    scores = np.stack([disc((40, 16), 24), np.zeros(WORKING), disc((10, 8), 5), disc((8, 25), 4)]).astype(np.float32)
    labels = scores.argmax(axis=0).astype(np.uint8)
    labels[18:22, 24:30] = 99
    before = np.where(disc((10, 12), 5) > 0, 2, scores[:2].argmax(axis=0)).astype(np.uint8)
    return LabelMapLayer(labels, PALETTE, frozenset({3}), scores * np.float32(2), before=before)


def matte():
    alpha = np.clip(disc((13, 15), 8) / 5 + 0.5, 0, 1).astype(np.float32)
    trimap = np.where(alpha == 1, 255, np.where(alpha == 0, 0, 128)).astype(np.uint8)
    return AlphaLayer(alpha, np.clip(disc((12, 18), 8) / 5 + 0.5, 0, 1).astype(np.float32), trimap)


def depth_map():
    depth = np.tile(np.linspace(8, 2, WORKING[0], dtype=np.float32)[:, None], (1, WORKING[1]))
    depth = np.where(disc((12, 20), 6) > 0, np.float32(3), depth)
    depth[4:9, 3:9] = np.nan
    return DepthLayer(depth, depth + np.clip(disc((12, 12), 9) / 6, 0, 1).astype(np.float32))


def backdrop():
    rows, columns = np.mgrid[:30, :30]
    return BackgroundPhoto.of(np.stack([rows * 8, columns * 8, 255 - rows * 8], axis=2).astype(np.uint8))


LAYERS = {
    OutputKind.LABEL_MAP: (label_map(), None),
    OutputKind.ALPHA_MATTE: (matte(), AlphaOptions(photo=backdrop())),
    OutputKind.DEPTH_MAP: (depth_map(), DepthOptions(has_contours=True)),
}
CASES = [(kind, mode) for kind in LAYERS for mode in RENDERERS[kind]().view_modes]


@pytest.mark.parametrize(("kind", "mode"), CASES, ids=lambda value: getattr(value, "value", value))
def test_golden(kind, mode, update_golden):
    """On a grey ramp, enlarged three times."""
    layer, options = LAYERS[kind]
    frame = Frame(Viewport(SIZE, (144, 192), zoom=3.0, centre_x=31.5, centre_y=23.5).window(), SIZE)
    shown = np.repeat(np.linspace(40, 215, frame.window.width)[None, :, None], frame.window.height, 0).repeat(3, 2)
    for drawing in RENDERERS[kind]().draw_active((layer,), ViewStyle(mode, 0.55, options), frame):
        rgba = drawing.rgba().astype(float)
        share = rgba[:, :, 3:] / 255
        shown = shown * (1 - share) + rgba[:, :, :3] * share
    _compare(np.rint(shown).astype(np.uint8), GOLDEN / f"{kind.value}_{mode}.png", update_golden)


def _compare(shown, path, update_golden):
    if update_golden:
        Image.fromarray(shown).save(path)
    expected = np.asarray(Image.open(path))
    assert shown.shape == expected.shape
    is_close = np.abs(shown.astype(int) - expected).max(axis=2) <= 3
    assert is_close.mean() >= 0.995
