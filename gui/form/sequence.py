"""A sequence of protocols, put together by drag and drop, with undo."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QUndoCommand, QUndoStack
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..naming import title_of
from ..widgets import button, label

_WHAT = Qt.ItemDataRole.UserRole


class _Change(QUndoCommand):
    """From one state of the sequence to another."""

    def __init__(self, editor: "SequenceEditor", text: str, before: list[dict[str, Any]]) -> None:
        super().__init__(text)
        self._editor = editor
        self._before, self._after = before, editor.parts

    def undo(self) -> None:
        self._editor.load(self._before)

    def redo(self) -> None:
        if self._editor.parts != self._after:
            self._editor.load(self._after)


class SequenceEditor(QWidget):
    """The parts of a sequence, in order.

    Attributes
    ----------
    changed : Signal
        The sequence is another one now.
    opened : Signal(dict)
        A person wants to see this part.
    wanted : Signal
        A person wants the protocol that is shown in the sequence.
    """

    changed = Signal()
    opened = Signal(dict)
    wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.undo_stack = QUndoStack(self)
        self.list = QListWidget()
        self.list.setAccessibleName("Sequence")
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.list.setMaximumHeight(150)
        self.list.itemClicked.connect(lambda item: self.opened.emit(item.data(_WHAT)))
        self.list.model().rowsMoved.connect(self._moved)
        self.add_button = button(
            "Add to sequence", "Append the protocol shown, as it is set", self.wanted.emit
        )
        self.remove_button = button("Remove", "Take the chosen part out (Del)", self.remove_chosen)
        self.remove_button.setShortcut(QKeySequence(Qt.Key.Key_Delete))
        self.undo_button = button("Undo", "Undo the last change of the sequence", self.undo_stack.undo)
        buttons = QHBoxLayout()
        for each in (self.add_button, self.remove_button, self.undo_button):
            buttons.addWidget(each)
        self.hint = label("Empty: the protocol shown is run by itself. Drag to reorder.", "faint", wraps=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(label("Sequence", "title"))
        layout.addWidget(self.list)
        layout.addWidget(self.hint)
        layout.addLayout(buttons)
        self._known: list[dict[str, Any]] = []
        self._update_buttons()

    @property
    def parts(self) -> list[dict[str, Any]]:
        """The descriptions of the protocols, in order."""
        return [self.list.item(row).data(_WHAT) for row in range(self.list.count())]

    def add(self, description: dict[str, Any]) -> None:
        """Append a protocol."""
        before = self.parts
        self._append(description)
        self._done("add", before)

    def remove_chosen(self) -> None:
        """Take the chosen part out."""
        row = self.list.currentRow()
        if row >= 0:
            before = self.parts
            self.list.takeItem(row)
            self._done("remove", before)

    def load(self, parts: list[dict[str, Any]]) -> None:
        """Show another sequence."""
        self.list.clear()
        for each in parts:
            self._append(each)
        self._tell()

    def _append(self, description: dict[str, Any]) -> None:
        parameters = [f"{name} {value}" for name, value in description.items() if name != "protocol"]
        item = QListWidgetItem(title_of(description["protocol"]))
        if parameters:
            item.setText(f"{item.text()} · {', '.join(parameters)}")
        item.setData(_WHAT, description)
        item.setToolTip(item.text())
        self.list.addItem(item)

    def _moved(self, *_: object) -> None:
        self._done("move", self._known)

    def _done(self, text: str, before: list[dict[str, Any]]) -> None:
        self.undo_stack.push(_Change(self, text, before))
        self._tell()

    def _tell(self) -> None:
        self._known = self.parts
        self._update_buttons()
        self.changed.emit()

    def _update_buttons(self) -> None:
        has_parts = self.list.count() > 0
        self.remove_button.setEnabled(has_parts)
        self.undo_button.setEnabled(self.undo_stack.canUndo())
        self.hint.setVisible(not has_parts)
        self.list.setVisible(has_parts)
