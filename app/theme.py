"""Colours of the light and dark theme, and the icons in the colours of the theme."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon, QPalette

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from app.state.settings import Theme

_ROLES = QPalette.ColorRole
_LIGHT = {
    _ROLES.Window: "#f3f4f6",
    _ROLES.WindowText: "#1d2026",
    _ROLES.Base: "#ffffff",
    _ROLES.AlternateBase: "#f7f8fa",
    _ROLES.Text: "#1d2026",
    _ROLES.PlaceholderText: "#7b818c",
    _ROLES.Button: "#fbfbfc",
    _ROLES.ButtonText: "#1d2026",
    _ROLES.BrightText: "#ffffff",
    _ROLES.Highlight: "#2563c9",
    _ROLES.HighlightedText: "#ffffff",
    _ROLES.Accent: "#2563c9",
    _ROLES.Link: "#2563c9",
    _ROLES.ToolTipBase: "#ffffff",
    _ROLES.ToolTipText: "#1d2026",
    _ROLES.Light: "#ffffff",
    _ROLES.Midlight: "#e9ebef",
    _ROLES.Mid: "#d3d7de",
    _ROLES.Dark: "#9aa1ad",
    _ROLES.Shadow: "#5e6470",
}
_DARK = {
    _ROLES.Window: "#24272c",
    _ROLES.WindowText: "#e3e6ea",
    _ROLES.Base: "#1b1d21",
    _ROLES.AlternateBase: "#212429",
    _ROLES.Text: "#e3e6ea",
    _ROLES.PlaceholderText: "#858c98",
    _ROLES.Button: "#2f333a",
    _ROLES.ButtonText: "#e3e6ea",
    _ROLES.BrightText: "#ffffff",
    _ROLES.Highlight: "#3d7de0",
    _ROLES.HighlightedText: "#ffffff",
    _ROLES.Accent: "#5b97f5",
    _ROLES.Link: "#7fb0ff",
    _ROLES.ToolTipBase: "#33373e",
    _ROLES.ToolTipText: "#e3e6ea",
    _ROLES.Light: "#3a3f47",
    _ROLES.Midlight: "#30343b",
    _ROLES.Mid: "#3d424b",
    _ROLES.Dark: "#6d7480",
    _ROLES.Shadow: "#0d0e10",
}
GOOD = {False: "#1d7a3e", True: "#5cc98a"}
BAD = {False: "#b3261e", True: "#ff8a80"}
"""Words about what is well and what is not, readable on either theme; by whether it is dark."""
_DISABLED_TEXT = {False: "#a3a8b2", True: "#666d78"}
_SCHEMES = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark, "system": Qt.ColorScheme.Unknown}


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Give the application its colours; "system" follows the desktop."""
    application.styleHints().setColorScheme(_SCHEMES[theme])
    wanted = application.styleHints().colorScheme() if theme == "system" else _SCHEMES[theme]
    palette = _palette(wanted == Qt.ColorScheme.Dark)
    application.setPalette(palette)
    application.setStyleSheet(_style_sheet(palette))


def is_dark(palette: QPalette) -> bool:
    """Whether a palette is light on dark."""
    return palette.color(_ROLES.Window).lightness() < palette.color(_ROLES.WindowText).lightness()


def icon(name: str, palette: QPalette, *, accent: bool = False, colour: QColor | None = None) -> QIcon:
    """The icon of that name in the palette's text or accent colour, or in a colour of its own.

    The first call imports the icon font, some tenths of a second.
    """
    import qtawesome

    disabled = palette.color(QPalette.ColorGroup.Disabled, _ROLES.WindowText)
    made = qtawesome.icon(
        name,
        color=colour or palette.color(_ROLES.Accent if accent else _ROLES.WindowText),
        color_disabled=disabled,
        color_on=palette.color(_ROLES.Accent),
        color_selected=palette.color(_ROLES.HighlightedText),
    )
    return QIcon(made)


def _palette(dark: bool) -> QPalette:
    palette = QPalette()
    for role, colour in (_DARK if dark else _LIGHT).items():
        palette.setColor(role, QColor(colour))
    for role in (_ROLES.WindowText, _ROLES.Text, _ROLES.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(_DISABLED_TEXT[dark]))
    return palette


def _style_sheet(palette: QPalette) -> str:
    """The style sheet with `@role` replaced by the palette's colour, and "@Bad" by that of `BAD`."""
    text = resources.files("resources").joinpath("style.qss").read_text(encoding="utf-8")
    for role in sorted(_LIGHT, key=lambda role: -len(role.name)):
        text = text.replace(f"@{role.name}", palette.color(role).name())
    return text.replace("@Bad", BAD[is_dark(palette)])
