"""The window: menus, tools, canvas, panels. Assembles them and decides nothing."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QPalette, QShowEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QGridLayout,
    QMainWindow,
    QMenu,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from app.action_spec import MENUS, MENUS_OF_TASKS, Menu
from app.action_table import ACTIONS
from app.actions import Actions
from app.widgets.canvas import Canvas
from app.widgets.classes_dock import ClassesDock
from app.widgets.clicks_dock import ClicksDock
from app.widgets.depth_dock import DepthDock
from app.widgets.depth_legend import DepthLegend
from app.widgets.matte_dock import MatteDock
from app.widgets.message_bar import MessageBar, ProgressStrip
from app.widgets.objects_dock import ObjectsDock
from app.widgets.page_stack import PageStack
from app.widgets.points_dock import PointsDock
from app.widgets.refine_dock import RefineDock
from app.widgets.score_dock import ScoreDock
from app.widgets.section_dock import SectionDock
from app.widgets.shortcut_sheet import ShortcutSheet
from app.widgets.status_bar import StatusBar
from app.widgets.view_bar import ViewBar
from app.widgets.view_options import ViewOptionsStack
from gbrs_core.task_catalog import TASKS

TaskPanel = ObjectsDock | ClassesDock | MatteDock | DepthDock

LAYOUT_VERSION = 2
_DEFAULT_SIZE = QSize(1320, 880)
_PANEL_WIDTH = 330
_PANEL_HEIGHTS = (170, 190, 440)
_TOOL_GROUPS: tuple[tuple[str, ...], ...] = (
    ("open_image", "open_folder", "export"),
    ("click_tool", "stroke_tool", "push_tool", "trimap_tool", "pick_tool", "pan_tool"),
    ("undo", "redo"),
    ("new_object", "finish", "accept", "cancel", "predict"),
    ("zoom_in", "zoom_out", "fit"),
    ("previous_image", "next_image"),
)


class MainWindow(QMainWindow):
    """Everything the user sees.

    Signals:
        first_painted(): the window is on the screen; slow things may begin.
        close_requested(): the user wants to close; `close_for_good` does it.
    """

    first_painted = Signal()
    close_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("G-BRS Annotator")
        self.resize(_DEFAULT_SIZE)
        self._is_closing = False
        self._is_arranged = False
        self._panel_heights: dict[QWidget | None, list[int]] = {}
        self._wanted_heights = list(_PANEL_HEIGHTS)
        """What somebody gave the panels, not what a task's page took; empty: what they have."""
        self.canvas = Canvas()
        self.actions_table = Actions(self, self.canvas)
        self.messages = MessageBar()
        self.progress = ProgressStrip()
        self.view_bar = ViewBar(self.actions_table)
        self.view_options = ViewOptionsStack()
        self.legend = DepthLegend()
        self.legend.hide()
        self.section_panel = SectionDock()
        self.points_panel = PointsDock()
        self.score_panel = ScoreDock(self.actions_table)
        self.objects_panel = ObjectsDock(self.actions_table)
        self.classes_panel = ClassesDock(self.actions_table)
        self.matte_panel = MatteDock(self.actions_table)
        self.depth_panel = DepthDock(self.actions_table)
        self.clicks_panel = ClicksDock(self.actions_table)
        self.refine_panel = RefineDock()
        self.status = StatusBar()
        self.recent_images_menu = QMenu("Open &Recent", self)
        self.samples_menu = QMenu("Open &Sample", self)
        self.recent_networks_menu = QMenu("&Recent Checkpoints", self)
        self.method_menu = QMenu("&Method", self)
        self.method_menu.setToolTipsVisible(True)
        self._task_pages: dict[str, tuple[str, TaskPanel]] = {
            "interactive": ("Objects", self.objects_panel),
            "semantic": ("Classes", self.classes_panel),
            "matting": ("Matte", self.matte_panel),
            "depth": ("Depth", self.depth_panel),
        }
        self._task_stack = PageStack()
        self._task_menus: dict[Menu, QAction] = {}
        self._docks: list[QDockWidget] = []
        self._assemble()
        self.default_layout = self.saveState(LAYOUT_VERSION)
        self.canvas.installEventFilter(self)

    def paint_icons(self, palette: QPalette) -> None:
        """Draw every icon in the colours of the theme."""
        self.actions_table.paint_icons(palette)
        self.view_bar.paint_icons(palette)
        for _, panel in self._task_pages.values():
            panel.paint_icons(palette)
        for part in (self.clicks_panel, self.view_options, self.section_panel, self.points_panel):
            part.paint_icons(palette)

    def show_task(self, task: str) -> None:
        """Show the panel, the menus and the actions of a task."""
        title, panel = self._task_pages[task]
        self._turn_to(panel)
        self._docks[0].setWindowTitle(title)
        for part in (self.refine_panel.zoom, self.refine_panel.mirror):
            part.setVisible(task == "interactive")
        self.actions_table.show_task(task)
        self.actions_table[f"task_{task}"].setChecked(True)
        for name, action in self._task_menus.items():
            action.setVisible(MENUS_OF_TASKS[name] == task)

    def restore_layout(self, geometry: bytes, layout: bytes) -> None:
        """Take place, size and panels from an earlier run; what does not fit is ignored by Qt."""
        if geometry:
            self.restoreGeometry(QByteArray(geometry))
        if layout:
            self._is_arranged = self.restoreState(QByteArray(layout), LAYOUT_VERSION)
            self._wanted_heights = []  # those that it brings

    def saved_layout(self) -> tuple[bytes, bytes]:
        """Place and size, and the panels, for `restore_layout`."""
        return bytes(self.saveGeometry().data()), bytes(self.saveState(LAYOUT_VERSION).data())

    def reset_layout(self) -> None:
        """Put every panel back in its place."""
        self.restoreState(self.default_layout, LAYOUT_VERSION)
        self._size_panels()

    def show_panel(self, panel: QWidget) -> None:
        """Open the panel that was closed, or is behind others."""
        dock = panel.parentWidget()
        if isinstance(dock, QDockWidget):
            dock.show()
            dock.raise_()

    def show_shortcuts(self) -> None:
        """Show the sheet of keys."""
        sheet = ShortcutSheet(self)
        sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        sheet.show()

    def close_for_good(self) -> None:
        """Close without asking anybody."""
        self._is_closing = True
        self.close()

    def showEvent(self, event: QShowEvent) -> None:
        """Give the panels their heights, which they do not take before there is a window."""
        super().showEvent(event)
        if not self._is_arranged:
            self._is_arranged = True
            self._size_panels()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask first; the answer may come at once or later."""
        if not self._is_closing:
            self.close_requested.emit()
        event.setAccepted(self._is_closing)

    def event(self, event: QEvent) -> bool:
        """Take the heights of the panels for wanted when somebody lets go of the line between two of them."""
        is_handled = super().event(event)
        if event.type() == QEvent.Type.MouseButtonRelease and event.isAccepted():
            self._wanted_heights = self._heights()
        return is_handled

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Tell of the first painting of the canvas, the last widget that needs it."""
        if event.type() == QEvent.Type.Paint:
            self.canvas.removeEventFilter(self)
            self.first_painted.emit()
        return False

    # --- assembly ---

    def _assemble(self) -> None:
        # In one cell, so that messages lie over the canvas and the image stays where it is.
        stage = QGridLayout()
        stage.setContentsMargins(0, 0, 0, 0)
        stage.setSpacing(0)
        stage.addWidget(self.canvas, 0, 0)
        stage.addWidget(self.legend, 0, 1)
        stage.addWidget(self.messages, 0, 0, Qt.AlignmentFlag.AlignTop)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.view_bar)
        column.addWidget(self.view_options)
        column.addLayout(stage, 1)
        self.setCentralWidget(centre)
        self.setStatusBar(self.status)
        self.status.add_progress(self.progress)
        self._add_tools()
        self._add_panels()
        self._add_menus()
        self.canvas.setFocus()

    def _add_tools(self) -> None:
        bar = QToolBar("Tools")
        bar.setObjectName("tools")
        bar.setIconSize(QSize(22, 22))
        bar.setMovable(False)
        for number, group in enumerate(_TOOL_GROUPS):
            if number:
                bar.addSeparator()
            for action_id in group:
                bar.addAction(self.actions_table[action_id])
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, bar)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self._task_bar())

    def _task_bar(self) -> QToolBar:
        """The switch between the tasks."""
        bar = QToolBar("Task")
        bar.setObjectName("task")
        bar.setMovable(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        for task in TASKS:
            bar.addAction(self.actions_table[f"task_{task}"])
        return bar

    def _add_panels(self) -> None:
        for _, page in self._task_pages.values():
            self._task_stack.addWidget(page)
        for title, panel in (
            ("Objects", self._task_stack),
            ("Clicks", self.clicks_panel),
            ("Refine", self.refine_panel),
        ):
            dock = QDockWidget(title, self)
            dock.setObjectName(title.lower())
            dock.setWidget(panel)
            dock.setFeatures(
                QDockWidget.DockWidgetFeature.DockWidgetMovable | QDockWidget.DockWidgetFeature.DockWidgetClosable
            )
            self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
            self._docks.append(dock)
        self._size_panels()
        # The panels at the side keep their height when one below the canvas is opened.
        self.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        self._add_further_view("Cross-Section", self.section_panel)
        self._add_further_view("Points in Space", self.points_panel)
        self._add_further_view("Score", self.score_panel)

    def _size_panels(self) -> None:
        panels = self._docks[: len(_PANEL_HEIGHTS)]
        self._wanted_heights = list(_PANEL_HEIGHTS)
        self.resizeDocks(panels, self._wanted_heights, Qt.Orientation.Vertical)
        self.resizeDocks(panels, [_PANEL_WIDTH] * len(panels), Qt.Orientation.Horizontal)

    def _heights(self) -> list[int]:
        return [dock.height() for dock in self._docks[: len(_PANEL_HEIGHTS)]]

    def _turn_to(self, panel: QWidget) -> None:
        """Show a task's page; one that needs less height than the last gives it to the other panels again."""
        before, heights = self._task_stack.currentWidget(), self._heights()
        self._task_stack.setCurrentWidget(panel)
        if self._is_arranged and panel is not before:
            self._panel_heights[before] = heights
            wanted = self._panel_heights.get(panel) or self._wanted_heights or heights
            self.resizeDocks(self._docks[: len(wanted)], wanted, Qt.Orientation.Vertical)

    def _add_further_view(self, title: str, panel: QWidget) -> None:
        """A panel below the canvas that is closed until it is asked for in the Window menu."""
        dock = QDockWidget(title, self)
        dock.setObjectName(title.lower())
        dock.setWidget(panel)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
        dock.hide()
        self._docks.append(dock)

    def _add_menus(self) -> None:
        submenus: dict[tuple[Menu, str], tuple[QMenu, ...]] = {
            ("File", "open_folder"): (self.recent_images_menu, self.samples_menu),
            ("Model", "load_network"): (self.recent_networks_menu,),
            ("Refine", "predict"): (self.method_menu,),
        }
        for name in MENUS:
            menu = self.menuBar().addMenu(f"&{name}")
            menu.setToolTipsVisible(True)
            if name in MENUS_OF_TASKS:
                self._task_menus[name] = menu.menuAction()
            if name == "Window":
                menu.addActions([dock.toggleViewAction() for dock in self._docks])
            for spec in ACTIONS:
                if spec.menu != name:
                    continue
                if spec.begins_section:
                    menu.addSeparator()
                menu.addAction(self.actions_table[spec.action_id])
                for submenu in submenus.get((name, spec.action_id), ()):
                    menu.addMenu(submenu)

    def fill_menu(self, menu: QMenu, entries: tuple[str, ...]) -> list[QAction]:
        """Replace the entries of a menu of files; returns them in order."""
        menu.clear()
        made = [menu.addAction(entry) for entry in entries]
        if not made:
            menu.addAction("None yet").setEnabled(False)
        return made
