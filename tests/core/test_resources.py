"""Sample photographs and colours that come with the program."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import resources
from gbrs_core.evaluation.layouts import LAYOUTS
from gbrs_core.image_io import read_image
from tests.benchmarks.sample_report import CLICKS, METHODS, OUTLINES, mask_of, write_data


def test_default_sample_comes_first_and_all_are_there():
    names = [path.name for path in resources.sample_paths()]
    assert resources.sample_path() == resources.sample_paths()[0]
    assert names == ["coffee.jpg", "astronaut.jpg", "chelsea.jpg", "pagoda.jpg"]


@pytest.mark.parametrize("path", resources.sample_paths(), ids=lambda path: path.stem)
def test_samples_open_and_are_credited(path):
    assert min(read_image(path).array.shape[:2]) >= 300
    assert f"`{path.name}`" in (path.parent / "CREDITS.md").read_text(encoding="utf-8")


def test_samples_stay_small():
    assert sum(path.stat().st_size for path in resources.sample_paths()) < 1_500_000


def test_palette_is_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    resources.palette.cache_clear()
    assert resources.palette()[0] == (30, 144, 255)


def test_palette_is_the_file():
    entries = json.loads(Path(resources.__file__).with_name("palettes").joinpath("objects.json").read_text())["colours"]
    assert [f"#{red:02X}{green:02X}{blue:02X}" for red, green, blue in resources.palette()] == entries


def test_first_hundred_colours_differ_visibly():
    colours = [resources.object_colour(index) for index in range(100)]
    assert colours[: len(resources.palette())] == list(resources.palette())
    smallest = min(
        sum(abs(a - b) for a, b in zip(one, other, strict=True))
        for place, one in enumerate(colours)
        for other in colours[:place]
    )
    assert smallest >= 10


def test_generated_colours_never_change():
    # Exported palettes depend on them.
    assert resources.object_colour(24) == (249, 31, 249)
    assert resources.object_colour(25) == (126, 241, 207)
    assert resources.object_colour(1000) == (241, 150, 126)


class TestSampleReport:
    def test_needs_nothing_beside_itself(self):
        path = resources.sample_report_path()
        assert path.stat().st_size < 600_000
        text = path.read_text(encoding="utf-8")
        assert text.startswith("<!doctype html>")
        sources = re.findall(r'(?:src|href)="([^"]{0,40})', text)
        assert sources and all(source.startswith("data:image/jpeg;base64,") for source in sources)
        assert "<script" not in text and "@import" not in text

    def test_shows_every_method_and_what_was_measured(self):
        text = resources.sample_report_path().read_text(encoding="utf-8")
        assert all(f"<h3>{method}</h3>" in text for method in METHODS)
        assert f"<dt>clicks</dt><dd>{CLICKS}</dd>" in text
        assert "<dt>data</dt><dd>samples</dd>" in text
        assert "<dt>system</dt>" not in text

    def test_its_data_is_read_as_written(self, tmp_path):
        write_data(tmp_path)
        samples = list(LAYOUTS["davis"].samples(tmp_path))
        assert sorted(OUTLINES) == [sample.name for sample in samples]
        for sample in samples:
            example = sample.load()
            share = float((example.target == 1).mean())
            assert 0.001 < share < 0.6

    def test_an_ellipse_is_as_wide_as_it_says(self):
        mask = mask_of((10.0, 6.0, 4.0, 2.0), 12, 20)
        assert np.flatnonzero(mask.any(axis=0)).tolist() == list(range(6, 15))
        assert np.flatnonzero(mask.any(axis=1)).tolist() == list(range(4, 9))
