"""A field for a quantity with its unit, with steps up and down."""

import math
import re

from PySide6.QtCore import Signal
from PySide6.QtGui import QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QWidget

_C_RATE = re.compile(r"(\s*[+-]?[\d.]*\s*C\s*/\s*)(\d+\.?\d*)(\s*)")
_NUMBER = re.compile(r"(\s*)([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(.*)", re.DOTALL)


class QuantityBox(QAbstractSpinBox):
    """Takes a quantity as people write it: "0.1 mV/s", "C/10", "OCV", "20, 50, 100 mV/s".

    What is allowed is the business of the model that the text is for; arrows step the number.

    Parameters
    ----------
    is_whole : bool
        Whether it takes whole numbers, which step by one.

    Attributes
    ----------
    text_changed : Signal(str)
        It says something else now.
    """

    text_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None, *, is_whole: bool = False) -> None:
        super().__init__(parent)
        self._is_whole = is_whole
        self.lineEdit().textChanged.connect(self.text_changed)
        self.setMinimumWidth(130)

    def value_text(self) -> str:
        """Return what it says."""
        return self.lineEdit().text().strip()

    def set_text(self, text: str) -> None:
        """Let it say something else."""
        if text != self.lineEdit().text():
            self.lineEdit().setText(text)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Let everything be typed: the model says what is wrong with it."""
        return QValidator.State.Acceptable, text, position

    def fixup(self, text: str) -> str:
        """Leave what was typed as it is."""
        return text

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        """Allow steps where there is a number."""
        flags = QAbstractSpinBox.StepEnabledFlag
        has_number = bool(_NUMBER.fullmatch(self.value_text()) or _C_RATE.fullmatch(self.value_text()))
        return flags.StepUpEnabled | flags.StepDownEnabled if has_number else flags.StepNone

    def stepBy(self, steps: int) -> None:
        """Step the number, and leave its unit."""
        self.set_text(stepped(self.lineEdit().text(), steps, is_whole=self._is_whole))
        self.selectAll()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the form: a number must not change because the mouse passed over it."""
        event.ignore()


def stepped(text: str, steps: int, *, is_whole: bool = False) -> str:
    """Return a quantity some steps on, each a tenth of its leading digit's place: "4.5 V" gives "4.6 V"."""
    if c_rate := _C_RATE.fullmatch(text):
        # A smaller divisor is a larger current.
        divisor = max(float(c_rate[2]) - steps, 1.0)
        return f"{c_rate[1]}{divisor:g}{c_rate[3]}"
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    value = float(match[2])
    if is_whole:
        return f"{match[1]}{int(value) + steps}{match[3]}"
    size = 10.0 ** (math.floor(math.log10(abs(value))) - 1) if value else 0.1
    return f"{match[1]}{round(value + steps * size, 12):.12g}{match[3]}"
