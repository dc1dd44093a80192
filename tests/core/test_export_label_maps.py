"""Exports of label maps, each read back with another library than its writer, to exact values."""

import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from gbrs_core.errors import ExportError, ShapeError
from gbrs_core.export import LabelMapRequest, exporter, write_export
from gbrs_core.export.cityscapes_png import IDS, cityscapes_name

CAMVID = (
    "Sky",
    "Building",
    "Pole",
    "Road",
    "Pavement",
    "Tree",
    "SignSymbol",
    "Fence",
    "Car",
    "Pedestrian",
    "Bicyclist",
)
COLOURS = tuple((20 * number, 255 - number, 7) for number in range(len(CAMVID)))
LABELS = np.array([[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 255]], np.int32)


def request_of(label_map=LABELS, names=CAMVID, colours=COLOURS, logits=None):
    size = np.shape(label_map)
    return LabelMapRequest(
        image=np.zeros((*size, 3), np.uint8),
        image_path=Path("street.jpg"),
        label_map=np.asarray(label_map),
        class_names=names,
        class_colours=colours,
        logits=logits,
    )


def numbered(count):
    return {"names": tuple(map(str, range(count))), "colours": ((1, 2, 3),) * count}


def pillow(name, request):
    return Image.open(io.BytesIO(exporter(name).encode(request)))


def opencv(name, request):
    return cv2.imdecode(np.frombuffer(exporter(name).encode(request), np.uint8), cv2.IMREAD_UNCHANGED)


class TestIds:
    def test_8_bit_read_with_pillow(self):
        image = pillow("labels", request_of())
        assert image.mode == "L"
        np.testing.assert_array_equal(np.asarray(image), LABELS)

    def test_16_bit_read_with_pillow(self):
        image = pillow("labels16", request_of())
        assert image.mode == "I;16"
        np.testing.assert_array_equal(np.asarray(image), LABELS)

    def test_every_16_bit_id_is_exact(self):
        ids = np.arange(65536).reshape(256, 256)
        np.testing.assert_array_equal(np.asarray(pillow("labels16", request_of(ids, **numbered(65536)))), ids)

    def test_class_256_is_the_last_of_eight_bits(self):
        ids = np.arange(256).reshape(16, 16)
        np.testing.assert_array_equal(np.asarray(pillow("labels", request_of(ids, **numbered(256)))), ids)
        with pytest.raises(ExportError, match="8-bit ids end at 255, there are 257 classes"):
            exporter("labels").encode(request_of(ids, **numbered(257)))

    def test_many_classes_are_refused_with_the_file(self, tmp_path):
        with pytest.raises(ExportError, match=r"out\.png: a palette ends at index 255, there are 300 classes"):
            write_export(exporter("labels_palette"), request_of([[0]], **numbered(300)), tmp_path / "out.png")
        assert list(tmp_path.iterdir()) == []


class TestPalette:
    def test_indices_and_colours_read_with_pillow(self):
        image = pillow("labels_palette", request_of())
        assert image.mode == "P"
        np.testing.assert_array_equal(np.asarray(image), LABELS)
        assert image.getpalette()[: 3 * len(CAMVID)] == [value for colour in COLOURS for value in colour]

    def test_palette_does_not_depend_on_the_classes_present(self):
        one, two = (pillow("labels_palette", request_of([[number]])).getpalette() for number in (0, 9))
        assert one == two

    def test_colours_read_with_opencv(self):
        bgr = cv2.imdecode(np.frombuffer(exporter("labels_palette").encode(request_of()), np.uint8), cv2.IMREAD_COLOR)
        assert bgr[1, 2].tolist() == list(COLOURS[6][::-1])
        assert bgr[2, 3].tolist() == [0, 0, 0]

    def test_colour_picture(self):
        rgb = np.asarray(pillow("labels_colour", request_of()))
        assert rgb.shape == (3, 4, 3)
        assert [tuple(pixel) for pixel in rgb.reshape(-1, 3)[:-1].tolist()] == list(COLOURS)
        assert rgb[2, 3].tolist() == [0, 0, 0]

    def test_equal_colours_are_said(self):
        request = request_of([[0]], ("a", "b", "c"), ((1, 1, 1), (2, 2, 2), (1, 1, 1)))
        assert exporter("labels_colour").notes(request) == (
            "a, c have the same colour and cannot be told apart in the file",
        )


