"""`main.py refine` for label maps, mattes and depth: toy networks in this process, the built-in ones in their own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import main
import models
from gbrs_core import Click, RefinementSession
from gbrs_core.image_io import read_image
from gbrs_core.interaction import Push, Stroke
from gbrs_core.trimap import trimap_from_mask
from models.spec import LoadedNetwork
from resources import sample_path
from tests.helpers import dense_networks

HEIGHT, WIDTH = 32, 40


@pytest.fixture
def folder(tmp_path):
    """A photograph, strokes and a trimap of its size."""
    picture = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / "photo.png")
    strokes = np.full((HEIGHT, WIDTH), 255, np.uint8)
    strokes[4:8, 5:15] = 3
    strokes[20:22, 30:38] = 1
    Image.fromarray(strokes).save(tmp_path / "strokes.png")
    trimap = np.full((HEIGHT, WIDTH), 128, np.uint8)
    trimap[:6], trimap[-6:] = 0, 255
    Image.fromarray(trimap).save(tmp_path / "trimap.png")
    return tmp_path


@pytest.fixture
def toys(monkeypatch):
    """Toy networks instead of the built-in ones, and instead of checkpoints named after a task."""

    def load(source):
        task = str(getattr(source, "stem", source)).removeprefix("light_")
        toy = dense_networks.network(task)
        return LoadedNetwork(module=toy.module, spec=toy.spec, sha256=task)

    monkeypatch.setattr(models, "load", load)
    monkeypatch.setattr(models, "default_network", lambda task: f"light_{task}")


@pytest.fixture
def refine(folder, toys, monkeypatch, capsys):
    """Call the command in the folder; gives the exit status, what it printed and what it said on stderr."""
    monkeypatch.chdir(folder)

    def call(task, *arguments):
        try:
            status = main.main(["refine", "photo.png", "--task", task, "--device", "cpu", *arguments])
        except SystemExit as stopped:
            status = stopped.code
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


def session_of(task, interactions, trimap=None):
    session = RefinementSession(dense_networks.network(task), read_image("photo.png").array, guidance=trimap)
    for one in interactions:
        for _ in session.refine(one):
            pass
    return session


class TestSemantic:
    def test_label_ids_equal_those_of_a_session_in_the_order_given(self, refine):
        status, out, err = refine(
            "semantic", "--click", "10,10,8,2", "--stroke", "strokes.png", "--click", "30,20,6,0",
            "--out", "ids.png", "--json",
        )  # fmt: skip
        assert (status, err) == (0, "")
        session = session_of(
            "semantic",
            [
                Click(10, 10, 8, 2),
                Stroke(np.ones((2, 8), bool), 1.0, 30, 20),
                Stroke(np.ones((4, 10), bool), 3.0, 5, 4),
                Click(30, 20, 6, 0),
            ],
        )
        np.testing.assert_array_equal(np.asarray(Image.open("ids.png")), session.prediction.array)
        report = json.loads(out)
        assert [entry["kind"] for entry in report["clicks"]] == ["click", "stroke", "stroke", "click"]
        assert [entry["target"] for entry in report["clicks"]] == [2, 1, 3, 0]
        assert [entry["loss"] for entry in report["clicks"]] == pytest.approx([one.loss for one in session.reports])
        assert [entry["iterations"] for entry in report["clicks"]] == [one.iterations_run for one in session.reports]
        assert report["clicks"][1]["pixels"] == 16
        assert all(0 <= entry["changed_outside"] <= 1 for entry in report["clicks"])

    def test_probabilities(self, refine):
        assert refine("semantic", "--click", "10,10,8,2", "--out", "all.npz")[0] == 0
        archive = np.load("all.npz", allow_pickle=False)
        assert archive["probabilities"].shape == (4, HEIGHT, WIDTH)
        np.testing.assert_allclose(archive["probabilities"].astype(float).sum(axis=0), 1, atol=0.005)
        assert archive["class_names"].tolist() == ["road", "sky", "tree", "car"]

    def test_without_interactions_it_is_the_plain_network(self, refine):
        assert refine("semantic", "--out", "ids.png")[0] == 0
        np.testing.assert_array_equal(np.asarray(Image.open("ids.png")), session_of("semantic", []).prediction.array)

    def test_cityscapes(self, refine):
        assert refine("semantic", "--format", "cityscapes", "--out", "ids.png")[0] == 0
        expected = np.array([7, 23, 21, 26])[session_of("semantic", []).prediction.array]
        np.testing.assert_array_equal(np.asarray(Image.open("ids.png")), expected)


class TestMatting:
    def test_matte_equals_that_of_a_session(self, refine):
        status, out, err = refine(
            "matting", "--trimap", "trimap.png", "--push", "20,16,down", "--click", "8,15,6,0.75", "--out", "a.tif",
            "--json",
        )  # fmt: skip
        assert (status, err) == (0, "")
        trimap = np.asarray(Image.open("trimap.png"))
        session = session_of("matting", [Push(20, 16, -1, 0.1), Click(8, 15, 6, 0.75)], trimap)
        matte = cv2.imread("a.tif", cv2.IMREAD_UNCHANGED)
        assert matte.dtype == np.float32
        np.testing.assert_array_equal(matte, session.prediction.array)
        assert (matte[trimap == 0] == 0).all() and (matte[trimap == 255] == 1).all()
        push, click = json.loads(out)["clicks"]
        assert (push["kind"], push["direction"], push["step"], push["iterations"]) == ("push", -1, 0.1, 1)
        assert click["target"] == 0.75

    def test_8_bits(self, refine):
        assert refine("matting", "--trimap", "trimap.png", "--out", "a.png")[0] == 0
        session = session_of("matting", [], np.asarray(Image.open("trimap.png")))
        np.testing.assert_array_equal(np.asarray(Image.open("a.png")), np.rint(session.prediction.array * 255))

    def test_trimap_from_an_object_mask(self, refine):
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        mask[8:24, 10:30] = 255
        Image.fromarray(mask).save("mask.png")
        given = ("--mask", "mask.png", "--band", "2,3", "--format", "trimap", "--out", "t.png")
        assert refine("matting", *given)[0] == 0
        np.testing.assert_array_equal(np.asarray(Image.open("t.png")), trimap_from_mask(mask > 0, 2, 3))

    def test_composite_over_a_colour(self, refine):
        given = ("--trimap", "trimap.png", "--format", "composite", "--background", "#102030", "--out", "a.png")
        assert refine("matting", *given)[0] == 0
        assert np.asarray(Image.open("a.png"))[0, 0].tolist() == [0x10, 0x20, 0x30]

    def test_all_unknown_trimap_is_used_and_said(self, refine):
        Image.fromarray(np.full((HEIGHT, WIDTH), 128, np.uint8)).save("unknown.png")
        status, out, err = refine("matting", "--trimap", "unknown.png", "--out", "a.png", "--json")
        assert status == 0
        assert err == f"note: {json.loads(out)['notes'][0]}\n"
        assert "unknown.png is unknown everywhere" in err

    def test_near_values_are_said(self, refine):
        Image.fromarray(np.full((HEIGHT, WIDTH), 127, np.uint8)).save("near.png")
        assert (
            "1,280 pixels of value 127 taken as 128" in refine("matting", "--trimap", "near.png", "--out", "a.png")[2]
        )


class TestDepth:
    CLICKS = ("--click", "10,10,8,2.5", "--push", "30,20,up", "--push-step", "0.25")

    def test_depth_equals_that_of_a_session(self, refine):
        assert refine("depth", *self.CLICKS, "--out", "depth.npy")[0] == 0
        session = session_of("depth", [Click(10, 10, 8, 2.5), Push(30, 20, 1, 0.25)])
        np.testing.assert_array_equal(np.load("depth.npy", allow_pickle=False), session.prediction.array)

    @pytest.mark.parametrize("name", ["depth.tif", "depth.tiff", "depth.png", "depth.ply"])
    def test_suffix_chooses_the_format(self, refine, name):
        assert refine("depth", *self.CLICKS, "--out", name)[0] == 0
        depth = session_of("depth", [Click(10, 10, 8, 2.5), Push(30, 20, 1, 0.25)]).prediction.array
        content = Path(name).read_bytes()
        if name.endswith(".ply"):
            assert f"element vertex {HEIGHT * WIDTH}".encode() in content
            assert b"view 60 degrees" in content
        elif name.endswith(".png"):
            np.testing.assert_array_equal(
                np.asarray(Image.open(io.BytesIO(content))), np.rint(depth.astype(float) * 1000)
            )
        else:
            read = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
            np.testing.assert_array_equal(read, depth)

    def test_report_in_words(self, refine):
        lines = refine("depth", *self.CLICKS, "--out", "depth.npy")[1].splitlines()
        assert lines[0].startswith("click 10,10 to 2.5: loss ")
        assert lines[1].startswith("push 30,20 by +0.25: loss ")

    def test_openexr(self, refine):
        library = pytest.importorskip("OpenEXR")
        assert refine("depth", "--out", "depth.exr")[0] == 0
        pixels = library.File("depth.exr").channels()["Z"].pixels
        np.testing.assert_array_equal(pixels, session_of("depth", []).prediction.array)


SOME_TRIMAP = ("--trimap", "trimap.png")


@pytest.mark.parametrize(
    ("task", "arguments", "said"),
    [
        ("interactive", (), "no object without a click"),
        ("interactive", ("--click", "30,10,20"), "X,Y,RADIUS,TARGET"),
        ("interactive", ("--click", "30,10,5,1", *SOME_TRIMAP), "interactive takes no trimap"),
        ("semantic", ("--click", "40,10,5,1"), "click at 40,10 is outside of the image of 40 x 32 pixels"),
        ("semantic", ("--click", "-4,10,5,1"), "click at -4,10 is outside of the image of 40 x 32 pixels"),
        ("semantic", ("--click", "10,10,5,9"), "no click with the target 9; classes are whole numbers from 0 to 3"),
        ("semantic", ("--click", "10,10,5,1.5"), "no click with the target 1.5"),
        ("semantic", ("--push", "10,10,up"), "not corrected by a push"),
        ("semantic", ("--stroke", "beyond.png"), "beyond.png as strokes: it has the ids 7, the classes end at 3"),
        ("semantic", ("--stroke", "small.png"), "small.png as strokes: it has 3 x 2 pixels, the image 40 x 32"),
        ("semantic", ("--stroke", "nowhere.png"), "no such file: nowhere.png"),
        ("semantic", ("--checkpoint", "depth.pth"), "depth.pth is a network for the task depth, not for semantic"),
        ("semantic", ("--format", "alpha"), "unknown format 'alpha' of the task semantic; known formats: labels, "),
        ("semantic", ("--format", "probabilities"), "needs a name that ends in .npz"),
        ("semantic", ("--levels", "7"), "levels"),
        ("matting", (), "matting needs a trimap; give one with --trimap FILE"),
        ("matting", ("--trimap", "small.png"), "small.png as a trimap: it has 3 x 2 pixels, the image 40 x 32"),
        ("matting", ("--trimap", "beyond.png"), "beyond.png as a trimap: it has the values 7 in 1 pixel;"),
        ("matting", (*SOME_TRIMAP, "--mask", "beyond.png"), "takes a trimap or a mask, not both"),
        ("matting", ("--mask", "small.png"), "small.png as an object mask: it has 3 x 2 pixels, the image 40 x 32"),
        ("matting", ("--mask", "beyond.png", "--band", "-1,2"), "--band -1,2: the widths"),
        ("matting", ("--mask", "beyond.png", "--band", "4"), "'4' is not ERODE,DILATE"),
        ("depth", ("--mask", "beyond.png"), "the task depth takes no trimap; leave --mask out"),
        ("matting", (*SOME_TRIMAP, "--click", "10,10,5,1.2"), "the target 1.2; targets are from 0 to 1"),
        ("matting", (*SOME_TRIMAP, "--push", "10,10,left"), "not X,Y,up or X,Y,down"),
        ("matting", (*SOME_TRIMAP, "--push", "10,-3,up"), "push at 10,-3 is outside of the image"),
        ("matting", (*SOME_TRIMAP, "--push", "10,3,up", "--push-step", "0"), "--push-step 0: the step"),
        ("matting", (*SOME_TRIMAP, "--stroke", "strokes.png"), "strokes are for label maps"),
        ("matting", (*SOME_TRIMAP, "--background", "#12"), "'#12' is not a colour like #20a0ff"),
        ("depth", ("--click", "10,10,5,11"), "the target 11; targets are from 0.001 m to 10 m"),
        ("depth", ("--click", "10,10,5,-1"), "no click with the target -1"),
        ("depth", ("--click", "10,10,5,nan"), "finite numbers"),
        ("depth", ("--stroke", "strokes.png"), "strokes are for label maps"),
    ],
)
def test_bad_input_is_one_line_and_status_2(refine, task, arguments, said):
    Image.fromarray(np.full((2, 3), 128, np.uint8)).save("small.png")
    beyond = np.full((HEIGHT, WIDTH), 255, np.uint8)
    beyond[3, 4] = 7
    Image.fromarray(beyond).save("beyond.png")
    Path("depth.pth").touch()
    status, out, err = refine(task, *arguments, "--out", "out.png")
    assert status == 2
    assert said in err
    assert err.count("\n") == 1
    assert out == ""
    assert not Path("out.png").exists()


@pytest.mark.parametrize(("task", "name"), [("semantic", "a.tif"), ("matting", "a.npy"), ("depth", "a.jpg")])
def test_other_suffixes_are_refused_before_the_network_runs(refine, task, name):
    status, _, err = refine(task, "--out", name)
    assert status == 2
    assert f"cannot write {name}: its name must end in one of .png, " in err


def test_openexr_without_its_library(refine, monkeypatch):
    monkeypatch.setattr("gbrs_core.export.depth_exr.importlib.util.find_spec", lambda name: None)
    status, _, err = refine("depth", "--out", "a.exr")
    assert status == 2
    assert "a.exr: OpenEXR files need the library OpenEXR; install it with: pip install OpenEXR" in err


def test_task_without_a_built_in_network(refine, monkeypatch):
    monkeypatch.setattr(models, "default_network", lambda task: None)
    status, _, err = refine("depth", "--out", "a.png")
    assert status == 2
    assert "no built-in network for the task depth; give one with --checkpoint FILE" in err


@pytest.mark.parametrize("clicks", [(), ("--click", "10,10,5,1")])
@pytest.mark.parametrize("task", ["semantic", "matting", "depth"])
def test_network_whose_output_is_not_a_number(refine, monkeypatch, task, clicks):
    toy = dense_networks.network(task)
    toy.module.head.bias.fill_(float("nan"))
    loaded = LoadedNetwork(module=toy.module, spec=toy.spec, sha256="")
    monkeypatch.setattr(models, "load", lambda source: loaded)
    status, _, err = refine(task, *(SOME_TRIMAP if task == "matting" else ()), *clicks, "--out", "a.png")
    assert status == 2
    assert err.count("\n") == 1
    assert not Path("a.png").exists()


@pytest.mark.slow
@pytest.mark.parametrize("task", ["semantic", "matting", "depth"])
def test_built_in_network(task, tmp_path):
    image = read_image(sample_path()).array
    trimap = np.full(image.shape[:2], 128, np.uint8)
    trimap[:40], trimap[-40:] = 0, 255
    Image.fromarray(trimap).save(tmp_path / "trimap.png")
    given = ("--trimap", str(tmp_path / "trimap.png")) if task == "matting" else ()
    command = [sys.executable, "main.py", "refine", str(sample_path()), "--task", task, "--click", "200,150,60,1"]
    done = subprocess.run(
        [*command, *given, "--out", str(tmp_path / "out.png")], cwd=Path(main.__file__).parent,
        env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert np.asarray(Image.open(tmp_path / "out.png")).shape == image.shape[:2]
