"""Paging through a folder."""

from pathlib import Path

from app.state.image_list import ImageList

A, B, C = Path("a.jpg"), Path("b.jpg"), Path("c.jpg")


def test_paging_ends_at_both_ends():
    images = ImageList((A, B)).at(B)
    assert (images.current, images.neighbour(-1), images.neighbour(1)) == (B, A, None)


def test_a_stranger_makes_a_list_of_its_own():
    images = ImageList((A, B)).at(C)
    assert (images.paths, images.current) == ((C,), C)


def test_nothing_open_has_no_neighbour():
    assert ImageList((A, B)).neighbour(1) is None
    assert ImageList().current is None
