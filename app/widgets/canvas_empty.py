"""What the canvas shows without an image, and while files are dragged over it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPalette, QPen

from app.theme import icon

_ICON_PX = 96
_WIDTH_PX = 460.0
_INSET_PX = 14.0
_CORNER_PX = 14.0


def paint_empty(painter: QPainter, area: QRectF, palette: QPalette, title: str, hint: str) -> None:
    """Icon, title and hint in the middle of an area."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    title_font, hint_font = _font(painter.font(), 19, bold=True), _font(painter.font(), 13)
    width = min(_WIDTH_PX, area.width() - 4 * _INSET_PX)
    wrapped = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop) | int(Qt.TextFlag.TextWordWrap)
    limits = QRectF(0, 0, width, 10_000)
    title_height = QFontMetricsF(title_font).boundingRect(limits, wrapped, title).height()
    hint_height = QFontMetricsF(hint_font).boundingRect(limits, wrapped, hint).height()
    top = area.center().y() - (_ICON_PX + 18 + title_height + 8 + hint_height) / 2
    left = area.center().x() - width / 2
    _paint_icon(painter, QPointF(area.center().x(), top + _ICON_PX / 2), palette)
    top += _ICON_PX + 18
    painter.setFont(title_font)
    painter.setPen(palette.color(QPalette.ColorRole.WindowText))
    painter.drawText(QRectF(left, top, width, title_height), wrapped, title)
    painter.setFont(hint_font)
    painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
    painter.drawText(QRectF(left, top + title_height + 8, width, hint_height), wrapped, hint)


def paint_frame(painter: QPainter, area: QRectF, palette: QPalette) -> None:
    """The dashed frame of an empty canvas: files can be dropped here."""
    pen = QPen(palette.color(QPalette.ColorRole.Dark), 1.5)
    pen.setDashPattern([5, 5])
    _paint_rounded(painter, area, pen, QColor(0, 0, 0, 0))


def paint_drop_frame(painter: QPainter, area: QRectF, palette: QPalette) -> None:
    """The highlight while files are dragged over the canvas."""
    accent = palette.color(QPalette.ColorRole.Accent)
    fill = QColor(accent)
    fill.setAlpha(38)
    _paint_rounded(painter, area, QPen(accent, 2.5), fill)


def _paint_rounded(painter: QPainter, area: QRectF, pen: QPen, fill: QColor) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(pen)
    painter.setBrush(fill)
    painter.drawRoundedRect(area.adjusted(_INSET_PX, _INSET_PX, -_INSET_PX, -_INSET_PX), _CORNER_PX, _CORNER_PX)


def _paint_icon(painter: QPainter, centre: QPointF, palette: QPalette) -> None:
    size = QSize(_ICON_PX, _ICON_PX)
    pixmap = icon("mdi6.image-plus-outline", palette, accent=True).pixmap(size, painter.device().devicePixelRatio())
    painter.drawPixmap(centre - QPointF(_ICON_PX / 2, _ICON_PX / 2), pixmap)


def _font(base: QFont, pixels: int, *, bold: bool = False) -> QFont:
    font = QFont(base)
    font.setPixelSize(pixels)
    font.setBold(bold)
    return font
