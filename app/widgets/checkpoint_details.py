"""The lower part of the checkpoint manager: everything about the selected line, and what can be done with it."""

from __future__ import annotations

from html import escape
from pathlib import Path

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.checkpoint_messages import MemoryEstimated
from app.state.checkpoints import CheckpointRow, memory_text, size_text, where_to_put

_LINES = 10


class CheckpointDetails(QFrame):
    """Facts about a checkpoint, as selectable text with links, and buttons.

    Signals:
        load_requested(), convert_requested(), reveal_requested(), copy_requested(): a button was pressed.
    """

    load_requested = Signal()
    convert_requested = Signal()
    reveal_requested = Signal()
    copy_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("checkpointDetails")
        self.title = _words()
        self.title.setObjectName("detailsTitle")
        self.facts = _words()
        self.facts.setOpenExternalLinks(True)
        self.facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.memory = _words()
        self.memory.setProperty("hint", True)
        self.load = _button("&Load", "Refine with this network; image and finished objects stay", self.load_requested)
        self.convert = _button(
            "Con&vert…", "Write it as safetensors, which opens faster and cannot hold code", self.convert_requested
        )
        self.reveal = _button("&Reveal in Folder", "Show the file where it lies", self.reveal_requested)
        self.copy = _button("&Copy SHA-256", "Copy the whole SHA-256 of the file", self.copy_requested)
        self._lay_out()
        # As high as the longest account, so that going through the table moves nothing.
        self.setMinimumHeight(_LINES * self.fontMetrics().lineSpacing() + 40)

    def show_row(self, row: CheckpointRow | None, folder: Path | None) -> None:
        """Show a line; None shows what to do."""
        self.title.setText(row.title if row is not None else "Nothing selected")
        self.facts.setText(_facts(row, folder) if row is not None else "Select a checkpoint to see more about it.")
        self.memory.hide()
        self.load.setEnabled(row is not None and row.can_load and row.presence != "in use")
        self.convert.setEnabled(row is not None and row.can_convert)
        self.reveal.setEnabled(row is not None and row.found is not None)
        self.copy.setEnabled(row is not None and bool(row.sha256))

    def show_estimating(self) -> None:
        """Say that the memory is being estimated."""
        self._show_memory("Estimating the memory of a click…", is_too_large=False)

    def show_memory(self, estimate: MemoryEstimated) -> None:
        """Show what a click takes, and whether the device has it."""
        height, width = estimate.size
        text = f"A click takes about {memory_text(estimate.needed_bytes)} of memory at {width} × {height} pixels"
        available = estimate.available_bytes
        if available is None:
            self._show_memory(f"{text}.", is_too_large=False)
            return
        is_too_large = estimate.needed_bytes > available
        verdict = ", which is too little" if is_too_large else ""
        self._show_memory(f"{text}; {estimate.device} has {memory_text(available)} left{verdict}.", is_too_large)

    def _show_memory(self, text: str, is_too_large: bool) -> None:
        self.memory.setText(text)
        self.memory.setProperty("hint", not is_too_large)
        self.memory.setProperty("warning", is_too_large)
        self.memory.style().polish(self.memory)
        self.memory.show()

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(6)
        for label in (self.title, self.facts, self.memory):
            words.addWidget(label)
        words.addStretch(1)
        buttons = QVBoxLayout()
        buttons.setSpacing(6)
        for button in (self.load, self.convert, self.reveal, self.copy):
            buttons.addWidget(button)
        buttons.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 12, 12, 12)
        row.setSpacing(18)
        row.addLayout(words, 1)
        row.addLayout(buttons)


def _facts(row: CheckpointRow, folder: Path | None) -> str:
    lines: list[tuple[str, str]] = []
    if row.found is not None:
        lines.append(("File", escape(str(row.found.path)) + f" ({size_text(row.size_bytes)})"))
        if row.found.problem:
            lines.append(("Problem", escape(row.found.problem)))
        if row.sha256:
            lines.append(("SHA-256", f"<code>{row.sha256}</code>"))
    if row.published is not None:
        lines += _published_facts(row, folder)
    cells = "".join(
        f"<tr><td style='padding-right: 14px; white-space: nowrap;'><b>{name}</b></td><td>{text}</td></tr>"
        for name, text in lines
    )
    return f"<table cellspacing='0' cellpadding='1'>{cells}</table>"


def _published_facts(row: CheckpointRow, folder: Path | None) -> list[tuple[str, str]]:
    assert row.published is not None  # asked by the caller
    page = escape(row.project_page, quote=True)
    lines = [
        ("Figures", escape(row.published.figures) or "none are published"),
        ("Trained on", escape(row.training_data)),
        ("Licence", escape(row.licence)),
        ("Project page", f"<a href='{page}'>{page}</a>"),
        ("Packing", escape(row.published.note)),
    ]
    if row.found is None:
        lines.insert(0, ("File", escape(row.file_name)))
        lines.append(("To use it", escape(where_to_put(row, folder))))
    return lines


def _words() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return label


def _button(text: str, tip: str, signal: SignalInstance) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    button.clicked.connect(signal)
    return button
