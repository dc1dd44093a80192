"""What may be typed into the fields of the panels."""

import pytest
from PySide6.QtCore import Qt

from app.widgets.fields import OptionalDoubleSpinBox, OptionalSpinBox, TargetSpinBox


def enter(qtbot, field, text):
    field.selectAll()
    qtbot.keyClicks(field, text) if text else qtbot.keyClick(field, Qt.Key.Key_Delete)
    qtbot.keyClick(field, Qt.Key.Key_Return)


@pytest.fixture
def target(qtbot):
    field = TargetSpinBox()
    qtbot.addWidget(field)
    field.setDecimals(3)
    field.setRange(0.001, 80)
    field.setSuffix(" m")
    field.setKeyboardTracking(False)
    field.setValue(2)
    field.show()
    return field


class TestTarget:
    @pytest.mark.parametrize(("text", "number"), [("500", 500), ("-2", -2), ("0", 0), ("80.5", 80.5)])
    def test_a_number_out_of_range_is_told_and_not_taken(self, qtbot, target, text, number):
        with qtbot.waitSignal(target.refused) as told:
            enter(qtbot, target, text)
        assert told.args == [number]
        assert (target.value(), target.text()) == (2, "2.000 m")

    @pytest.mark.parametrize(("text", "number"), [("3.5", 3.5), ("3,5", 3.5), ("80", 80), (".25", 0.25)])
    def test_a_number_within_is_taken_with_either_decimal_sign(self, qtbot, target, text, number):
        with qtbot.assertNotEmitted(target.refused):
            enter(qtbot, target, text)
        assert target.value() == number

    def test_letters_are_not_taken(self, qtbot, target):
        with qtbot.assertNotEmitted(target.refused):
            enter(qtbot, target, "far")
        assert target.value() == 2


@pytest.mark.parametrize("make", [lambda: OptionalDoubleSpinBox(100, 2), lambda: OptionalSpinBox(0, 100)])
def test_an_emptied_field_is_left_to_the_default(qtbot, make):
    field = make()
    qtbot.addWidget(field)
    field.setPrefix("Near ")
    field.set_default_text("Near auto")
    field.set_optional_value(3)
    field.show()
    enter(qtbot, field, "")
    assert field.optional_value() is None
    assert field.text() == "Near auto"
    enter(qtbot, field, "7")
    assert field.optional_value() == 7
