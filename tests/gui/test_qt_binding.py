"""The installed Qt binding is one that can be worked with for hours."""

import sys

import pytest


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None has no reference count to lose from Python 3.12 on")
def test_calls_keep_the_references_to_none(qapp):
    before = sys.getrefcount(None)
    for _ in range(1000):
        qapp.processEvents()
    assert abs(sys.getrefcount(None) - before) < 500
