"""The tools by name: one file and one line per tool."""

from __future__ import annotations

from collections.abc import Mapping

from app.tools.base import Tool
from app.tools.click import ClickTool
from app.tools.pan import PanTool

_ALL: tuple[Tool, ...] = (ClickTool(), PanTool())

TOOLS: Mapping[str, Tool] = {tool.name: tool for tool in _ALL}
"""Keeps no state: every press begins a new gesture."""
