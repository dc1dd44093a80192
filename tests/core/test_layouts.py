"""Data sets with something wrong in them, for every layout; crops, lists, and what travels to other processes."""

from __future__ import annotations

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.io
import tifffile
from PIL import Image

from gbrs_core.errors import GbrsError
from gbrs_core.evaluation.layout_files import SampleError
from gbrs_core.evaluation.layouts import LAYOUTS, cropped

HEIGHT, WIDTH = 12, 16
PHOTO = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
TRIMAP = np.full((HEIGHT, WIDTH), 128, np.uint8)
PAIRS = {
    "grabcut": ("data_GT", "boundary_GT"),
    "berkeley": ("images", "masks"),
    "davis": ("img", "gt"),
    "coco_mval": ("img", "gt"),
    "camvid": ("images", "labels"),
    "cityscapes": ("images", "labels"),
    "mapillary": ("images", "labels"),
    "composition1k": ("image", "alpha"),
    "nyu": ("image", "depth"),
    "kitti": ("image", "depth"),
}
"""Folders of images and truths."""


def write(path: Path, array: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), array)
    return path


def truth(layout: str) -> np.ndarray:
    """A truth with something in it, as the layout stores it."""
    array = np.zeros((HEIGHT, WIDTH), np.uint16 if layout in ("nyu", "kitti") else np.uint8)
    array[3:8, 4:10] = {"composition1k": 255, "camvid": 2, "cityscapes": 2, "mapillary": 2}.get(layout, 200)
    return array


def put(folder: Path, layout: str, name: str, what: np.ndarray | bytes | None = None) -> None:
    """An image, and a truth of one's own, its bytes, or a good one."""
    images, truths = PAIRS[layout]
    write(folder / images / f"{name}.png", PHOTO)
    if isinstance(what, bytes):
        (folder / truths).mkdir(exist_ok=True)
        (folder / truths / f"{name}.png").write_bytes(what)
    else:
        write(folder / truths / f"{name}.png", truth(layout) if what is None else what)
    if layout == "composition1k":
        write(folder / "trimap" / f"{name}.png", TRIMAP)


def problems(layout: str, folder: Path) -> dict[str, str]:
    """What is wrong with each sample; empty text for those that can be used."""
    found = {}
    for sample in LAYOUTS[layout].samples(folder):
        try:
            example = sample.load()
            assert example.image.shape[:2] == example.target.shape == example.valid.shape
            found[sample.name] = ""
        except SampleError as error:
            found[sample.name] = str(error)
    return found


