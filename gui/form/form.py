"""A form for any description: a protocol, a cell, limits."""

from typing import Any

from pydantic import ValidationError
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QVBoxLayout, QWidget

from ...protocols import explain_fields
from ...protocols.field_docs import field_docs
from ...protocols.steps import Frozen
from ...protocols.texts import parameter_texts, written
from ..widgets import label
from .fields import Field

_ELSEWHERE = ("limits", "protocols", "body")
"""Parameters that are not fields of a form: they have a form of their own."""


class Form(QWidget):
    """Fields for all parameters of a model, which says what is allowed.

    Parameters
    ----------
    model : type
        Such as `LinearSweep`, `Cell` or `SafetyLimits`.

    Attributes
    ----------
    changed : Signal
        A field says something else now.
    """

    changed = Signal()

    def __init__(self, model: type[Frozen], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        defaults = parameter_texts(model.model_construct())
        self.fields: dict[str, Field] = {}
        meanings = field_docs(model)
        rows = QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.setVerticalSpacing(8)
        for name, about in model.model_fields.items():
            if name in _ELSEWHERE:
                continue
            field = Field(name, about, meanings.get(name, ""), defaults.get(name, ""), self)
            field.changed.connect(self.changed)
            field.add_to(rows)
            self.fields[name] = field
        self.fault = label(role="fault", wraps=True)
        self.fault.hide()
        layout = QVBoxLayout(self)
        layout.addLayout(rows)
        layout.addWidget(self.fault)
        layout.addStretch()

    @property
    def values(self) -> dict[str, Any]:
        """What was given and is not as it is by default."""
        return {name: field.value for name, field in self.fields.items() if not field.is_default}

    def set_values(self, values: dict[str, Any]) -> None:
        """Show these values, and defaults for everything else."""
        for name, field in self.fields.items():
            field.set_text(written(values[name]) if values.get(name) is not None else field.default)

    def check(self, values: dict[str, Any] | None = None) -> bool:
        """Show at each field what is wrong with it; return whether everything is right.

        `values` stand in for those of the form, without which the form's own are checked.
        """
        try:
            self.model.model_validate(self.values if values is None else values)
        except ValidationError as error:
            self.show_faults(explain_fields(error, self.model))
            return False
        self.show_faults({})
        return True

    def show_faults(self, faults: dict[str, str]) -> None:
        """Show sentences at the fields that they are about; others below the form."""
        for name, field in self.fields.items():
            field.show_fault(faults.get(name, ""))
        general = " ".join(sentence for name, sentence in faults.items() if name not in self.fields)
        self.fault.setText(general)
        self.fault.setVisible(bool(general))
