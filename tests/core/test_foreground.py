"""Foreground colours behind soft edges: known layers are found again, and compositing gives the photograph back."""

import cv2
import numpy as np
import pytest

from gbrs_core.errors import ShapeError
from gbrs_core.foreground import estimate_layers, foreground_colours

HEIGHT, WIDTH = 240, 320


def smooth_picture(seed, base):
    """Colours that change over about 20 pixels, (H, W, 3) float32 in [0, 1]."""
    noise = np.random.default_rng(seed).standard_normal((12, 16, 3)).astype(np.float32)
    return np.clip(np.asarray(base, np.float32) + 0.06 * cv2.resize(noise, (WIDTH, HEIGHT)), 0, 1)


def hair():
    """A disc with a rim of three pixels and fine lines that leave it, (H, W) float32."""
    rows, cols = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    alpha = np.clip((70 - np.hypot(rows - HEIGHT / 2, cols - WIDTH / 2)) / 3 + 0.5, 0, 1)
    lines = np.zeros((HEIGHT, WIDTH), np.uint8)
    for angle in np.linspace(0, 2 * np.pi, 90, endpoint=False):
        reach = np.array([[60.0], [105.0]]) * [np.cos(angle), np.sin(angle)] + [WIDTH / 2, HEIGHT / 2]
        cv2.polylines(lines, [np.rint(reach * 16).astype(np.int32)], False, 204, 1, cv2.LINE_AA, 4)
    return np.maximum(alpha, lines / np.float32(255))


def blur():
    """A disc with a rim of forty pixels, (H, W) float32."""
    rows, cols = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    return np.clip((70 - np.hypot(rows - HEIGHT / 2, cols - WIDTH / 2)) / 40 + 0.5, 0, 1)


@pytest.fixture(params=[hair, blur])
def scene(request):
    alpha = request.param()
    foreground = smooth_picture(1, (0.75, 0.45, 0.3))
    background = smooth_picture(2, (0.2, 0.5, 0.8))
    mixed = background + alpha[..., np.newaxis] * (foreground - background)
    return alpha, foreground, background, np.rint(mixed * 255).astype(np.uint8)


def test_known_foreground_is_found(scene):
    alpha, foreground, _, image = scene
    is_soft = (alpha > 0.1) & (alpha < 0.95)
    estimated = np.abs(foreground_colours(image, alpha) - foreground)[is_soft].mean()
    mixed = np.abs(image / 255.0 - foreground)[is_soft].mean()
    assert mixed > 0.1  # what a cut-out shows without the estimate
    assert estimated < 0.03


def test_composite_over_the_true_background_is_the_photograph(scene):
    alpha, _, background, image = scene
    colours = foreground_colours(image, alpha)
    composite = background + alpha[..., np.newaxis] * (colours - background)
    is_soft = (alpha > 0) & (alpha < 1)
    assert np.abs(composite - image / 255.0)[is_soft].mean() < 0.02
    np.testing.assert_allclose(composite[~is_soft], image[~is_soft] / 255.0, atol=0.003)  # rounding of the photograph


def test_layers_mix_to_the_photograph(scene):
    alpha, _, _, image = scene
    foreground, background = estimate_layers(image.astype(np.float32) / 255, alpha)
    mixed = background + alpha[..., np.newaxis] * (foreground - background)
    assert np.abs(mixed - image / 255.0).mean() < 0.002


def test_flat_colours_are_exact():
    alpha = blur()
    mixed = alpha[..., np.newaxis] * np.array([200.0, 40, 80]) + (1 - alpha[..., np.newaxis]) * np.array(
        [10.0, 90, 240]
    )
    found = foreground_colours(np.rint(mixed).astype(np.uint8), alpha)
    np.testing.assert_allclose(found[alpha > 0.2].mean(axis=0) * 255, [200, 40, 80], atol=1.5)


def test_opaque_pixels_keep_their_colours_and_inputs_stay():
    alpha = hair()
    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    before = image.copy(), alpha.copy()
    found = foreground_colours(image, alpha)
    assert found.dtype == np.float32
    assert found.min() >= 0 and found.max() <= 1
    np.testing.assert_array_equal(np.rint(found[alpha == 1] * 255), image[alpha == 1])
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(alpha, before[1])


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 1), (33, 2)])
def test_tiny_sizes(size):
    image = np.full((*size, 3), 128, np.uint8)
    found = foreground_colours(image, np.full(size, 0.5, np.float32))
    assert found.shape == (*size, 3)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_hard_mattes_have_the_colours_of_the_image(value):
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    found = foreground_colours(image, np.full((2, 4), value, np.float32))
    np.testing.assert_allclose(found, image / 255.0, atol=1e-6)


def test_sizes_must_agree():
    with pytest.raises(ShapeError, match="alpha matte"):
        foreground_colours(np.zeros((2, 3, 3), np.uint8), np.zeros((3, 2), np.float32))
