"""Exports of alpha mattes, each read back with another library than its writer."""

import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QImage

from gbrs_core.errors import ExportError, ShapeError
from gbrs_core.export import AlphaMatteRequest, exporter
from gbrs_core.export.composite_png import covering

ALPHA = np.array([[0.0, 0.25, 0.5], [0.75, 0.999, 1.0]], np.float32)
TRIMAP = np.array([[0, 128, 128], [128, 128, 255]], np.uint8)
SIZE = (60, 80)
FOREGROUND, BACKGROUND = (200, 40, 80), (10, 90, 240)


def small(**options):
    image = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    return AlphaMatteRequest(image=image, image_path=Path("a.jpg"), alpha_matte=ALPHA, **options)


def soft_disc(**options):
    """A disc of one colour before a wall of another, with a rim of ten pixels."""
    rows, cols = np.mgrid[: SIZE[0], : SIZE[1]]
    alpha = np.clip((18 - np.hypot(rows - 30, cols - 40)) / 10 + 0.5, 0, 1).astype(np.float32)
    mixed = alpha[..., np.newaxis] * np.array(FOREGROUND) + (1 - alpha[..., np.newaxis]) * np.array(BACKGROUND)
    image = np.rint(mixed).astype(np.uint8)
    return AlphaMatteRequest(image=image, image_path=Path("a.jpg"), alpha_matte=alpha, **options)


def pillow(name, request):
    return Image.open(io.BytesIO(exporter(name).encode(request)))


class TestAlpha:
    def test_8_bit(self):
        image = pillow("alpha", small())
        assert image.mode == "L"
        assert np.asarray(image).tolist() == [[0, 64, 128], [191, 255, 255]]

    def test_16_bit(self):
        image = pillow("alpha16", small())
        assert image.mode == "I;16"
        assert np.asarray(image).tolist() == [[0, 16384, 32768], [49151, 65469, 65535]]

    def test_float_tiff_is_exact(self):
        content = exporter("alpha_tiff").encode(small())
        with Image.open(io.BytesIO(content)) as image:
            assert image.mode == "F"
            np.testing.assert_array_equal(np.asarray(image), ALPHA)
        read = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        assert read.dtype == np.float32
        np.testing.assert_array_equal(read, ALPHA)


class TestCutout:
    def test_edges_have_the_colours_of_the_foreground(self):
        request = soft_disc()
        rgba = np.asarray(pillow("matte_cutout", request)).astype(int)
        np.testing.assert_array_equal(rgba[..., 3], np.rint(request.alpha_matte * 255))
        is_edge = (request.alpha_matte > 0.2) & (request.alpha_matte < 1)
        assert is_edge.sum() > 500
        np.testing.assert_allclose(rgba[is_edge, :3].mean(axis=0), FOREGROUND, atol=2)
        assert np.abs(rgba[is_edge, :3] - FOREGROUND).max() < 12
        assert np.abs(request.image[is_edge].mean(axis=0) - FOREGROUND).max() > 40  # what was there before

    def test_nothing_is_hidden_where_it_is_transparent(self):
        rgba = np.asarray(pillow("matte_cutout", soft_disc()))
        assert not rgba[rgba[..., 3] == 0].any()

    def test_16_bit_read_with_qt(self):
        request = soft_disc()
        image = QImage.fromData(exporter("matte_cutout16").encode(request))
        assert image.format() == QImage.Format.Format_RGBA64
        centre = image.pixelColor(40, 30).rgba64()
        assert [centre.red(), centre.green(), centre.blue()] == [value * 257 for value in FOREGROUND]
        edge = image.pixelColor(40, 12).rgba64()
        assert edge.alpha() == round(float(request.alpha_matte[12, 40]) * 65535)
        assert abs(edge.red() / 257 - FOREGROUND[0]) < 4


class TestComposite:
    def test_over_its_own_background_it_is_the_photograph(self):
        request = soft_disc(background=BACKGROUND)
        composite = np.asarray(pillow("composite", request)).astype(int)
        difference = np.abs(composite - request.image)
        assert difference.mean() < 0.2
        assert difference.max() <= 4

    def test_over_a_colour(self):
        composite = np.asarray(pillow("composite", soft_disc(background=(7, 8, 9))))
        assert composite[0, 0].tolist() == [7, 8, 9]
        assert composite[30, 40].tolist() == list(FOREGROUND)

    def test_over_a_photograph_of_another_size(self):
        photo = np.zeros((30, 120, 3), np.uint8)
        photo[:, 60:] = (250, 0, 0)
        composite = np.asarray(pillow("composite", soft_disc(background=photo)))
        assert composite.shape == (*SIZE, 3)
        assert composite[0, 0].tolist() == [0, 0, 0]
        assert composite[0, -1].tolist() == [250, 0, 0]

    def test_photographs_cover_the_image_and_keep_their_middle(self):
        photo = np.zeros((10, 40, 3), np.uint8)
        photo[:, 15:25] = 255  # the middle square
        np.testing.assert_array_equal(covering(photo, 20, 20), np.full((20, 20, 3), 255))
        np.testing.assert_array_equal(covering(photo, 10, 40), photo)
        assert covering(photo, 3, 200).shape == (3, 200, 3)


class TestTrimap:
    def test_values_read_with_pillow(self):
        image = pillow("trimap", small(trimap=TRIMAP))
        assert image.mode == "L"
        np.testing.assert_array_equal(np.asarray(image), TRIMAP)

    def test_without_a_trimap(self):
        with pytest.raises(ExportError, match="no trimap"):
            exporter("trimap").encode(small())


def test_sizes_must_agree():
    with pytest.raises(ShapeError, match="alpha matte"):
        replace(small(), alpha_matte=ALPHA[:1])
    with pytest.raises(ShapeError, match="trimap"):
        small(trimap=TRIMAP[:1])
