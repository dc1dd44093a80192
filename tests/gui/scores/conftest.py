"""The window with a picture of each task and its ground truth."""

import pytest

from tests.helpers.scored_windows import with_depth, with_labels, with_mask, with_matte


@pytest.fixture
def scored(shell, tmp_path):
    return with_mask(shell, tmp_path)


@pytest.fixture
def semantic(idle_shell, photo, tmp_path):
    return with_labels(idle_shell, photo, tmp_path)


@pytest.fixture
def depth(idle_shell, photo, tmp_path):
    return with_depth(idle_shell, photo, tmp_path)


@pytest.fixture
def matting(idle_shell, photo, tmp_path):
    return with_matte(idle_shell, photo, tmp_path)
