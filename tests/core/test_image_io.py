"""Opening photographs; every file is made here by the format's own library."""

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from gbrs_core.errors import ImageError
from gbrs_core.image_io import MAX_PIXELS, SUFFIXES, list_images, read_image

# A picture whose corners tell every orientation apart: red top left, green top right, blue bottom left, white.
CORNERS = np.array(
    [
        [[255, 0, 0], [0, 0, 0], [0, 255, 0]],
        [[0, 0, 255], [0, 0, 0], [255, 255, 255]],
    ],
    np.uint8,
)
GRADIENT = np.stack(np.meshgrid(np.arange(0, 240, 8), np.arange(0, 160, 8)), axis=-1)
PHOTO = np.dstack([GRADIENT, np.full(GRADIENT.shape[:2], 90)]).astype(np.uint8)
DEEP = PHOTO.astype(np.uint16) * 257


def saved(path, array, **options):
    Image.fromarray(array).save(path, **options)
    return path


def exif_orientation(value):
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


class TestFormats:
    @pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".webp"])
    def test_lossless_formats_are_exact(self, tmp_path, suffix):
        options = {"lossless": True} if suffix == ".webp" else {}
        opened = read_image(saved(tmp_path / f"photo{suffix}", PHOTO, **options))
        np.testing.assert_array_equal(opened.array, PHOTO)
        assert opened.note == ""
        assert opened.path == tmp_path / f"photo{suffix}"

    def test_jpeg_is_close(self, tmp_path):
        opened = read_image(saved(tmp_path / "photo.jpg", PHOTO, quality=95, subsampling=0))
        assert np.abs(opened.array.astype(int) - PHOTO).max() <= 6

    def test_array_is_what_callers_rely_on(self, tmp_path):
        array = read_image(str(saved(tmp_path / "photo.png", PHOTO))).array
        assert array.dtype == np.uint8
        assert array.flags.c_contiguous
        assert not array.flags.writeable

    def test_content_decides_not_the_suffix(self, tmp_path):
        saved(tmp_path / "photo.png", PHOTO).rename(tmp_path / "photo.jpg")
        np.testing.assert_array_equal(read_image(tmp_path / "photo.jpg").array, PHOTO)

    def test_path_beyond_ascii(self, tmp_path):
        folder = tmp_path / "Fotos von Zoë 写真"
        folder.mkdir()
        np.testing.assert_array_equal(read_image(saved(folder / "Käse Ω.png", PHOTO)).array, PHOTO)

    @pytest.mark.parametrize("size", [(1, 1), (30000, 10), (8000, 6000)])
    def test_unusual_sizes(self, tmp_path, size):
        Image.new("RGB", size, (1, 2, 3)).save(tmp_path / "photo.png", compress_level=1)
        array = read_image(tmp_path / "photo.png").array
        assert array.shape == (size[1], size[0], 3)
        assert array[-1, -1].tolist() == [1, 2, 3]


