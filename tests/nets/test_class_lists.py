"""Class lists: JSON, text and palettes are read, mistakes are named, lists are remembered per checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gbrs_core.network import InsertionLayout, NetworkSpec
from models import class_lists
from models.class_lists import ClassList, ClassListError, numbered, read_class_list, with_class_list

SHA256 = "ab" * 32
TWO = ClassList(("road", "sky"), ((128, 64, 128), (70, 130, 180)))


def semantic(class_count: int | None = 2) -> NetworkSpec:
    return NetworkSpec("n", "semantic", "A network", {"": InsertionLayout(())}, "", class_count=class_count)


def written(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_our_own_form(tmp_path: Path) -> None:
    path = written(
        tmp_path / "classes.json", [{"name": "road", "color": [128, 64, 128]}, {"name": "sky", "color": [70, 130, 180]}]
    )
    assert read_class_list(path) == TWO


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    assert read_class_list(written(tmp_path / "classes.json", class_lists.as_json(TWO))) == TWO


def test_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "classes.json"
    path.write_bytes(b"\xef\xbb\xbf" + class_lists.as_json(TWO).encode())
    assert read_class_list(path) == TWO


def test_the_config_of_mapillary_vistas(tmp_path: Path) -> None:
    labels = [
        {
            "name": "construction--flat--road",
            "readable": "road",
            "color": [128, 64, 128],
            "evaluate": True,
            "instances": False,
        },
        {"name": "nature--sky", "readable": "sky", "color": [70, 130, 180], "evaluate": True, "instances": False},
        {"name": "void--unlabeled", "readable": "Unlabeled", "color": [0, 0, 0], "evaluate": False, "instances": False},
    ]
    assert read_class_list(written(tmp_path / "config.json", {"labels": labels, "version": "1.1"})) == TWO


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ({"classes": []}, "0 classes"),
        ({"names": ["road", "sky"]}, "neither a list"),
        ({"classes": ["road", "sky"], "palette": [[1, 2, 3]]}, "1 colours for 2 classes"),
        ({"classes": ["road", 7]}, 'entry 1 has no "name"'),
        ([], "0 classes"),
        ([{"name": "one", "color": [0, 0, 0]}], "1 classes"),
        (["road", 7], "entry 0 is no object"),
        ("road\n", "1 classes"),
        ("road 1 2 3\nsky\n", "line 2 has no colour"),
        ("road 1 2 3\n4 5 6\n", "line 2 has no name"),
        ("road 1 2 300\nsky 4 5 6\n", "line 1 has no colour of three"),
        ("1 2\n3 4\n", "line 1 has no colour of three"),
        ("0 road\n2 sky\n", "line 2 has the id 2 after 0"),
        ("1 2 3\n4 5 6\n", "colours but no names"),
        ([{"name": "road", "color": [0, 0, 0]}, {"color": [0, 0, 0]}], 'entry 1 has no "name"'),
        ([{"name": "road\n", "color": [0, 0, 0]}, {"name": "b", "color": [0, 0, 0]}], 'entry 0 has no "name"'),
        ([{"name": "road", "color": [0, 0, 256]}, {"name": "b", "color": [0, 0, 0]}], 'entry 0 (road) has no "color"'),
        ([{"name": "road", "color": [0, 0]}, {"name": "b", "color": [0, 0, 0]}], 'entry 0 (road) has no "color"'),
        ([{"name": "road", "color": [0, 0, True]}, {"name": "b", "color": [0, 0, 0]}], 'entry 0 (road) has no "color"'),
        ([{"name": "road", "color": "#ff0000"}, {"name": "b", "color": [0, 0, 0]}], 'entry 0 (road) has no "color"'),
        ({"labels": [7, 8]}, "entry 0 is no object"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, content: object, reason: str) -> None:
    path = written(tmp_path / "classes.json", content)
    with pytest.raises(ClassListError) as caught:
        read_class_list(path)
    assert reason in str(caught.value)
    assert str(path) in str(caught.value)


BLUE, GREY = (1, 2, 255), (70, 70, 70)


@pytest.mark.parametrize(
    "text",
    [
        "road 1 2 255\ntraffic light 70 70 70\n",
        "1 2 255 road\r\n70 70 70\ttraffic light\r\n",
        "# CamVid\n\n1 2 255\t\troad\n70 70 70\t\ttraffic light",
        'id,name,red,green,blue\n0,road,1,2,255\n1,"traffic light",70,70,70\n',
        "1;road;1;2;255\n2;traffic light;70;70;70;\n",
        "0 1 2 255 road\n1 70 70 70 traffic light\n",
        "road #0102ff\n#464646 traffic light\n",
        "GIMP Palette\nName: Streets\nColumns: 2\n#\n  1   2 255\troad\n 70  70  70\ttraffic light\n",
        '{"classes": ["road", "traffic light", "Void"], "palette_rgb": [[1, 2, 255], [70, 70, 70], [0, 0, 0]]}',
    ],
)
def test_names_and_colours_as_other_programs_write_them(tmp_path: Path, text: str) -> None:
    expected = ClassList(("road", "traffic light"), (BLUE, GREY))
    assert read_class_list(written(tmp_path / "classes.txt", text)) == expected


def test_a_name_may_end_in_a_number(tmp_path: Path) -> None:
    found = read_class_list(written(tmp_path / "classes.txt", "0 lane 2 1 2 255\n1 lane 3 70 70 70\n"))
    assert found == ClassList(("lane 2", "lane 3"), (BLUE, GREY))


@pytest.mark.parametrize("text", ["road\nClass 7\n", "0 road\n1 Class 7\n", '["road", "Class 7"]'])
def test_names_alone_get_colours_that_differ(tmp_path: Path, text: str) -> None:
    assert read_class_list(written(tmp_path / "names.txt", text)) == ClassList(("road", "Class 7"), numbered(2).colours)


@pytest.mark.parametrize(
    "text", ["1 2 255\n70 70 70\n", "GIMP Palette\n#\n1 2 255 Untitled\n70 70 70 Untitled\n", "#0102ff\n#464646\n"]
)
def test_colours_alone_leave_the_names(tmp_path: Path, text: str) -> None:
    found = read_class_list(written(tmp_path / "palette.gpl", text), ("road", "sky"))
    assert found == ClassList(("road", "sky"), (BLUE, GREY))


def test_the_palette_of_a_label_map(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    image.putpalette([*BLUE, *GREY, 9, 9, 9])
    image.save(tmp_path / "labels.png")
    found = read_class_list(tmp_path / "labels.png", ("road", "sky"))
    assert found == ClassList(("road", "sky"), (BLUE, GREY))
    with pytest.raises(ClassListError, match="3 colours for 4 classes"):
        read_class_list(tmp_path / "labels.png", ("a", "b", "c", "d"))


def test_a_picture_without_a_palette_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "photo.png")
    with pytest.raises(ClassListError, match=r"photo\.png.*no palette"):
        read_class_list(tmp_path / "photo.png", ("road", "sky"))
    whole = (tmp_path / "photo.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[:20])
    with pytest.raises(ClassListError, match="no palette"):
        read_class_list(tmp_path / "cut.png", ("road", "sky"))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "huge").write_bytes(b" " * (5 << 20))
    for path in (tmp_path / "missing.json", tmp_path, tmp_path / "binary", tmp_path / "huge"):
        with pytest.raises(ClassListError, match="cannot read"):
            read_class_list(path)


def test_a_list_is_remembered_for_its_checkpoint_only() -> None:
    assert class_lists.remembered(SHA256) is None
    class_lists.remember(SHA256, TWO)
    assert class_lists.remembered(SHA256) == TWO
    assert class_lists.remembered("cd" * 32) is None
    newer = ClassList(("a", "b"), TWO.colours)
    class_lists.remember(SHA256, newer)
    assert class_lists.remembered(SHA256) == newer
    class_lists.forget(SHA256)
    assert class_lists.remembered(SHA256) is None


def test_a_damaged_memory_is_no_list(caplog: pytest.LogCaptureFixture) -> None:
    class_lists.remember(SHA256, TWO)
    (path,) = Path.home().rglob(f"{SHA256}.json")
    path.write_text("[")
    assert class_lists.remembered(SHA256) is None
    assert "numbered classes are used" in caplog.text


@pytest.mark.parametrize("digest", ["", "../../elsewhere", "AB" * 32, "ab" * 31])
def test_only_digests_name_a_memory(digest: str) -> None:
    assert class_lists.remembered(digest) is None
    with pytest.raises(ValueError, match="no SHA-256"):
        class_lists.remember(digest, TWO)


def test_a_list_of_the_wrong_length_is_refused_with_both_numbers() -> None:
    with pytest.raises(ClassListError, match="2 classes, the network tells 19 apart"):
        with_class_list(semantic(19), TWO)
    with pytest.raises(ClassListError, match="takes no class list"):
        with_class_list(semantic(None), TWO)
    described = with_class_list(semantic(), TWO)
    assert (described.class_names, described.class_colours) == (TWO.names, TWO.colours)


def test_classes_without_names_are_numbered_and_differ_in_colour() -> None:
    classes = class_lists.classes_of(semantic(65))
    assert classes == numbered(65)
    assert classes.names[:2] == ("Class 0", "Class 1")
    assert len(set(classes.colours)) == 65
    assert class_lists.classes_of(with_class_list(semantic(), TWO)) == TWO
    assert len(class_lists.classes_of(semantic(None))) == 0