@pytest.mark.parametrize("layout", list(PAIRS))
class TestEveryLayout:
    def test_what_is_wrong_is_named_and_the_rest_can_be_used(self, layout: str, tmp_path: Path) -> None:
        put(tmp_path, layout, "good")
        whole = (tmp_path / PAIRS[layout][1] / "good.png").read_bytes()
        put(tmp_path, layout, "cut", whole[: len(whole) * 2 // 3])
        put(tmp_path, layout, "nothing", b"")
        put(tmp_path, layout, "small", truth(layout)[:6])
        put(tmp_path, layout, "alone")
        (tmp_path / PAIRS[layout][0] / "alone.png").unlink()
        put(tmp_path, layout, "missing")
        (tmp_path / PAIRS[layout][1] / "missing.png").unlink()
        put(tmp_path, layout, "broken")
        image = tmp_path / PAIRS[layout][0] / "broken.png"
        image.write_bytes(image.read_bytes()[:90])
        found = problems(layout, tmp_path)
        assert sorted(found) == ["alone", "broken", "cut", "good", "missing", "nothing", "small"]
        assert found.pop("good") == ""
        words = {"missing": "is missing", "alone": "the image of", "small": "(6, 16)"}
        for name, problem in found.items():
            assert name in problem and words.get(name, "") in problem

    def test_two_images_of_one_stem_are_two_samples(self, layout: str, tmp_path: Path) -> None:
        put(tmp_path, layout, "one")
        put(tmp_path, layout, "two")
        (tmp_path / PAIRS[layout][0] / "one.png").rename(tmp_path / PAIRS[layout][0] / "two.b.png")
        names = [sample.name for sample in LAYOUTS[layout].samples(tmp_path)]
        assert names == ["one", "two.b.png", "two.png"]

    def test_samples_travel(self, layout: str, tmp_path: Path) -> None:
        put(tmp_path, layout, "good")
        put(tmp_path, layout, "missing")
        (tmp_path / PAIRS[layout][0] / "missing.png").unlink()
        good, missing = pickle.loads(pickle.dumps(list(LAYOUTS[layout].samples(tmp_path))))
        assert good.load().name == "good"
        with pytest.raises(SampleError, match="missing"):
            missing.load()


@pytest.mark.parametrize("layout", ["grabcut", "berkeley", "davis", "coco_mval"])
def test_an_object_that_is_nowhere(layout: str, tmp_path: Path) -> None:
    put(tmp_path, layout, "empty", np.zeros((HEIGHT, WIDTH), np.uint8))
    assert problems(layout, tmp_path) == {"empty": "the object of empty is empty"}


@pytest.mark.parametrize(("layout", "ignored"), [("camvid", 11), ("cityscapes", 255), ("mapillary", 65)])
def test_label_maps_of_which_nothing_is_known(layout: str, ignored: int, tmp_path: Path) -> None:
    put(tmp_path, layout, "void", np.full((HEIGHT, WIDTH), ignored, np.uint8))
    assert "nothing is known" in problems(layout, tmp_path)["void"]


def test_of_palettes_the_indices_count_and_colours_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "mapillary", "colours", PHOTO)
    put(tmp_path, "mapillary", "palette")
    picture = Image.fromarray(truth("mapillary"), "L").convert("P")
    picture.putdata(truth("mapillary").ravel().tolist())
    picture.putpalette([7, 8, 9] * 256)
    picture.save(tmp_path / "labels" / "palette.png")
    colours, palette = LAYOUTS["mapillary"].samples(tmp_path)
    np.testing.assert_array_equal(palette.load().target, truth("mapillary"))
    with pytest.raises(SampleError, match="has colours"):
        colours.load()


def test_two_masks_for_one_image(tmp_path: Path) -> None:
    put(tmp_path, "davis", "cat")
    write(tmp_path / "gt" / "cat.bmp", truth("davis"))
    assert problems("davis", tmp_path)["cat"].endswith("more than once: cat.bmp, cat.png")


class TestMattes:
    def test_trimaps(self, tmp_path: Path) -> None:
        for name in ("good", "grey", "known", "without"):
            put(tmp_path, "composition1k", name)
        write(tmp_path / "trimap" / "grey.png", np.full((HEIGHT, WIDTH), 127, np.uint8))
        write(tmp_path / "trimap" / "known.png", np.full((HEIGHT, WIDTH), 255, np.uint8))
        (tmp_path / "trimap" / "without.png").unlink()
        found = problems("composition1k", tmp_path)
        assert found["good"] == ""
        assert "[127]" in found["grey"]
        assert "no unknown pixel" in found["known"]
        assert found["without"] == "the trimap of without is missing"

    def test_alphas_of_other_numbers(self, tmp_path: Path) -> None:
        put(tmp_path, "composition1k", "deep", np.full((HEIGHT, WIDTH), 13107, np.uint16))
        put(tmp_path, "composition1k", "float")
        (tmp_path / "alpha" / "float.png").unlink()
        write(tmp_path / "alpha" / "float.tiff", np.full((HEIGHT, WIDTH), np.nan, np.float32))
        deep, floating = LAYOUTS["composition1k"].samples(tmp_path)
        assert deep.load().target[0, 0] == pytest.approx(0.2)
        with pytest.raises(SampleError, match="not between 0 and 1"):
            floating.load()


class TestDepth:
    def test_floating_point_metres_with_holes(self, tmp_path: Path) -> None:
        metres = np.full((HEIGHT, WIDTH), 2.0, np.float32)
        metres[0], metres[1], metres[2] = np.nan, np.inf, 12.0
        for name, array in (("holes", metres), ("void", np.full_like(metres, np.nan))):
            write(tmp_path / "image" / f"{name}.png", PHOTO)
            (tmp_path / "depth").mkdir(exist_ok=True)
            tifffile.imwrite(tmp_path / "depth" / f"{name}.tiff", array)
        holes, void = LAYOUTS["nyu"].samples(tmp_path)
        example = holes.load()
        assert np.isfinite(example.target).all() and not example.valid[:3].any() and example.valid[3:].all()
        with pytest.raises(SampleError, match="nothing is known"):
            void.load()

    def test_eight_bits_are_no_depth(self, tmp_path: Path) -> None:
        put(tmp_path, "nyu", "flat", np.full((HEIGHT, WIDTH), 9, np.uint8))
        assert "uint8 numbers" in problems("nyu", tmp_path)["flat"]

    def test_the_eigen_split_of_kitti(self, tmp_path: Path) -> None:
        image = "2011_09_26/2011_09_26_drive_0002_sync/image_02/data/0000000069.png"
        depth = "2011_09_26_drive_0002_sync/proj_depth/groundtruth/image_02/0000000069.png"
        write(tmp_path / image, PHOTO)
        write(tmp_path / depth, np.full((HEIGHT, WIDTH), 256 * 30, np.uint16))
        lines = [f"{image} {depth} 721.5377", f"{image.replace('69', '70')} None 721.5377", ""]
        (tmp_path / "eigen_test_files_with_gt.txt").write_text("\n".join(lines))
        first, second = LAYOUTS["kitti"].samples(tmp_path)
        assert first.name == "2011_09_26_drive_0002_sync_0000000069"
        assert (first.load().target == 30).all()
        with pytest.raises(SampleError, match="0000000070 is missing"):
            second.load()

    def test_crops(self, tmp_path: Path) -> None:
        write(tmp_path / "image" / "frame.png", np.zeros((480, 640, 3), np.uint8))
        write(tmp_path / "depth" / "frame.png", np.full((480, 640), 2000, np.uint16))
        put(tmp_path, "nyu", "small")
        frame, small = (sample.load() for sample in LAYOUTS["nyu"].samples(tmp_path))
        eigen = LAYOUTS["nyu"].crops["eigen"]
        assert cropped(eigen, frame).valid.sum() == (471 - 45) * (601 - 41)
        with pytest.raises(SampleError, match="small cannot be cropped"):
            cropped(eigen, small)
        # Of 12 x 16 pixels the crop of Garg et al. keeps rows 4 to 10 and columns 0 to 14.
        assert cropped(LAYOUTS["kitti"].crops["garg"], small).valid.sum() == small.valid[4:11, :15].sum()


class TestSbd:
    def put(self, folder: Path, name: str, objects: object) -> None:
        (folder / "inst").mkdir(parents=True, exist_ok=True)
        if isinstance(objects, bytes):
            (folder / "inst" / f"{name}.mat").write_bytes(objects)
        elif objects is not None:
            scipy.io.savemat(folder / "inst" / f"{name}.mat", {"GTinst": {"Segmentation": objects}})
        assert cv2.imwrite(str(write(folder / "img" / f"{name}.png", PHOTO)), PHOTO)
        (folder / "img" / f"{name}.png").rename(folder / "img" / f"{name}.jpg")
        with (folder / "val.txt").open("a", encoding="utf-8") as stream:
            stream.write(f"{name}\n")

    def test_what_is_wrong_is_named(self, tmp_path: Path) -> None:
        self.put(tmp_path, "good", truth("davis") // 100)
        self.put(tmp_path, "torn", b"MATLAB 5.0 MAT-file" + bytes(80))
        self.put(tmp_path, "gone", None)
        self.put(tmp_path, "text", "no numbers")
        self.put(tmp_path, "bare", np.zeros((HEIGHT, WIDTH), np.uint8))
        self.put(tmp_path, "small", truth("davis")[:6])
        self.put(tmp_path, "blind", truth("davis") // 100)
        (tmp_path / "img" / "blind.jpg").unlink()
        found = problems("sbd", tmp_path)
        assert found.pop("good_2") == ""
        assert "(6, 16)" in found.pop("small_200")
        assert "blind.jpg" in found.pop("blind_2")
        assert set(found) == {"torn", "gone", "text", "bare"}
        for name, problem in found.items():
            assert f"{name}.mat" in problem

    def test_a_list_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(GbrsError, match=r"val\.txt"):
            list(LAYOUTS["sbd"].samples(tmp_path))
        (tmp_path / "val.txt").write_bytes(b"\xff\xfe\xff")
        with pytest.raises(GbrsError, match=r"cannot read .*val\.txt"):
            list(LAYOUTS["sbd"].samples(tmp_path))


def test_cityscapes_as_published_with_labels_but_no_image(tmp_path: Path) -> None:
    write(tmp_path / "leftImg8bit" / "val" / "ulm" / "ulm_1_leftImg8bit.png", PHOTO)
    for name in ("ulm_1", "ulm_2"):
        write(tmp_path / "gtFine" / "val" / "ulm" / f"{name}_gtFine_labelTrainIds.png", truth("cityscapes"))
    found = problems("cityscapes", tmp_path)
    assert found["ulm_1"] == "" and "the image of" in found["ulm_2"]
