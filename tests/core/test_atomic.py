"""Files are the old ones or the new ones."""

import stat
import sys

import pytest

from gbrs_core.atomic import atomic_write


def test_new_file_is_written_and_nothing_else_is_left(tmp_path):
    with atomic_write(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
        assert temporary.suffix == ".txt"
        assert not (tmp_path / "a.txt").exists()
    assert (tmp_path / "a.txt").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_error_keeps_the_old_file_and_removes_the_temporary_one(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError), atomic_write(path) as temporary:
        temporary.write_text("half \udcff", encoding="ascii")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_replacement_that_fails_keeps_what_was_there(tmp_path):
    folder = tmp_path / "a.txt"
    folder.mkdir()
    with pytest.raises(OSError), atomic_write(folder) as temporary:
        temporary.write_text("new")
    assert folder.is_dir()
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_longest_file_name_works(tmp_path):
    path = tmp_path / ("a" * 251 + ".txt")
    with atomic_write(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions and links")
class TestOnPosix:
    def test_permissions_of_the_old_file_are_kept(self, tmp_path):
        path = tmp_path / "a.txt"
        path.write_text("old")
        path.chmod(0o640)
        with atomic_write(path) as temporary:
            temporary.write_text("new")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640

    def test_new_file_has_the_usual_permissions(self, tmp_path):
        usual = tmp_path / "usual.txt"
        usual.write_text("")
        with atomic_write(tmp_path / "a.txt") as temporary:
            temporary.write_text("new")
        assert (tmp_path / "a.txt").stat().st_mode == usual.stat().st_mode

    def test_symbolic_link_is_followed(self, tmp_path):
        path, link = tmp_path / "a.txt", tmp_path / "link.txt"
        path.write_text("old")
        link.symlink_to(path)
        with atomic_write(link) as temporary:
            temporary.write_text("new")
        assert link.is_symlink()
        assert path.read_text() == "new"
