"""Every listed export format keeps the same promises; each is read back with another library than its writer."""

import io
import re
from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QImage

from gbrs_core.errors import ExportError, ShapeError
from gbrs_core.export import (
    EXPORTERS,
    AlphaMatteRequest,
    DepthMapRequest,
    ExportObject,
    LabelMapRequest,
    MaskRequest,
    export_paths,
    exporter,
    exporters_for,
    suggested_path,
    write_export,
)
from gbrs_core.prediction import OutputKind

every_exporter = pytest.mark.parametrize("each", EXPORTERS, ids=lambda each: each.name)
every_usable = pytest.mark.parametrize(
    "each", [each for each in EXPORTERS if not each.unavailable], ids=lambda each: each.name
)
RED, GREEN, BLUE = (230, 0, 10), (0, 200, 20), (30, 40, 250)


def mask(text):
    """Rows of # and . as (H, W) bool."""
    return np.array([[letter == "#" for letter in row] for row in text.split()])


def thing(name, pixels, colour=RED, **options):
    return ExportObject(name, colour, mask(pixels), **options)


LEFT = "##... ##... ##..."
MIDDLE = ".###. .###. ....."
IMAGE = np.random.default_rng(0).integers(1, 256, (3, 5, 3), np.uint8)


def request_of(*objects, image=IMAGE):
    return MaskRequest(image=image, objects=objects, image_path=Path("photos/Käse 1.jpg"))


TWO = request_of(thing("left", LEFT), thing("middle", MIDDLE, GREEN))


def pillow(content):
    return Image.open(io.BytesIO(content))


REQUESTS = {
    OutputKind.MASK: TWO,
    OutputKind.LABEL_MAP: LabelMapRequest(
        image=IMAGE,
        image_path=Path("Käse 1.jpg"),
        label_map=np.array([[0, 0, 1, 1, 1]] * 3),
        class_names=("Road", "Sky"),
        class_colours=(RED, BLUE),
        logits=np.zeros((2, 3, 5), np.float32),
    ),
    OutputKind.ALPHA_MATTE: AlphaMatteRequest(
        image=IMAGE,
        image_path=Path("Käse 1.jpg"),
        alpha_matte=np.linspace(0, 1, 15, dtype=np.float32).reshape(3, 5),
        trimap=np.full((3, 5), 128, np.uint8),
    ),
    OutputKind.DEPTH_MAP: DepthMapRequest(
        image=IMAGE, image_path=Path("Käse 1.jpg"), depth_map=np.linspace(1, 4, 15, dtype=np.float32).reshape(3, 5)
    ),
}


