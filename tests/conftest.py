"""For every test: no screen, settings and logs of its own, and no thread left behind."""

import os
import threading
import weakref

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# One thread is as fast for 64 x 64 pixels, and tests run beside each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# What the helpers assert is reported as fully as what the tests do.
pytest.register_assert_rewrite("tests.helpers")


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="write the golden pictures anew; look at them after")


@pytest.fixture
def update_golden(request):
    """Whether golden pictures are written instead of compared."""
    return request.config.getoption("--update-golden")


@pytest.fixture(autouse=True)
def _own_folders(monkeypatch, tmp_path_factory):
    """Settings, caches and logs of a test never touch those of the person who runs it."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    for name, folder in (("CONFIG", ".config"), ("CACHE", ".cache"), ("STATE", ".state"), ("DATA", ".data")):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / folder))


@pytest.fixture(autouse=True)
def _no_thread_left(request):
    """Fails a test that leaves a thread running; Qt's threads are seen from the first test that uses them."""
    before = set(threading.enumerate())
    started = weakref.WeakSet()
    if "qtbot" in request.fixturenames:
        yield from _watching_qt_threads(started)
    else:
        yield
    left = [thread.name for thread in set(threading.enumerate()) - before if not _is_foreign(thread)]
    left += [thread.objectName() or "QThread" for thread in started if thread.isRunning()]
    assert left == [], f"threads left running: {left}"


def _watching_qt_threads(started):
    from PySide6.QtCore import QThread

    start = QThread.start

    def watched_start(thread, *arguments):
        started.add(thread)
        start(thread, *arguments)

    QThread.start = watched_start
    try:
        yield
    finally:
        QThread.start = start


def _is_foreign(thread):
    """Python's stand-in for a thread it did not start; it outlives the thread."""
    return isinstance(thread, threading._DummyThread)
