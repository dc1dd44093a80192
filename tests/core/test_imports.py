"""Maps from other programs: written by other libraries, read to exact values; what cannot be meant is named."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from gbrs_core.errors import ImageError
from gbrs_core.imports import read_alpha_matte, read_depth_map, read_label_map, read_mask, read_strokes, read_trimap
from gbrs_core.interaction import Stroke

SIZE = (2, 3)
IDS = np.array([[0, 1, 2], [255, 10, 0]], np.uint8)


@pytest.fixture
def save(tmp_path):
    """Write an array to a file; the suffix chooses the format."""

    def write(array, name="map.png", mode=None):
        path = tmp_path / name
        if path.suffix == ".npy":
            np.save(path, array)
        elif path.suffix == ".tif":
            tifffile.imwrite(path, array)
        elif mode == "P":
            image = Image.fromarray(array, "P")
            image.putpalette(bytes(range(256)) * 3)
            image.save(path)
        elif mode is not None:
            Image.fromarray(array).convert(mode).save(path)
        else:
            path.write_bytes(cv2.imencode(path.suffix, array)[1].tobytes())
        return path

    return write


class TestLabelMap:
    @pytest.mark.parametrize(
        ("dtype", "name", "mode"),
        [
            (np.uint8, "a.png", None),
            (np.uint16, "a.png", None),
            (np.uint8, "a.png", "P"),
            (np.uint8, "a.png", "RGB"),
            (np.uint16, "a.tif", None),
            (np.int64, "Käse 写真.npy", None),
        ],
    )
    def test_ids_are_read_as_they_are_stored(self, save, dtype, name, mode):
        found = read_label_map(save(IDS.astype(dtype), name, mode), SIZE, 11)
        assert found.array.dtype == np.int32
        np.testing.assert_array_equal(found.array, IDS)
        assert not found.array.flags.writeable

    def test_palette_of_few_bits(self, save, tmp_path):
        image = Image.fromarray(np.array([[0, 1, 2], [2, 1, 0]], np.uint8), "P")
        image.putpalette([9, 9, 9, 8, 8, 8, 7, 7, 7])
        image.save(tmp_path / "few.png", bits=2)
        assert read_label_map(tmp_path / "few.png", SIZE, 3).array.tolist() == [[0, 1, 2], [2, 1, 0]]

    def test_ids_beyond_the_classes_are_named(self, save):
        path = save(np.arange(240, 246, dtype=np.uint8).reshape(SIZE))
        with pytest.raises(ImageError, match=r"map\.png as a label map: it has the ids 240, 241, .*end at 10"):
            read_label_map(path, SIZE, 11)

    def test_only_the_first_of_many_are_listed(self, save):
        path = save(np.arange(100, 130, dtype=np.uint8).reshape(5, 6))
        with pytest.raises(ImageError, match=r"106, 107 and 22 more"):
            read_label_map(path, (5, 6), 11)

    def test_void_where_255_is_a_class(self, save):
        found = read_label_map(save(np.array([[255, 65535]], np.uint16)), (1, 2), 300)
        assert found.array.tolist() == [[255, 65535]]
        assert read_label_map(save(np.array([[255, 65535]], np.uint16)), (1, 2), 11).array.tolist() == [[255, 255]]

    def test_colour_pictures_are_refused(self, save):
        picture = np.arange(18, dtype=np.uint8).reshape(*SIZE, 3)
        with pytest.raises(ImageError, match=r"map\.png as a label map: it is a colour picture"):
            read_label_map(save(picture), SIZE, 11)

    def test_floats_are_refused(self, save):
        with pytest.raises(ImageError, match="float32, expected whole numbers"):
            read_label_map(save(IDS.astype(np.float32), "a.tif"), SIZE, 11)


class TestStrokes:
    def test_one_for_each_class_cut_to_what_is_painted(self, save):
        painted = np.full((4, 5), 255, np.uint8)
        painted[1:3, 2] = 7
        painted[3, 4] = 0
        assert read_strokes(save(painted), (4, 5), 11) == (
            Stroke(np.ones((1, 1), bool), 0.0, 4, 3),
            Stroke(np.ones((2, 1), bool), 7.0, 2, 1),
        )

    def test_255_is_a_class_of_16_bit_files(self, save):
        painted = np.full(SIZE, 65535, np.uint16)
        painted[0, 0] = 255
        (stroke,) = read_strokes(save(painted), SIZE, 300)
        assert stroke.target == 255.0
        with pytest.raises(ImageError, match=r"as strokes: it has the ids 255, the classes end at 10"):
            read_strokes(save(painted), SIZE, 11)

    def test_nothing_painted(self, save):
        with pytest.raises(ImageError, match=r"nothing is painted, every value is 255"):
            read_strokes(save(np.full(SIZE, 255, np.uint8)), SIZE, 11)


class TestTrimap:
    VALUES = np.array([[0, 128, 255], [255, 128, 0]], np.uint8)

    @pytest.mark.parametrize("mode", [None, "RGB", "RGBA", "LA"])
    def test_values_are_kept(self, save, mode):
        found = read_trimap(save(self.VALUES, mode=mode), SIZE)
        assert found.array.dtype == np.uint8
        np.testing.assert_array_equal(found.array, self.VALUES)
        assert found.notes == ()

    def test_palette_of_greys_counts_by_its_colours(self, tmp_path):
        image = Image.fromarray(np.array([[0, 1, 2], [2, 1, 0]], np.uint8), "P")
        image.putpalette([0, 0, 0, 128, 128, 128, 255, 255, 255])
        image.save(tmp_path / "few.png", bits=2)
        np.testing.assert_array_equal(read_trimap(tmp_path / "few.png", SIZE).array, self.VALUES)

    def test_16_bits(self, save):
        found = read_trimap(save(self.VALUES.astype(np.uint16) * 257), SIZE)
        np.testing.assert_array_equal(found.array, self.VALUES)

    def test_black_and_white(self, save):
        assert read_trimap(save(self.VALUES // 255 * 255, mode="1"), SIZE).array.max() == 255

    def test_near_values_are_taken_as_meant_and_said(self, save):
        found = read_trimap(save(np.array([[1, 127, 127], [254, 128, 130]], np.uint8)), SIZE)
        assert found.array.tolist() == [[0, 128, 128], [255, 128, 128]]
        assert found.notes == (
            "1 pixel of value 1 taken as 0",
            "2 pixels of value 127 taken as 128",
            "1 pixel of value 130 taken as 128",
            "1 pixel of value 254 taken as 255",
        )

    def test_stray_values_are_listed(self, save):
        with pytest.raises(ImageError, match=r"trimap: it has the values 64, 200 in 3 pixels; .*0, 128 and 255 only"):
            read_trimap(save(np.array([[64, 64, 200], [0, 128, 255]], np.uint8)), SIZE)

    def test_a_trimap_numbered_from_zero_is_refused_instead_of_becoming_background(self, save):
        with pytest.raises(ImageError, match="trimap: it has the values 0, 1, 2 instead of 0, 128 and 255; write"):
            read_trimap(save(np.array([[0, 1, 2], [0, 1, 2]], np.uint8)), SIZE)

    def test_another_size_is_named_with_both(self, save):
        with pytest.raises(ImageError, match=r"map\.png as a trimap: it has 3 x 2 pixels, the image 7 x 5"):
            read_trimap(save(self.VALUES), (5, 7))


class TestMask:
    @pytest.mark.parametrize("full", [1, 128, 255])
    def test_upper_half_is_the_object(self, save, full):
        mask = np.array([[1, 0, 1], [0, 0, 1]], np.uint8)
        np.testing.assert_array_equal(read_mask(save(mask * np.uint8(full)), SIZE), mask > 0)

    def test_soft_edges_are_cut_in_the_middle(self, save):
        assert read_mask(save(np.array([[0, 100, 127, 128, 255]], np.uint8)), (1, 5)).tolist() == [
            [False, False, False, True, True]
        ]

    def test_no_object(self, save):
        with pytest.raises(ImageError, match=r"map\.png as an object mask: every pixel is background"):
            read_mask(save(np.zeros(SIZE, np.uint8)), SIZE)


class TestAlphaMatte:
    def test_8_and_16_bits(self, save):
        np.testing.assert_allclose(
            read_alpha_matte(save(np.array([[0, 51, 255]], np.uint8)), (1, 3)).array, [[0, 0.2, 1]], rtol=1e-6
        )
        found = read_alpha_matte(save(np.array([[0, 13107, 65535]], np.uint16)), (1, 3)).array
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, [[0, 0.2, 1]], rtol=1e-6)

    @pytest.mark.parametrize("name", ["a.tif", "a.npy"])
    def test_floats_are_exact(self, save, name):
        values = np.random.default_rng(0).random(SIZE, np.float32)
        np.testing.assert_array_equal(read_alpha_matte(save(values, name), SIZE).array, values)

    def test_alpha_channel_of_a_cutout(self, save):
        rgba = np.arange(24, dtype=np.uint8).reshape(*SIZE, 4)
        found = read_alpha_matte(save(rgba), SIZE)
        np.testing.assert_allclose(found.array, rgba[..., 3] / np.float32(255))
        assert found.notes == ("the alpha channel was taken",)

    @pytest.mark.parametrize("value", [255.0, -0.5, np.nan])
    def test_other_floats_are_refused(self, save, value):
        values = np.full(SIZE, 0.5, np.float32)
        values[0, 0] = value
        with pytest.raises(ImageError, match="not 0 to 1"):
            read_alpha_matte(save(values, "a.tif"), SIZE)


class TestDepthMap:
    def test_millimetres(self, save):
        found = read_depth_map(save(np.array([[0, 1, 1500], [65535, 2, 3]], np.uint16)), SIZE)
        assert found.array.dtype == np.float32
        np.testing.assert_allclose(found.array, [[0, 0.001, 1.5], [65.535, 0.002, 0.003]], rtol=1e-6)
        assert found.notes == ("16.7% of the pixels have no known depth",)

    def test_256ths_of_a_metre(self, save):
        found = read_depth_map(save(np.array([[256, 384, 65535]], np.uint16)), (1, 3), "1/256 m")
        np.testing.assert_array_equal(found.array, np.float32([[1, 1.5, 65535 / 256]]))
        assert found.notes == ()

    @pytest.mark.parametrize("name", ["a.tif", "a.npy"])
    def test_floats_are_metres(self, save, name):
        values = np.array([[np.nan, 1.25, np.inf], [-1, 0, 700]], np.float32)
        found = read_depth_map(save(values, name), SIZE, "1/256 m")
        np.testing.assert_array_equal(found.array, np.float32([[0, 1.25, 0], [0, 0, 700]]))

    def test_eight_bits_are_refused(self, save):
        with pytest.raises(ImageError, match="8 bits are a picture of depth"):
            read_depth_map(save(IDS), SIZE)

    def test_nothing_but_holes(self, save):
        with pytest.raises(ImageError, match="no pixel has a depth above 0"):
            read_depth_map(save(np.zeros(SIZE, np.uint16)), SIZE)


READERS = [
    lambda path: read_label_map(path, SIZE, 11),
    lambda path: read_strokes(path, SIZE, 11),
    lambda path: read_trimap(path, SIZE),
    lambda path: read_alpha_matte(path, SIZE),
    lambda path: read_depth_map(path, SIZE),
]


@pytest.mark.parametrize("read", READERS)
class TestDamage:
    def test_missing_file(self, read, tmp_path):
        with pytest.raises(ImageError, match=r"cannot open .*nowhere\.png: No such file"):
            read(tmp_path / "nowhere.png")

    def test_other_formats(self, read, tmp_path):
        path = tmp_path / "map.jpg"
        Image.fromarray(np.zeros((2, 3, 3), np.uint8)).save(path)
        with pytest.raises(ImageError, match=r"map\.jpg: not a PNG, TIFF or NumPy file"):
            read(path)

    @pytest.mark.parametrize("name", ["a.png", "a.tif", "a.npy"])
    def test_cut_short(self, read, save, name):
        path = save(np.random.default_rng(0).integers(0, 3, (40, 50)).astype(np.uint16), name)
        path.write_bytes(path.read_bytes()[:-400] if name == "a.tif" else path.read_bytes()[:120])
        with pytest.raises(ImageError, match=r"cannot open .*a\.\w+: "):
            read(path)

    def test_16_bit_colour_cut_short(self, read, save):
        path = save(np.random.default_rng(0).integers(0, 60000, (40, 50, 3)).astype(np.uint16))
        path.write_bytes(path.read_bytes()[:-3000])
        with pytest.raises(ImageError, match=r"map\.png: the file is damaged or cut short"):
            read(path)

    def test_pickles_are_never_opened(self, read, tmp_path):
        path = tmp_path / "a.npy"
        np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
        with pytest.raises(ImageError, match="pickle"):
            read(path)

    def test_stack_of_pages_is_no_map(self, read, save):
        with pytest.raises(ImageError, match=r"shape \(4, 2, 3, 2\)"):
            read(save(np.zeros((4, 2, 3, 2)), "a.npy"))

    def test_another_size(self, read, save):
        with pytest.raises(ImageError, match="4 x 4 pixels, the image 3 x 2"):
            read(save(np.full((4, 4), 128, np.uint16)))


def test_paths_may_be_text(save):
    assert read_trimap(str(save(np.zeros(SIZE, np.uint8))), SIZE).path == Path(save(np.zeros(SIZE, np.uint8)))