def size_in(path):
    """(W, H) as another program than ours reads it; of a point cloud the number of points."""
    if path.suffix == ".npy":
        return np.load(path, allow_pickle=False).shape[::-1]
    if path.suffix == ".npz":
        return np.load(path, allow_pickle=False)["probabilities"].shape[:0:-1]
    if path.suffix == ".ply":
        count = re.search(rb"element vertex ([0-9]+)", path.read_bytes())
        return (int(count[1]) // 3, 3)
    if path.suffix == ".exr":
        return pytest.importorskip("OpenEXR").File(str(path)).channels()["Z"].pixels.shape[::-1]
    with Image.open(path) as image:
        image.load()
        return image.size


class TestEveryFormat:
    def test_every_kind_of_prediction_has_formats(self):
        for kind in OutputKind:
            formats = exporters_for(kind)
            assert len(formats) >= 4
            assert all(each.kind is kind and not each.unavailable for each in formats)

    @every_exporter
    def test_names_are_unique_and_lead_to_the_format(self, each):
        assert exporter(each.name) is each
        assert len({other.ending for other in EXPORTERS}) == len(EXPORTERS)
        assert len({other.title for other in EXPORTERS}) == len(EXPORTERS)

    @every_usable
    def test_file_is_of_the_same_size(self, each, tmp_path):
        written = write_export(each, REQUESTS[each.kind], tmp_path / f"out{each.ending}")
        assert [size_in(path) for path in written.paths] == [(5, 3)] * len(written.paths)

    @every_usable
    def test_one_pixel(self, each, tmp_path):
        written = write_export(each, one_pixel(REQUESTS[each.kind]), tmp_path / f"out{each.ending}")
        assert all(path.stat().st_size > 0 for path in written.paths)

    @every_usable
    def test_path_beyond_ascii(self, each, tmp_path):
        folder = tmp_path / "Käse 写真"
        folder.mkdir()
        path = suggested_path(each, folder / "Zoë.jpg")
        assert path == folder / f"Zoë{each.ending}"
        written = write_export(each, REQUESTS[each.kind], path)
        assert written.paths == export_paths(each, REQUESTS[each.kind], path)
        assert all(path.exists() for path in written.paths)

    @every_usable
    def test_request_of_another_kind_is_refused(self, each, tmp_path):
        other = next(request for kind, request in REQUESTS.items() if kind is not each.kind)
        with pytest.raises(ExportError, match=r"cannot write .*out\.png: .* holds a .*, not a "):
            write_export(each, other, tmp_path / "out.png")
        assert list(tmp_path.iterdir()) == []

    @every_usable
    def test_folder_that_cannot_be_written_to(self, each, tmp_path):
        (tmp_path / "file").write_text("")
        path = tmp_path / "file" / "out.png"
        with pytest.raises(ExportError, match=r"cannot write .*out.*\.png: Not a directory"):
            write_export(each, REQUESTS[each.kind], path)

    @every_usable
    def test_missing_folder(self, each, tmp_path):
        with pytest.raises(ExportError, match=r"cannot write .*out.*\.png: No such file or directory"):
            write_export(each, REQUESTS[each.kind], tmp_path / "nowhere" / "out.png")

    @every_usable
    def test_target_that_cannot_be_replaced(self, each, tmp_path):
        (target,) = export_paths(each, REQUESTS[each.kind], tmp_path / "out.png")[:1]
        target.mkdir()
        with pytest.raises(ExportError, match=r"cannot write .*out.*\.png: "):
            write_export(each, REQUESTS[each.kind], tmp_path / "out.png")
        assert list(tmp_path.iterdir()) == [target]

    @every_usable
    def test_splitting_is_allowed_or_refused(self, each, tmp_path):
        if each.splits == "never":
            with pytest.raises(ExportError, match="all objects in one file"):
                write_export(each, REQUESTS[each.kind], tmp_path / "out.png", one_file_per_object=True)
        else:
            written = write_export(each, REQUESTS[each.kind], tmp_path / "out.png", one_file_per_object=True)
            names = ["left", "middle"] if each.kind is OutputKind.MASK else ["Road", "Sky"]
            assert [path.name for path in written.paths] == [f"out_{name}.png" for name in names]
        assert not (tmp_path / "out.png").exists()


def one_pixel(request):
    """The request with only its first pixel."""
    cut = {
        field.name: value[..., :1, :1] if field.name == "logits" else value[:1, :1]
        for field in fields(request)
        if isinstance(value := getattr(request, field.name), np.ndarray)
    }
    if isinstance(request, MaskRequest):
        cut["objects"] = (ExportObject("dot", RED, np.ones((1, 1), bool)),)
    if isinstance(request, AlphaMatteRequest):
        cut["alpha_matte"] = np.full((1, 1), 0.5, np.float32)
    return replace(request, **cut)


class TestMaskPng:
    def test_union_read_with_pillow(self):
        image = pillow(exporter("mask").encode(TWO))
        assert image.mode == "L"
        np.testing.assert_array_equal(np.asarray(image), np.where(mask("####. ####. ##..."), 255, 0))

    def test_one_file_per_object_keeps_overlaps(self, tmp_path):
        left, middle = write_export(exporter("mask"), TWO, tmp_path / "out.png", one_file_per_object=True).paths
        np.testing.assert_array_equal(np.asarray(Image.open(left)) > 0, mask(LEFT))
        np.testing.assert_array_equal(np.asarray(Image.open(middle)) > 0, mask(MIDDLE))


class TestInstancePng:
    def ids(self, *objects):
        image = pillow(exporter("instances").encode(request_of(*objects)))
        assert image.mode == "I;16"
        return np.asarray(image).astype(int).tolist()

    def test_later_object_takes_the_overlap(self):
        assert self.ids(thing("a", LEFT), thing("b", MIDDLE)) == [[1, 2, 2, 2, 0], [1, 2, 2, 2, 0], [1, 1, 0, 0, 0]]

    def test_locked_object_keeps_its_pixels(self):
        ids = self.ids(thing("a", LEFT, is_locked=True), thing("b", MIDDLE))
        assert ids == [[1, 1, 2, 2, 0], [1, 1, 2, 2, 0], [1, 1, 0, 0, 0]]

    def test_later_locked_object_takes_the_overlap_too(self):
        ids = self.ids(thing("a", LEFT), thing("b", MIDDLE, is_locked=True))
        assert ids == [[1, 2, 2, 2, 0], [1, 2, 2, 2, 0], [1, 1, 0, 0, 0]]

    def test_earlier_of_two_locked_objects_keeps_the_overlap(self):
        ids = self.ids(thing("a", LEFT, is_locked=True), thing("b", MIDDLE, is_locked=True))
        assert ids[0] == [1, 1, 2, 2, 0]

    def test_every_id_up_to_the_last_is_exact(self, tmp_path):
        shape = (256, 256)
        places = np.arange(1, 65536)
        objects = tuple(
            ExportObject(str(place), RED, single) for place, single in zip(places, one_pixel_masks(shape), strict=True)
        )
        request = request_of(*objects, image=np.zeros((*shape, 3), np.uint8))
        ids = np.asarray(pillow(exporter("instances").encode(request)))
        np.testing.assert_array_equal(ids.reshape(-1), np.arange(65536))

    def test_one_object_more_is_refused(self, tmp_path):
        (tmp_path / "out.png").write_text("old")
        dot = ExportObject("dot", RED, np.ones((1, 1), bool))
        request = request_of(*(dot,) * 65536, image=IMAGE[:1, :1])
        with pytest.raises(ExportError, match=r"out\.png: 16-bit ids end at 65535, there are 65536 objects"):
            write_export(exporter("instances"), request, tmp_path / "out.png")
        assert (tmp_path / "out.png").read_text() == "old"


def one_pixel_masks(shape):
    """Masks of pixel 1, 2, ... that share memory: a sliding window over one long row of zeros with a single one."""
    count = shape[0] * shape[1]
    row = np.zeros(2 * count - 1, bool)
    row[count - 1] = True
    windows = np.lib.stride_tricks.sliding_window_view(row, count)
    return [windows[count - 1 - place].reshape(shape) for place in range(1, count)]


class TestPalettePng:
    def test_indices_and_colours_read_with_pillow(self):
        image = pillow(exporter("palette").encode(TWO))
        assert image.mode == "P"
        assert np.asarray(image).tolist() == [[1, 2, 2, 2, 0], [1, 2, 2, 2, 0], [1, 1, 0, 0, 0]]
        assert image.getpalette()[:9] == [0, 0, 0, *RED, *GREEN]

    def test_colours_read_with_opencv(self):
        bgr = cv2.imdecode(np.frombuffer(exporter("palette").encode(TWO), np.uint8), cv2.IMREAD_COLOR)
        assert bgr[0, 0].tolist() == list(RED[::-1])
        assert bgr[0, 2].tolist() == list(GREEN[::-1])
        assert bgr[2, 4].tolist() == [0, 0, 0]

    def test_index_follows_the_list_not_the_colour(self):
        request = request_of(thing("a", LEFT, BLUE), thing("b", MIDDLE, BLUE))
        assert np.asarray(pillow(exporter("palette").encode(request)))[0].tolist() == [1, 2, 2, 2, 0]

    def test_pixels_take_eight_bits_with_two_colours_too(self):
        content = exporter("palette").encode(request_of(thing("a", LEFT)))
        assert content[24] == 8  # bit depth in the header

    def test_object_256_is_refused(self):
        dot = ExportObject("dot", RED, np.ones((1, 1), bool))
        full = request_of(*(dot,) * 255, image=IMAGE[:1, :1])
        assert np.asarray(pillow(exporter("palette").encode(full))).tolist() == [[255]]
        with pytest.raises(ExportError, match="ends at index 255, there are 256 objects"):
            exporter("palette").encode(request_of(*(dot,) * 256, image=IMAGE[:1, :1]))


class TestCutoutPng:
    def test_8_bit_read_with_pillow(self):
        image = pillow(exporter("cutout").encode(TWO))
        assert image.mode == "RGBA"
        union = mask("####. ####. ##...")
        expected = np.where(union[..., np.newaxis], np.dstack([IMAGE, np.full((3, 5), 255)]), 0)
        np.testing.assert_array_equal(np.asarray(image), expected)

    def test_16_bit_read_with_qt(self):
        image = QImage.fromData(exporter("cutout16").encode(TWO))
        assert image.format() == QImage.Format.Format_RGBA64
        pixel = image.pixelColor(2, 0).rgba64()
        assert [pixel.red(), pixel.green(), pixel.blue()] == (IMAGE[0, 2].astype(int) * 257).tolist()
        assert pixel.alpha() == 65535
        assert image.pixelColor(4, 2).rgba64().alpha() == 0

    def test_edge_gets_the_covered_share(self):
        # The edge runs at x = 2.25, so pixel 2 (1.5 to 2.5) is covered by three quarters, pixel 3 not at all.
        columns = np.arange(5, dtype=np.float32)
        logits = np.tile(4 * (2.25 - columns), (3, 1)).astype(np.float32)
        request = request_of(thing("a", "###.. ###.. ###..", logits=logits))
        alpha = np.asarray(pillow(exporter("cutout").encode(request)))[..., 3]
        assert alpha[1].tolist() == [255, 255, 191, 0, 0]
        deep = QImage.fromData(exporter("cutout16").encode(request))
        assert deep.pixelColor(2, 1).rgba64().alpha() == 49151

    def test_steepness_of_the_logits_does_not_matter(self):
        rows, cols = np.mgrid[:24, :24].astype(np.float32)
        soft = (7.3 - np.hypot(rows - 12, cols - 11)).astype(np.float32)
        blank = np.ones((24, 24, 3), np.uint8)
        alphas = [
            np.asarray(
                pillow(
                    exporter("cutout").encode(request_of(ExportObject("a", RED, soft > 0, soft * factor), image=blank))
                )
            )[..., 3]
            for factor in (np.float32(0.25), np.float32(16))
        ]
        np.testing.assert_array_equal(*alphas)
        assert abs(alphas[0].sum() / 255 - np.pi * 7.3**2) < 1.0  # the area of the disc, to half a percent

    def test_mask_changed_by_hand_stays_hard(self):
        logits = np.full((3, 5), -3, np.float32)
        request = request_of(thing("a", LEFT, logits=logits))
        assert np.asarray(pillow(exporter("cutout").encode(request)))[0, :, 3].tolist() == [255, 255, 0, 0, 0]

    def test_object_at_the_border_of_the_image_is_opaque_there(self):
        logits = np.full((3, 5), 2, np.float32)
        request = request_of(thing("a", "##### ##### #####", logits=logits))
        assert np.asarray(pillow(exporter("cutout").encode(request)))[..., 3].min() == 255


class TestPaths:
    def test_suggestion_lies_beside_the_image(self):
        assert suggested_path(exporter("mask"), Path("photos/Käse 1.jpg")) == Path("photos/Käse 1_mask.png")

    def test_names_become_safe_and_stay_apart(self):
        names = ["Left cup", "left:cup", "left cup", "../../etc", "", "Tasse groß"]
        request = request_of(*(thing(name, LEFT) for name in names))
        assert [
            path.name for path in export_paths(exporter("mask"), request, Path("out.png"), one_file_per_object=True)
        ] == [
            "out_Left-cup.png",
            "out_left-cup-2.png",
            "out_left-cup-3.png",
            "out_etc.png",
            "out_object-5.png",
            "out_Tasse-groß.png",
        ]

    def test_one_file_is_the_path_itself(self):
        assert export_paths(exporter("mask"), TWO, Path("out.png")) == (Path("out.png"),)


class TestFailures:
    def test_no_object(self, tmp_path):
        with pytest.raises(ExportError, match=r"cannot write .*out\.png: there is no object to export"):
            write_export(exporter("mask"), request_of(), tmp_path / "out.png")
        assert list(tmp_path.iterdir()) == []

    def test_when_one_file_fails_all_old_ones_stay(self, tmp_path):
        (tmp_path / "out_left.png").write_text("old")
        (tmp_path / "out_middle.png").mkdir()
        with pytest.raises(ExportError, match=r"out_middle\.png"):
            write_export(exporter("mask"), TWO, tmp_path / "out.png", one_file_per_object=True)
        assert (tmp_path / "out_left.png").read_text() == "old"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["out_left.png", "out_middle.png"]

    def test_unknown_format_names_the_known_ones(self):
        with pytest.raises(ExportError, match=r"'gif'; known formats: mask, instances"):
            exporter("gif")

    def test_sizes_must_agree(self):
        with pytest.raises(ShapeError, match=r"mask of 'a' has shape \(1, 2\), expected the image's \(3, 5\)"):
            request_of(thing("a", "##"))
        with pytest.raises(ShapeError, match="logits of 'a'"):
            request_of(thing("a", LEFT, logits=np.zeros((1, 1), np.float32)))
        with pytest.raises(ShapeError, match="image"):
            request_of(image=IMAGE[..., 0])
