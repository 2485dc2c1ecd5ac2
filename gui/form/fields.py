"""One field of a form: label, input, help, and what is wrong with it."""

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QPlainTextEdit, QVBoxLayout, QWidget

from ...protocols.quantities import Current, Quantity
from ..naming import label_of
from ..widgets import label
from .quantity_box import QuantityBox

_HIGH_px = {"notes": 70, "method": 240}
"""Height of the inputs of several lines."""


class Field(QObject):
    """One parameter in a form.

    Parameters
    ----------
    name : str
        The parameter's.
    about : FieldInfo
        Its kind and its bounds.
    meaning : str
        What it is, for people.
    default : str
        Its default as people write it; "" where it has none.

    Attributes
    ----------
    changed : Signal
        Another value was given.
    """

    changed = Signal()

    def __init__(
        self, name: str, about: FieldInfo, meaning: str, default: str, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.name = name
        self.default = default
        self.quantity = next((each for each in _parts(about) if isinstance(each, Quantity)), None)
        self.takes_lists = self.quantity is not None and get_origin(about.annotation) is not tuple
        """Whether a list of values makes several runs."""
        self.is_needed = about.is_required()
        self.is_optional = type(None) in _parts(about)
        self.input = self._make_input(about)
        self.input.setObjectName(name)
        self.input.setToolTip(self._help(about, meaning))
        self.input.setAccessibleName(label_of(name))
        self.fault = label(role="fault", wraps=True)
        self.fault.hide()

    @property
    def value(self) -> Any:
        """What was given, as its model reads it; None where nothing is and nothing needs to be."""
        nothing = None if self.is_optional or not self.default else ""
        match self.input:
            case QCheckBox():
                return self.input.isChecked()
            case QComboBox():
                return self.input.currentData()
            case QPlainTextEdit():
                return self.input.toPlainText().strip() or nothing
            case QuantityBox():
                return self.input.value_text() or nothing
            case _:
                return None

    @property
    def is_default(self) -> bool:
        """Whether it says what it says by default."""
        return str(self.value) == self.default or (self.value is None and not self.default)

    def set_text(self, text: str) -> None:
        """Give a value as people write it."""
        match self.input:
            case QCheckBox():
                self.input.setChecked(text.lower() in ("true", "1", "yes"))
            case QComboBox():
                self.input.setCurrentIndex(max(self.input.findText(text), 0))
            case QPlainTextEdit():
                self.input.setPlainText(text)
            case QuantityBox():
                self.input.set_text(text)
            case _:
                pass

    def show_fault(self, sentence: str) -> None:
        """Show what is wrong; nothing for ""."""
        self.fault.setText(sentence)
        self.fault.setVisible(bool(sentence))
        if self.input.property("fault") != bool(sentence):
            self.input.setProperty("fault", bool(sentence))
            # The style sheet looks at properties only when it is told to.
            self.input.style().unpolish(self.input)
            self.input.style().polish(self.input)

    def add_to(self, layout: QFormLayout) -> None:
        """Put it at the end of a form."""
        column = QVBoxLayout()
        column.setSpacing(1)
        column.addWidget(self.input)
        column.addWidget(self.fault)
        name = label(label_of(self.name) + (" *" if self.is_needed else ""))
        name.setToolTip(self.input.toolTip())
        name.setBuddy(self.input)
        layout.addRow(name, column)

    def _make_input(self, about: FieldInfo) -> QWidget:
        annotation = about.annotation
        if annotation is bool:
            box = QCheckBox()
            box.setChecked(self.default == "True")
            box.toggled.connect(self.changed)
            return box
        if get_origin(annotation) is Literal:
            choice = QComboBox()
            for each in get_args(annotation):
                choice.addItem(str(each), each)
            choice.setCurrentText(self.default)
            choice.currentIndexChanged.connect(self.changed)
            return choice
        if self.name in _HIGH_px:
            text = QPlainTextEdit(self.default)
            text.setFixedHeight(_HIGH_px[self.name])
            text.textChanged.connect(self.changed)
            return text
        box = QuantityBox(is_whole=annotation is int)
        if annotation is str or (not self.quantity and str in get_args(annotation)):
            box.setButtonSymbols(QuantityBox.ButtonSymbols.NoButtons)
        box.set_text(self.default)
        box.lineEdit().setPlaceholderText("needed" if self.is_needed else self._placeholder(about))
        box.text_changed.connect(self.changed)
        return box

    def _placeholder(self, about: FieldInfo) -> str:
        if self.quantity is not None:
            return f"not set ({self.quantity.shown})" if self.quantity.shown != "1" else "not set"
        return "not set (mA, mA/cm², C/10)" if Current in _parts(about) else "not set"

    def _help(self, about: FieldInfo, meaning: str) -> str:
        said = [meaning]
        if self.quantity is not None:
            said.append(f"Allowed: {self.quantity.allowed}.")
        elif Current in _parts(about):
            said.append("Written like 1 mA, 0.05 mA/cm² or C/10.")
        bounds = [
            f"{word} {getattr(each, name)}"
            for each in about.metadata
            for name, word in (("ge", "at least"), ("gt", "above"), ("le", "at most"), ("lt", "below"))
            if getattr(each, name, None) is not None
        ]
        if bounds:
            said.append(f"Allowed: {' and '.join(bounds)}.")
        if self.default:
            said.append(f"Default: {self.default}.")
        return " ".join(each for each in said if each)


def _parts(about: FieldInfo) -> Iterator[Any]:
    """Yield what a field is made of: annotations and types, at any depth."""
    yield from about.metadata
    stack = [about.annotation]
    while stack:
        each = stack.pop()
        yield each
        yield from getattr(each, "__metadata__", ())
        stack += get_args(each)
