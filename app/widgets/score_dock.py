"""The panel of scores: the ground truth, the scores as they are now, their curve, and the simulated annotator."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.actions import Actions
from app.state.score import ScoreCurve
from app.widgets.score_plot import ScorePlot
from app.widgets.score_tile import ScoreTile

_ACTIONS = {
    "load_truth": "Load…", "export_curve": "Export…", "click_once": "Click Once", "click_to_end": "To the End",
    "suggest_click": "Suggest",
}  # fmt: skip
"""What stands on the buttons."""
_CLICKERS = {"centre": "Centre clicks", "human": "Human-like"}
_NO_TRUTH = "Load the ground truth of the image to see how far the prediction is from it after every click."
_NO_PREDICTION = "There is no prediction to score yet."
_LEFT_PX = 250
_MOST_SCORES = 3
_MEANINGS = {
    "IoU": "Intersection of mask and object over their union",
    "mIoU": "Intersection over union, mean of the classes",
    "pixel accuracy": "Share of the pixels that have their true class",
    "MSE x1e3": "Mean squared error of alpha over the unknown pixels, in thousandths",
    "SAD": "Sum of the errors of alpha over the unknown pixels, in thousands",
    "d1": "Share of the pixels whose depth is right within a factor of 1.25",
    "AbsRel": "Mean error as a share of the true depth",
    "RMSE": "Root of the mean squared error, in metres",
}


class ScoreDock(QWidget):
    """Shows the curve of one score; the buttons with the values choose which.

    Signals:
        clicker_chosen(str): where the simulated annotator clicks, a name of `gbrs_core.evaluation.policies`.
    """

    clicker_chosen = Signal(str)

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self.plot = ScorePlot()
        self.file = QLabel()
        self.file.setTextFormat(Qt.TextFormat.PlainText)
        self.change, self.area = QLabel(), QLabel()
        self.area.setToolTip("By trapezoids, divided by the number of clicks")
        self.forget = _button()
        self.forget.setDefaultAction(actions["forget_truth"])
        self.forget.setAutoRaise(True)
        self.forget.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.values = tuple(ScoreTile() for _ in range(_MOST_SCORES))
        self.clicker = QComboBox()
        for name, title in _CLICKERS.items():
            self.clicker.addItem(title, name)
        self.clicker.setToolTip(
            "Where the simulated annotator clicks: in the middle of the largest error as in the papers, "
            "or around it, as people do"
        )
        self.clicker.setAccessibleName("Where the simulated annotator clicks")
        self.clicker.currentIndexChanged.connect(lambda index: self.clicker_chosen.emit(self.clicker.itemData(index)))
        self._group = QButtonGroup(self)
        for place, button in enumerate(self.values):
            self._group.addButton(button, place)
        self.values[0].setChecked(True)
        # The canvas is not to change its height when the first score comes.
        for part in (self.values[0], self.forget):
            policy = part.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            part.setSizePolicy(policy)
        self._curve: ScoreCurve | None = None
        self._to_end = actions["click_to_end"]
        self._lay_out(actions)
        self._group.idToggled.connect(self._show_values)
        self.show_curve(None)

    @property
    def chosen(self) -> int:
        """Which score the plot shows, by its place among the names."""
        return max(self._group.checkedId(), 0)

    def show_curve(self, curve: ScoreCurve | None, *, is_reading: bool = False, is_clicking: bool = False) -> None:
        """Show the scores over the clicks, None without a ground truth; whether that is being read; and whether the
        simulated annotator is at work, so that its button stops it.
        """
        self._curve = curve
        names = curve.truth.names if curve is not None else ()
        if self.chosen >= max(len(names), 1):
            self.values[0].setChecked(True)
        for place, button in enumerate(self.values):
            button.setVisible(place < len(names))
        name = "Reading…" if is_reading else curve.truth.path.name if curve is not None else "No ground truth"
        room = _LEFT_PX - self.forget.sizeHint().width() - 10
        self.file.setText(self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, room))
        self.file.setToolTip(str(curve.truth.path) if curve is not None else "")
        self.forget.setVisible(curve is not None)
        self._to_end.setText("Stop" if is_clicking else "Simulated Annotator: Click to the &End")
        self._to_end.setIconText("Stop" if is_clicking else "To the End")
        self.plot.set_empty_text(_NO_TRUTH if curve is None else _NO_PREDICTION)
        self._show_values()

    def _show_values(self, *_: object) -> None:
        curve, place = self._curve, self.chosen
        if curve is None:
            self.change.clear()
            self.area.clear()
            self.plot.set_curve("", ())
            return
        newest = curve.newest
        for name, button, index in zip(curve.truth.names, self.values, range(_MOST_SCORES), strict=False):
            scores = curve.points[newest].scores if newest is not None else None
            button.show_value(score_title(name), f"{scores[index]:.3f}" if scores is not None else "–")
            better = "higher" if curve.truth.rises[index] else "lower"
            button.setToolTip(f"{_MEANINGS.get(name, score_title(name))}: {better} is better. Show its curve.")
        self.change.setText(self._change_text(curve, place))
        area = curve.area(place)
        self.area.setText(f"Area under the curve: {area:.3f}" if area is not None else "")
        subject = f" of {curve.subject}" if curve.subject else ""
        self.plot.set_curve(score_title(curve.truth.names[place]) + subject, curve.values(place))

    def _change_text(self, curve: ScoreCurve, place: int) -> str:
        """What the last click was good for."""
        values = curve.values(place)
        if curve.newest is not None and curve.newest < len(values) - 1:
            return "Refining…"
        last, before = (values[-1], values[-2]) if len(values) > 1 else (None, None)
        if last is None or before is None:
            return ""
        difference = last - before
        verdict = (
            "no change" if difference == 0 else "better" if (difference > 0) == curve.truth.rises[place] else "worse"
        )
        sign = "+" if difference > 0 else "−"
        amount = "" if difference == 0 else f" {sign}{abs(difference):.3f},"
        return f"Last click:{amount} {verdict}"

    def _lay_out(self, actions: Actions) -> None:
        head = QHBoxLayout()
        head.addWidget(self.file, 1)
        head.addWidget(self.forget)
        tiles = QHBoxLayout()
        tiles.setSpacing(6)
        for button in self.values:
            tiles.addWidget(button, 1)
        commands = QGridLayout()
        commands.setSpacing(6)
        for index, (action_id, text) in enumerate(_ACTIONS.items()):
            command = _button()
            actions[action_id].setIconText(text)
            command.setDefaultAction(actions[action_id])
            command.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            commands.addWidget(command, index // 2, index % 2)
        commands.addWidget(self.clicker, len(_ACTIONS) // 2, 1)
        left = QVBoxLayout()
        left.setSpacing(6)
        left.addLayout(head)
        left.addLayout(tiles)
        left.addWidget(self.change)
        left.addWidget(self.area)
        left.addStretch()
        left.addLayout(commands)
        side = QWidget()
        side.setLayout(left)
        side.setFixedWidth(_LEFT_PX)
        left.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 8, 8)
        row.setSpacing(10)
        row.addWidget(side)
        row.addWidget(self.plot, 1)


def score_title(name: str) -> str:
    """A score as the window writes it."""
    return name.replace(" x1e3", " × 1000")


def _button() -> QToolButton:
    button = QToolButton()
    button.setIconSize(QSize(16, 16))
    button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return button
