"""What the application remembers between runs: typed, stored as JSON that holds only what differs from the defaults."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gbrs_core.atomic import atomic_write
from gbrs_core.config import GBRS, LayerName, MethodName, PresetName, RefinementConfig, ZoomInConfig

APP_NAME = "gbrs-annotator"
RECENT_LIMIT = 12

FolderKind = Literal["image", "network", "export", "checkpoints", "class_list", "report"]
Theme = Literal["system", "light", "dark"]

_log = logging.getLogger(__name__)


class RefinementSettings(BaseModel):
    """The refinement settings of new images; None is the network's measured default."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    method: MethodName = GBRS
    layer: LayerName = "bmconv"
    preset: PresetName = "tuned"
    iterations: int | None = Field(default=None, ge=1, le=1000)
    learning_rate: float | None = Field(default=None, gt=0)
    consistency_weight: float | None = Field(default=None, ge=0)
    zoom_in: ZoomInConfig | None = None
    mirror: bool | None = None

    def to_config(self) -> RefinementConfig:
        """The same as the engine takes it."""
        return RefinementConfig(**{name: getattr(self, name) for name in type(self).model_fields})

    @classmethod
    def from_config(cls, config: RefinementConfig) -> RefinementSettings:
        """The part of a configuration that is remembered."""
        return cls(**{name: getattr(config, name) for name in cls.model_fields})


class Settings(BaseModel):
    """Everything that is remembered.

    Attributes:
        theme: light, dark, or as the desktop has it.
        overlay_opacity: 0 (invisible) to 1.
        radius_shares: attention radius of the next click as a share of the image's longest side, by task; one that is
            not there was never chosen.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        refinement: refinement settings of new images.
        dense_refinement: the same of the other tasks, by registry name.
        recent_images: files and folders, newest first.
        recent_networks: checkpoints, newest first.
        folders: last folder per kind of dialog; "checkpoints" is the one that the checkpoint manager searches.
        export_format: id of the exporter used last.
        export_formats: the same by task.
        export_scope: whether the last export took the active object or all.
        include_unfinished: the answer to "export the unfinished object too?"; None while it was never asked.
        window_geometry: Qt's description of place and size, base64.
        window_layout: Qt's description of docks and toolbars, base64.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    theme: Theme = "system"
    overlay_opacity: float = Field(default=0.5, ge=0, le=1)
    radius_shares: dict[str, Annotated[float, Field(gt=0, le=1.5)]] = {}
    device: str = "auto"
    refinement: RefinementSettings = RefinementSettings()
    dense_refinement: dict[str, RefinementSettings] = {}
    recent_images: tuple[str, ...] = ()
    recent_networks: tuple[str, ...] = ()
    folders: dict[FolderKind, str] = {}
    export_format: str = ""
    export_formats: dict[str, str] = {}
    export_scope: Literal["active", "all"] = "all"
    include_unfinished: bool | None = None
    window_geometry: str = ""
    window_layout: str = ""

    def with_recent(self, kind: Literal["recent_images", "recent_networks"], path: Path) -> Settings:
        """With `path` as the newest entry of a list of recent files."""
        known = [entry for entry in getattr(self, kind) if entry != str(path)]
        return self.model_copy(update={kind: (str(path), *known)[:RECENT_LIMIT]})

    def with_folder(self, kind: FolderKind, folder: Path) -> Settings:
        """With `folder` as the place where the next dialog of that kind starts."""
        return self.model_copy(update={"folders": {**self.folders, kind: str(folder)}})


def default_settings_path() -> Path:
    """Where the settings of this user lie."""
    return Path(platformdirs.user_config_dir(APP_NAME, appauthor=False)) / "settings.json"


class SettingsStore:
    """The settings in memory and their file; a damaged file is set aside, never overwritten in silence."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_settings_path()
        self.current = self._load()

    def update(self, **changes: Any) -> None:
        """Change some settings. Raises pydantic's ValidationError for values out of range."""
        self.current = Settings.model_validate({**self.current.model_dump(), **changes})

    def save(self) -> None:
        """Write what differs from the defaults. Raises OSError if the file cannot be written."""
        content = json.dumps(self.current.model_dump(mode="json", exclude_defaults=True), indent=2, ensure_ascii=False)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(self.path) as temporary:
            temporary.write_text(content + "\n", encoding="utf-8")

    def _load(self) -> Settings:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return Settings()
        except OSError as error:
            _log.warning("settings %s cannot be read, defaults are used: %s", self.path, error)
            return Settings()
        try:
            return Settings.model_validate_json(content)
        except ValidationError as error:
            aside = self.path.with_suffix(".damaged.json")
            _log.warning("settings %s are damaged, kept as %s, defaults are used: %s", self.path, aside.name, error)
            self._set_aside(aside)
            return Settings()

    def _set_aside(self, aside: Path) -> None:
        try:
            self.path.replace(aside)
        except OSError as error:
            _log.warning("damaged settings could not be moved to %s: %s", aside, error)


def log_folder() -> Path:
    """Where the log file of this user lies."""
    return Path(platformdirs.user_log_dir(APP_NAME, appauthor=False))
