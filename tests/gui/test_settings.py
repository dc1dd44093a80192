"""Settings: typed, sparse, atomic; a damaged file is kept aside."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.state.settings import RECENT_LIMIT, RefinementSettings, Settings, SettingsStore
from gbrs_core.config import RefinementConfig


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "settings.json"


def test_round_trip(path):
    store = SettingsStore(path)
    store.update(theme="dark", overlay_opacity=0.25, refinement=RefinementSettings(layer="sb", iterations=7))
    store.current = store.current.with_recent("recent_images", Path("/ä/photo.jpg")).with_folder("image", Path("/ä"))
    store.save()
    assert SettingsStore(path).current == store.current


def test_only_what_differs_is_written(path):
    store = SettingsStore(path)
    store.update(theme="dark")
    store.save()
    assert json.loads(path.read_text(encoding="utf-8")) == {"theme": "dark"}
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("content", ["{", '{"overlay_opacity": 7}', "[]", '{"theme": "pink"}'])
def test_damaged_file_is_set_aside(path, content):
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8")
    assert SettingsStore(path).current == Settings()
    assert path.with_suffix(".damaged.json").read_text(encoding="utf-8") == content


def test_entries_of_another_version_are_ignored(path):
    path.parent.mkdir()
    path.write_text('{"theme": "light", "of_tomorrow": 1}', encoding="utf-8")
    assert SettingsStore(path).current == Settings(theme="light")


def test_values_out_of_range_are_refused(path):
    store = SettingsStore(path)
    with pytest.raises(ValidationError):
        store.update(overlay_opacity=2.0)
    assert store.current == Settings()


def test_recent_files_are_unique_newest_first_and_few():
    settings = Settings()
    for number in [*range(RECENT_LIMIT + 3), 4]:
        settings = settings.with_recent("recent_images", Path(f"{number}.jpg"))
    assert settings.recent_images[:2] == ("4.jpg", f"{RECENT_LIMIT + 2}.jpg")
    assert len(settings.recent_images) == RECENT_LIMIT == len(set(settings.recent_images))


def test_refinement_settings_are_the_engines():
    config = RefinementConfig(layer="bmsb", preset="paper", iterations=5, learning_rate=0.1, consistency_weight=0.0)
    assert RefinementSettings.from_config(config).to_config() == config