class TestCityscapes:
    def test_label_ids_of_camvid(self):
        expected = [[23, 11, 17, 7], [8, 21, 20, 13], [26, 24, 25, 0]]
        assert opencv("cityscapes", request_of()).tolist() == expected

    def test_train_ids_of_camvid(self):
        expected = [[10, 2, 5, 0], [1, 8, 7, 4], [13, 11, 12, 255]]
        assert opencv("cityscapes_train", request_of()).tolist() == expected

    def test_table_is_that_of_the_data_set(self):
        train_ids = {name: train for name, (_, train) in IDS.items() if train != 255}
        assert list(train_ids) == [
            "road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation",
            "terrain", "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle",
        ]  # fmt: skip
        assert list(train_ids.values()) == list(range(19))
        assert [number for number, _ in IDS.values()] == list(range(34))

    def test_names_are_found_however_they_are_written(self):
        assert cityscapes_name("Traffic_Light") == "traffic light"
        assert cityscapes_name("human--person") == "person"
        assert cityscapes_name("construction--flat--sidewalk") == "sidewalk"
        assert cityscapes_name("Utility Pole") == "pole"
        assert cityscapes_name("Sofa") is None

    def test_unknown_classes_are_ignored_and_said(self):
        request = request_of([[0, 1, 2]], ("Road", "Sofa", "Parking"), ((0, 0, 0),) * 3)
        assert opencv("cityscapes", request).tolist() == [[7, 0, 9]]
        assert exporter("cityscapes").notes(request) == ("Cityscapes has no Sofa: written as unlabeled (0)",)
        assert opencv("cityscapes_train", request).tolist() == [[0, 255, 255]]
        assert exporter("cityscapes_train").notes(request) == (
            "Cityscapes does not train Sofa, Parking: written as ignored (255)",
        )

    def test_classes_without_a_pixel_are_not_spoken_of(self, tmp_path):
        request = request_of([[0]], ("Road", "Sofa"), ((0, 0, 0),) * 2)
        written = write_export(exporter("cityscapes"), request, tmp_path / "street_labelIds.png")
        assert written.notes == ()


class TestClassMasks:
    def test_a_file_for_every_class_with_a_pixel(self, tmp_path):
        request = request_of([[3, 3], [8, 255]])
        written = write_export(exporter("class_masks"), request, tmp_path / "street.png")
        assert [path.name for path in written.paths] == ["street_Road.png", "street_Car.png"]
        assert [np.asarray(Image.open(path)).tolist() for path in written.paths] == [
            [[255, 255], [0, 0]],
            [[0, 0], [255, 0]],
        ]

    def test_only_void_pixels(self, tmp_path):
        with pytest.raises(ExportError, match=r"street\.png: no pixel belongs to any class"):
            write_export(exporter("class_masks"), request_of([[255]]), tmp_path / "street.png")


class TestProbabilities:
    LOGITS = np.log(np.array([[[1.0, 2.0]], [[3.0, 2.0]]], np.float32))

    def archive(self, name, logits, size=(1, 2)):
        names, colours = ("a", "ö"), ((1, 2, 3), (4, 5, 6))
        request = request_of(np.zeros(size, np.int32), names, colours, logits)
        return np.load(io.BytesIO(exporter(name).encode(request)), allow_pickle=False)

    def test_softmax_over_the_classes(self):
        archive = self.archive("probabilities32", self.LOGITS)
        assert archive["probabilities"].dtype == np.float32
        np.testing.assert_allclose(archive["probabilities"], [[[0.25, 0.5]], [[0.75, 0.5]]], rtol=1e-6)
        assert archive["class_names"].tolist() == ["a", "ö"]
        assert archive["class_colours"].tolist() == [[1, 2, 3], [4, 5, 6]]
        assert archive["label_map"].dtype == np.int32

    def test_half_precision(self):
        archive = self.archive("probabilities", self.LOGITS)
        assert archive["probabilities"].dtype == np.float16
        assert archive["probabilities"].tolist() == [[[0.25, 0.5]], [[0.75, 0.5]]]

    def test_large_logits_do_not_overflow(self):
        archive = self.archive("probabilities32", self.LOGITS * 0 + np.array([[[900.0]], [[2000.0]]], np.float32))
        np.testing.assert_array_equal(archive["probabilities"][:, 0, 0], [0, 1])

    def test_small_logits_are_enlarged_as_predictions_are(self):
        logits = np.random.default_rng(0).normal(size=(2, 7, 9)).astype(np.float32)
        found = self.archive("probabilities32", logits, (150, 40))["probabilities"]
        large = np.stack([cv2.resize(plane, (40, 150), interpolation=cv2.INTER_LINEAR) for plane in logits])
        np.testing.assert_allclose(found[1], 1 / (1 + np.exp(large[0] - large[1])), atol=1e-5)

    def test_imported_maps_have_none(self):
        with pytest.raises(ExportError, match="does not come from a network"):
            exporter("probabilities").encode(request_of())


class TestRequest:
    def test_ids_beyond_the_classes_are_named(self):
        with pytest.raises(ValueError, match=r"ids \[11, 40\] beyond the 11 classes"):
            request_of([[0, 11, 40, 255]])

    def test_void_is_65535_where_255_is_a_class(self):
        request = request_of([[255, 65535]], **numbered(300))
        assert opencv("labels16", request).tolist() == [[255, 65535]]

    def test_a_colour_for_every_name(self):
        with pytest.raises(ValueError, match="11 class names and 1 class colours"):
            replace(request_of(), class_colours=((0, 0, 0),))

    def test_sizes_must_agree(self):
        with pytest.raises(ShapeError, match="label map"):
            replace(request_of(), label_map=np.zeros((1, 1), int))
        with pytest.raises(ShapeError, match="a plane per class"):
            replace(request_of(), logits=np.zeros((2, 3, 4), np.float32))