class TestOrientation:
    UPRIGHT = {
        1: CORNERS,
        2: CORNERS[:, ::-1],
        3: CORNERS[::-1, ::-1],
        4: CORNERS[::-1],
        5: CORNERS.transpose(1, 0, 2),
        6: np.rot90(CORNERS, -1),
        7: CORNERS[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(CORNERS),
    }

    @pytest.mark.parametrize("value", range(1, 9))
    def test_png(self, tmp_path, value):
        opened = read_image(saved(tmp_path / "photo.png", CORNERS, exif=exif_orientation(value)))
        np.testing.assert_array_equal(opened.array, self.UPRIGHT[value])

    @pytest.mark.parametrize("value", range(1, 9))
    @pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
    def test_tiff(self, tmp_path, value, dtype):
        pixels = CORNERS.astype(dtype) * (257 if dtype == np.uint16 else 1)
        tifffile.imwrite(
            tmp_path / "photo.tif", pixels, photometric="rgb", extratags=[(274, "H", 1, value, True)], metadata=None
        )
        np.testing.assert_array_equal(read_image(tmp_path / "photo.tif").array, self.UPRIGHT[value])

    def test_jpeg_from_a_phone_held_upright(self, tmp_path):
        path = saved(tmp_path / "photo.jpg", PHOTO, quality=95, subsampling=0, exif=exif_orientation(6))
        opened = read_image(path)
        assert np.abs(opened.array.astype(int) - np.rot90(PHOTO, -1)).max() <= 6

    def test_deep_png(self, tmp_path):
        Image.fromarray(CORNERS).save(tmp_path / "exif.png", exif=exif_orientation(6))
        exif_chunk = png_chunk((tmp_path / "exif.png").read_bytes(), b"eXIf")
        encoded = cv2.imencode(".png", CORNERS[..., ::-1].astype(np.uint16) * 257)[1].tobytes()
        (tmp_path / "photo.png").write_bytes(encoded[:33] + exif_chunk + encoded[33:])  # right after the header
        np.testing.assert_array_equal(read_image(tmp_path / "photo.png").array, self.UPRIGHT[6])

    @pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
    def test_unreadable_exif_does_not_hide_the_photo(self, tmp_path):
        saved(tmp_path / "photo.jpg", PHOTO, exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
        assert read_image(tmp_path / "photo.jpg").array.shape == PHOTO.shape


def png_chunk(content, name):
    start = content.index(name) - 4
    length = int.from_bytes(content[start : start + 4], "big")
    return content[start : start + length + 12]


class TestColours:
    def test_grey_becomes_three_equal_channels(self, tmp_path):
        array = read_image(saved(tmp_path / "photo.png", PHOTO[..., 0])).array
        np.testing.assert_array_equal(array, np.dstack([PHOTO[..., 0]] * 3))

    def test_palette(self, tmp_path):
        image = Image.fromarray(np.array([[0, 1], [1, 0]], np.uint8), "P")
        image.putpalette([10, 20, 30, 40, 50, 60])
        image.save(tmp_path / "photo.png")
        assert read_image(tmp_path / "photo.png").array[0].tolist() == [[10, 20, 30], [40, 50, 60]]

    def test_transparent_parts_are_white_and_said_so(self, tmp_path):
        pixels = np.array([[[100, 50, 0, 255], [100, 50, 0, 0], [100, 50, 0, 51]]], np.uint8)
        opened = read_image(saved(tmp_path / "photo.png", pixels))
        # 51 of 255 is a fifth: 0.2 * (100, 50, 0) + 0.8 * 255
        assert opened.array[0].tolist() == [[100, 50, 0], [255, 255, 255], [224, 214, 204]]
        assert opened.note == "transparent parts shown over white"

    def test_opaque_alpha_is_not_worth_a_note(self, tmp_path):
        opened = read_image(saved(tmp_path / "photo.png", np.dstack([PHOTO, np.full_like(PHOTO[..., 0], 255)])))
        np.testing.assert_array_equal(opened.array, PHOTO)
        assert opened.note == ""

    def test_cmyk_jpeg(self, tmp_path):
        Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "photo.jpg", quality=95)
        opened = read_image(tmp_path / "photo.jpg")
        red, green, blue = opened.array[8, 8].tolist()
        assert red > 245
        assert green < 10
        assert blue < 10
        assert "CMYK" in opened.note


class TestDeepFiles:
    def test_16_bit_rgb_png(self, tmp_path):
        (tmp_path / "photo.png").write_bytes(cv2.imencode(".png", DEEP[..., ::-1])[1].tobytes())
        opened = read_image(tmp_path / "photo.png")
        np.testing.assert_array_equal(opened.array, PHOTO)
        assert opened.note == "16-bit values scaled to 8 bits"

    def test_16_bit_grey_png(self, tmp_path):
        np.testing.assert_array_equal(
            read_image(saved(tmp_path / "photo.png", DEEP[..., 0])).array, np.dstack([PHOTO[..., 0]] * 3)
        )

    def test_16_bit_rgba_png(self, tmp_path):
        bgra = np.array([[[0, 32896, 65535, 65535], [0, 0, 0, 0]]], np.uint16)
        (tmp_path / "photo.png").write_bytes(cv2.imencode(".png", bgra)[1].tobytes())
        opened = read_image(tmp_path / "photo.png")
        assert opened.array[0].tolist() == [[255, 128, 0], [255, 255, 255]]
        assert "transparent" in opened.note

    def test_12_bit_values_use_the_whole_range(self, tmp_path):
        tifffile.imwrite(tmp_path / "photo.tif", np.array([[0, 2048, 4095]], np.uint16))
        opened = read_image(tmp_path / "photo.tif")
        assert opened.array[0, :, 0].tolist() == [0, 128, 255]  # 2048 / 4095 * 255 = 127.53
        assert opened.note == "12-bit values scaled to 8 bits"

    @pytest.mark.parametrize("compression", [None, "zlib", "lzma"])
    def test_16_bit_tiff(self, tmp_path, compression):
        tifffile.imwrite(tmp_path / "photo.tif", DEEP, photometric="rgb", compression=compression)
        np.testing.assert_array_equal(read_image(tmp_path / "photo.tif").array, PHOTO)

    def test_16_bit_tiff_with_lzw(self, tmp_path):
        (tmp_path / "photo.tif").write_bytes(cv2.imencode(".tif", DEEP[..., ::-1])[1].tobytes())
        with tifffile.TiffFile(tmp_path / "photo.tif") as tiff:
            assert tiff.pages.first.compression == tifffile.COMPRESSION.LZW
        np.testing.assert_array_equal(read_image(tmp_path / "photo.tif").array, PHOTO)

    @pytest.mark.parametrize("pixels", [DEEP, PHOTO])
    def test_planes_stored_apart(self, tmp_path, pixels):
        planes = np.moveaxis(pixels, -1, 0)
        tifffile.imwrite(tmp_path / "photo.tif", planes, photometric="rgb", planarconfig="separate")
        np.testing.assert_array_equal(read_image(tmp_path / "photo.tif").array, PHOTO)

    def test_white_is_zero(self, tmp_path):
        tifffile.imwrite(tmp_path / "photo.tif", np.array([[0, 65535]], np.uint16), photometric="miniswhite")
        assert read_image(tmp_path / "photo.tif").array[0, :, 0].tolist() == [255, 0]

    def test_float_is_stretched_between_percentiles(self, tmp_path):
        values = np.linspace(-1, 3, 201, dtype=np.float32).reshape(1, 201)
        values[0, 100] = np.nan
        tifffile.imwrite(tmp_path / "photo.tif", values)
        opened = read_image(tmp_path / "photo.tif")
        # 200 values in steps of 0.02 without the one in the middle: the 0.5th percentile lies 0.995 steps from the end.
        assert opened.note == "values -0.9801 to 2.9801 stretched to 8 bits"
        assert opened.array[0, [0, 100, 200], 0].tolist() == [0, 0, 255]
        assert opened.array[0, 150, 0] == 192  # (2 + 0.9801) / 3.9602 * 255 = 191.9

    def test_constant_float_opens(self, tmp_path):
        tifffile.imwrite(tmp_path / "photo.tif", np.full((4, 5), 7, np.float32))
        assert read_image(tmp_path / "photo.tif").array.shape == (4, 5, 3)

    @pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
    def test_five_channels(self, tmp_path, dtype):
        pixels = np.dstack([PHOTO, PHOTO[..., :2]]).astype(dtype) * (257 if dtype == np.uint16 else 1)
        tifffile.imwrite(tmp_path / "photo.tif", pixels, photometric="minisblack", planarconfig="contig")
        opened = read_image(tmp_path / "photo.tif")
        np.testing.assert_array_equal(opened.array, PHOTO)
        assert "3 of 5 channels shown" in opened.note

    @pytest.mark.parametrize("pixels", [PHOTO, DEEP])
    def test_first_of_several_pages(self, tmp_path, pixels):
        tifffile.imwrite(tmp_path / "photo.tif", np.stack([pixels, pixels * 0]), photometric="rgb")
        opened = read_image(tmp_path / "photo.tif")
        np.testing.assert_array_equal(opened.array, PHOTO)
        assert opened.note.endswith("page 1 of 2")

    def test_first_of_several_frames(self, tmp_path):
        other = Image.fromarray(255 - PHOTO)
        saved(tmp_path / "photo.webp", PHOTO, lossless=True, save_all=True, append_images=[other])
        opened = read_image(tmp_path / "photo.webp")
        np.testing.assert_array_equal(opened.array, PHOTO)
        assert opened.note == "frame 1 of 2"


class TestRefusals:
    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".tif", ".webp"])
    @pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
    def test_cut_short(self, tmp_path, suffix, share):
        path = saved(tmp_path / f"photo{suffix}", np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(ImageError, match="cut short"):
            read_image(path)

    @pytest.mark.parametrize("suffix", [".png", ".tif"])
    def test_deep_file_cut_short(self, tmp_path, suffix):
        content = cv2.imencode(suffix, DEEP)[1].tobytes()
        (tmp_path / f"photo{suffix}").write_bytes(content[: len(content) // 2])
        with pytest.raises(ImageError, match=r"cut short|damaged"):
            read_image(tmp_path / f"photo{suffix}")

    def test_empty_file(self, tmp_path):
        (tmp_path / "photo.png").write_bytes(b"")
        with pytest.raises(ImageError, match=r"photo\.png: the file is empty \(0 bytes\)"):
            read_image(tmp_path / "photo.png")

    def test_text_with_the_suffix_of_an_image(self, tmp_path):
        (tmp_path / "notes.png").write_text("Dear diary")
        with pytest.raises(ImageError, match=r"notes\.png: not a JPEG, PNG, TIFF, WebP or BMP image"):
            read_image(tmp_path / "notes.png")

    def test_folder(self, tmp_path):
        with pytest.raises(ImageError, match="it is a folder"):
            read_image(tmp_path)

    def test_missing_file(self, tmp_path):
        with pytest.raises(ImageError, match=r"nowhere\.png: No such file"):
            read_image(tmp_path / "nowhere.png")

    def test_too_many_pixels_are_refused_before_decoding(self, tmp_path):
        side = int(MAX_PIXELS**0.5) + 1
        Image.new("1", (side, side)).save(tmp_path / "bomb.png")
        content = (tmp_path / "bomb.png").read_bytes()
        (tmp_path / "bomb.png").write_bytes(content[:100])  # decoding it would complain about the missing rest
        with pytest.raises(ImageError, match=rf"{side} x {side} pixels are too many"):
            read_image(tmp_path / "bomb.png")

    def test_too_long_a_side(self, tmp_path):
        Image.new("1", (70000, 2)).save(tmp_path / "long.png")
        with pytest.raises(ImageError, match="70000 x 2 pixels are too many"):
            read_image(tmp_path / "long.png")

    def test_every_message_is_one_line(self, tmp_path):
        (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(60))
        with pytest.raises(ImageError) as caught:
            read_image(tmp_path / "photo.png")
        assert "\n" not in str(caught.value)


class TestFolders:
    def test_natural_order_without_other_files(self, tmp_path):
        for name in ("b10.jpg", "b2.JPG", "a.webp", "notes.txt", ".hidden.jpg", "B1.tiff"):
            (tmp_path / name).write_bytes(b"")
        (tmp_path / "folder.png").mkdir()
        assert [path.name for path in list_images(tmp_path)] == ["a.webp", "B1.tiff", "b2.JPG", "b10.jpg"]

    def test_every_suffix_is_listed(self, tmp_path):
        for suffix in SUFFIXES:
            (tmp_path / f"photo{suffix}").write_bytes(b"")
        assert len(list_images(tmp_path)) == len(SUFFIXES)

    def test_names_of_digits_and_letters_can_be_compared(self, tmp_path):
        for name in ("1.png", "a.png", "²1.png", "01.png"):
            (tmp_path / name).write_bytes(b"")
        assert [path.name for path in list_images(tmp_path)] == ["01.png", "1.png", "a.png", "²1.png"]

    def test_folder_without_images(self, tmp_path):
        assert list_images(tmp_path) == ()

    def test_missing_folder_and_file(self, tmp_path):
        (tmp_path / "file.png").write_bytes(b"")
        for path in (tmp_path / "nowhere", tmp_path / "file.png"):
            with pytest.raises(ImageError, match="cannot list"):
                list_images(path)
