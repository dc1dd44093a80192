"""The truth of one picture from files: what counts, what does not, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from gbrs_core.errors import ImageError
from gbrs_core.evaluation.truth import TruthOptions, read_truth, with_trimap

IMAGE = np.zeros((2, 3, 3), np.uint8)


@pytest.fixture
def read(tmp_path):
    """Write an array and read it as the truth of a task."""

    def write_and_read(task, array, palette=False, **options):
        path = tmp_path / ("truth.npy" if array.dtype.kind in "fi" else "truth.png")
        if path.suffix == ".npy":
            np.save(path, array)
        else:
            picture = Image.fromarray(array)
            if palette:
                picture = Image.fromarray(array, "L").convert("P")
                picture.putdata(array.ravel().tolist())
            picture.save(path)
        return read_truth(path, task, IMAGE, TruthOptions(**options))

    return write_and_read


class TestMask:
    def test_whatever_is_not_black_is_object(self, read):
        example, truth = read("interactive", np.array([[0, 1, 2], [0, 200, 255]], np.uint8))
        np.testing.assert_array_equal(example.target, [[0, 1, 1], [0, 1, 1]])
        assert example.valid.all()
        assert truth.notes == ()

    def test_128_beside_255_does_not_count(self, read):
        example, truth = read("interactive", np.array([[0, 128, 255], [0, 128, 255]], np.uint8))
        np.testing.assert_array_equal(example.target, [[0, -1, 1], [0, -1, 1]])
        np.testing.assert_array_equal(example.valid, example.target >= 0)
        assert truth.notes == ("2 pixels do not count",)

    def test_128_alone_is_object(self, read):
        example, _ = read("interactive", np.array([[0, 128, 128], [0, 0, 0]], np.uint8))
        np.testing.assert_array_equal(example.target, [[0, 1, 1], [0, 0, 0]])

    def test_negative_does_not_count(self, read):
        example, truth = read("interactive", np.array([[-1, 1, 0], [0, 0, 0]], np.int64))
        np.testing.assert_array_equal(example.target, [[-1, 1, 0], [0, 0, 0]])
        assert truth.notes == ("1 pixel does not count",)

    def test_of_a_palette_its_indices_count(self, read):
        example, _ = read("interactive", np.array([[0, 1, 0], [0, 0, 2]], np.uint8), palette=True)
        np.testing.assert_array_equal(example.target, [[0, 1, 0], [0, 0, 1]])

    def test_empty_is_refused(self, read):
        with pytest.raises(ImageError, match="every pixel is background"):
            read("interactive", np.zeros((2, 3), np.uint8))

    def test_another_size_is_refused(self, read):
        with pytest.raises(ImageError, match="4 x 4 pixels, the image 3 x 2"):
            read("interactive", np.ones((4, 4), np.uint8))


class TestLabelMap:
    def test_255_and_the_id_after_the_last_class_are_no_class(self, read):
        example, truth = read("semantic", np.array([[0, 1, 2], [3, 255, 2]], np.uint8), class_count=3)
        np.testing.assert_array_equal(example.valid, [[True, True, True], [False, False, True]])
        assert truth.notes == ("33.3% of the pixels have no class",)

    def test_ids_beyond_are_named(self, read):
        with pytest.raises(ImageError, match="the ids 5, the classes end at 2"):
            read("semantic", np.array([[0, 1, 2], [5, 1, 2]], np.uint8), class_count=3)

    def test_without_any_class_it_is_refused(self, read):
        with pytest.raises(ImageError, match="no pixel that counts"):
            read("semantic", np.full((2, 3), 255, np.uint8), class_count=3)


def test_only_the_unknown_pixels_of_a_matte_count(read):
    example, _ = read("matting", np.full((2, 3), 0.5, np.float32))
    assert example.valid.all()
    trimap = np.array([[0, 128, 255], [128, 0, 0]], np.uint8)
    np.testing.assert_array_equal(with_trimap(example, trimap).valid, trimap == 128)
    assert with_trimap(example, None) is example


def test_depths_beyond_the_network_do_not_count(read):
    depth = np.array([[0, 1, 2], [9.5, 10.5, 3]], np.float32)
    example, truth = read("depth", depth, depth_limits=(0.001, 10.0))
    np.testing.assert_array_equal(example.valid, [[False, True, True], [True, False, True]])
    assert truth.notes[-1] == "16.7% are beyond the 10 m of the network"
