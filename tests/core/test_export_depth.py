"""Exports of depth maps, each read back with another library than its writer."""

import io
import struct
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from gbrs_core.depth_maps import camera_points
from gbrs_core.errors import ExportError
from gbrs_core.export import DepthMapRequest, exporter, exporters_for, write_export
from gbrs_core.prediction import OutputKind

DEPTH = np.array([[0.0, 1.0, 2.3456], [np.nan, 10.0, np.inf]], np.float32)
IMAGE = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)


def request_of(depth=DEPTH, **options):
    return DepthMapRequest(image=IMAGE, image_path=Path("room.jpg"), depth_map=np.float32(depth), **options)


def pillow(name, request):
    return Image.open(io.BytesIO(exporter(name).encode(request)))


class TestPng:
    def test_millimetres(self):
        image = pillow("depth_mm", request_of())
        assert image.mode == "I;16"
        assert np.asarray(image).tolist() == [[0, 1000, 2346], [0, 10000, 0]]

    def test_256ths_of_a_metre(self):
        assert np.asarray(pillow("depth_256", request_of())).tolist() == [[0, 256, 600], [0, 2560, 0]]

    def test_what_is_too_far_or_near_is_saturated_and_said(self, tmp_path):
        request = request_of([[0.0001, 65.535, 65.6], [100.0, 300.0, 0.0]])
        written = write_export(exporter("depth_mm"), request, tmp_path / "depth.png")
        assert np.asarray(Image.open(tmp_path / "depth.png")).tolist() == [[1, 65535, 65535], [65535, 65535, 0]]
        assert written.notes == (
            "3 pixels beyond 65.535 m are written as 65.535 m",
            "1 pixel nearer than 0.00050 m are written as 0.00100 m",
        )

    def test_nothing_is_said_when_everything_fits(self):
        assert exporter("depth_256").notes(request_of()) == ()
        assert exporter("depth_256").notes(request_of([[256.5, 1, 1], [1, 1, 1]])) == (
            "1 pixel beyond 255.996 m are written as 255.996 m",
        )


class TestFloats:
    EXPECTED = np.array([[0.0, 1.0, 2.3456], [0.0, 10.0, 0.0]], np.float32)

    def test_tiff(self):
        content = exporter("depth_tiff").encode(request_of())
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(content))), self.EXPECTED)
        read = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(read, self.EXPECTED)

    def test_npy(self):
        content = exporter("depth_npy").encode(request_of())
        read = np.load(io.BytesIO(content), allow_pickle=False)
        assert read.dtype == np.float32
        np.testing.assert_array_equal(read, self.EXPECTED)

    def test_exr(self, tmp_path):
        library = pytest.importorskip("OpenEXR")
        (path,) = write_export(exporter("depth_exr"), request_of(), tmp_path / "depth.exr").paths
        channels = library.File(str(path)).channels()
        assert list(channels) == ["Z"]
        assert channels["Z"].pixels.dtype == np.float32
        np.testing.assert_array_equal(channels["Z"].pixels, self.EXPECTED)

    def test_exr_is_offered_only_with_its_library(self, monkeypatch, tmp_path):
        monkeypatch.setattr("gbrs_core.export.depth_exr.importlib.util.find_spec", lambda name: None)
        exr = exporter("depth_exr")
        assert exr not in exporters_for(OutputKind.DEPTH_MAP)
        with pytest.raises(ExportError, match=r"depth\.exr: .*pip install OpenEXR"):
            write_export(exr, request_of(), tmp_path / "depth.exr")


class TestColours:
    def test_range_of_the_map(self):
        request = request_of([[1, 2, 3], [5, 0, 3]])
        image = pillow("depth_colour", request)
        near, middle, far = ([68, 1, 84], [33, 145, 140], [253, 231, 37])  # viridis
        rgb = np.asarray(image).astype(int)
        np.testing.assert_allclose(rgb[0, 0], near, atol=1)
        np.testing.assert_allclose(rgb[0, 2], middle, atol=2)
        np.testing.assert_allclose(rgb[1, 0], far, atol=1)
        assert rgb[1, 1].tolist() == [0, 0, 0]
        assert image.text == {"depth near (m)": "1", "depth far (m)": "5"}

    def test_given_range_and_colours(self):
        ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, np.newaxis], 3, axis=1)
        request = request_of([[1, 2, 3], [5, 0, 3]], colour_range=(2.0, 4.0), colour_map=ramp)
        assert np.asarray(pillow("depth_colour", request))[..., 0].tolist() == [[0, 0, 128], [255, 0, 128]]
        assert exporter("depth_colour").notes(request) == (
            "the colours go from 2 m to 4 m; 40.0% of the known pixels are outside of it",
        )

    def test_flat_map(self):
        assert np.asarray(pillow("depth_colour", request_of(np.full((2, 3), 2.0)))).shape == (2, 3, 3)

    def test_range_must_go_up(self, tmp_path):
        with pytest.raises(ExportError, match=r"out\.png: the range of colours must go up"):
            write_export(exporter("depth_colour"), request_of(colour_range=(4, 2)), tmp_path / "out.png")


class TestPointCloud:
    def test_vertices_read_with_struct(self):
        content = exporter("point_cloud").encode(request_of(field_of_view=90.0))
        header, _, body = content.partition(b"end_header\n")
        assert header.decode().splitlines() == [
            "ply",
            "format binary_little_endian 1.0",
            "comment pinhole camera, horizontal field of view 90 degrees",
            "comment metres; x to the right, y down, z away from the camera",
            "element vertex 3",
            "property float x",
            "property float y",
            "property float z",
            "property uchar red",
            "property uchar green",
            "property uchar blue",
        ]
        vertices = [struct.unpack("<fffBBB", body[start : start + 15]) for start in range(0, len(body), 15)]
        # The focal length is half the width, 1.5 pixels; the centre of the image is column 1, row 0.5.
        assert vertices[0] == pytest.approx((0.0, 1.0 * -0.5 / 1.5, 1.0, 3, 4, 5))
        assert vertices[1] == pytest.approx((2.3456 / 1.5, 2.3456 * -0.5 / 1.5, 2.3456, 6, 7, 8))
        assert vertices[2] == pytest.approx((0.0, 10.0 * 0.5 / 1.5, 10.0, 12, 13, 14))
        assert len(vertices) == 3

    def test_the_assumption_is_said(self):
        assert "60 degrees" in exporter("point_cloud").notes(request_of())[0]

    @pytest.mark.parametrize("angle", [0.0, 180.0, float("nan")])
    def test_impossible_cameras(self, angle, tmp_path):
        with pytest.raises(ExportError, match=r"out\.ply: a field of view"):
            write_export(exporter("point_cloud"), request_of(field_of_view=angle), tmp_path / "out.ply")

    def test_corners_span_the_field_of_view(self):
        points = camera_points(np.full((4, 200), 3.0, np.float32), 60.0)
        half_width = points[0, -1, 0] * 200 / 199  # from the centre of the last pixel to its edge
        assert half_width / 3.0 == pytest.approx(np.tan(np.radians(30)), rel=1e-5)


def test_map_without_a_known_depth_is_refused(tmp_path):
    request = replace(request_of(), depth_map=np.zeros((2, 3), np.float32))
    for each in exporters_for(OutputKind.DEPTH_MAP):
        with pytest.raises(ExportError, match="no pixel has a known depth"):
            write_export(each, request, tmp_path / "out.png")
    assert list(tmp_path.iterdir()) == []
