"""Who may import whom, seen at run time and in the import graph; `lint-imports` checks the directions themselves."""

import os
import pkgutil
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

import app
import gbrs_core
import models

ROOT = Path(gbrs_core.__file__).parents[1]
TORCH_FREE = (
    "errors", "interaction", "prediction", "config", "network", "method_catalog", "image_io", "atomic", "export",
)  # fmt: skip
QT = {"PySide6", "qtawesome", "shiboken6"}


def modules_of(package):
    return [
        package.__name__,
        *(found.name for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".")),
    ]


def loaded_by(modules):
    """Top-level packages in a fresh interpreter that has imported the modules."""
    code = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *modules],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_window_loads_without_torch():
    modules = modules_of(app)
    assert "app.headless" in modules
    assert not {"torch", "models"} & loaded_by(["main", *modules])


def test_engine_and_networks_load_without_qt():
    loaded = loaded_by([*modules_of(gbrs_core), *modules_of(models)])
    assert "torch" in loaded
    assert not QT & loaded


def test_descriptions_of_the_core_load_without_torch_and_qt():
    modules = ["gbrs_core", "resources", *(f"gbrs_core.{name}" for name in TORCH_FREE)]
    assert not ({"torch", "models", "app"} | QT) & loaded_by(modules)


def test_files_of_the_core_that_need_torch_are_protected_from_the_window():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (contract,) = [entry for entry in contracts if entry["name"].endswith("touch the engine")]
    protected = tuple(contract["protected_modules"])
    graph = grimp.build_graph("gbrs_core", include_external_packages=True, exclude_type_checking_imports=True)
    needing_torch = {name for name in graph.find_downstream_modules("torch") if name != "gbrs_core"}
    forgotten = [
        name for name in needing_torch if not any(name == entry or name.startswith(entry + ".") for entry in protected)
    ]
    assert sorted(forgotten) == []


def test_dependencies_are_pinned_exactly():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.split(";")[0].strip() for line in lines if line and not line.startswith("#")]
    assert all(pin.count("==") == 1 for pin in pins)
    pinned = {pin.split("==")[0].casefold().replace("_", "-") for pin in pins}
    missing = {name.split(">")[0].casefold().replace("_", "-") for name in wanted} - pinned
    assert missing == set()


@pytest.mark.parametrize("name", ["torch", "PySide6-Essentials"])
def test_installed_versions_are_the_pinned_ones(name):
    from importlib.metadata import version

    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert f"{name}=={version(name).partition('+')[0]}" in lines
