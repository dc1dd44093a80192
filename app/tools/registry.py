"""The tools by name: one file and one line per tool."""

from __future__ import annotations

from collections.abc import Mapping

from app.tools.base import Tool
from app.tools.brush import BrushTool
from app.tools.click import ClickTool
from app.tools.pan import PanTool
from app.tools.pick import PickTool
from app.tools.push import PushTool

_ALL: tuple[Tool, ...] = (
    ClickTool(),
    BrushTool("stroke"),
    PushTool(),
    BrushTool("trimap"),
    PickTool(),
    PanTool(),
)

TOOLS: Mapping[str, Tool] = {tool.name: tool for tool in _ALL}
"""Keeps no state: every press begins a new gesture."""
