"""A sequence of protocols, put together by drag and drop, with undo."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QUndoCommand, QUndoStack
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ..naming import title_of
from ..widgets import button, label

_WHAT = Qt.ItemDataRole.UserRole
_MOST_TIMES = 1_000_000


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
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.itemClicked.connect(lambda item: self._open(item.data(_WHAT)))
        self.list.model().rowsMoved.connect(self._moved)
        self.add_button = button(
            "Add to sequence", "Append the protocol shown, as it is set", self.wanted.emit
        )
        self.remove_button = button("Remove", "Take the chosen part out (Del)", self.remove_chosen)
        self.remove_button.setShortcut(QKeySequence(Qt.Key.Key_Delete))
        self.undo_button = button("Undo", "Undo the last change of the sequence", self.undo_stack.undo)
        self.times = QSpinBox()
        self.times.setRange(1, _MOST_TIMES)
        self.times.setValue(2)
        self.times.setSuffix(" ×")
        self.times.setAccessibleName("How often")
        self.repeat_button = button(
            "Repeat",
            "Run the chosen parts so many times, one after the other; 1 × takes a repeat apart again",
            self.repeat_chosen,
        )
        buttons, repeats = QHBoxLayout(), QHBoxLayout()
        for each in (self.add_button, self.remove_button, self.undo_button):
            buttons.addWidget(each)
        for each in (self.times, self.repeat_button):
            repeats.addWidget(each)
        self.hint = label("Empty: the protocol shown is run by itself. Drag to reorder.", "faint", wraps=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(label("Sequence", "title"))
        layout.addWidget(self.list)
        layout.addWidget(self.hint)
        layout.addLayout(buttons)
        layout.addLayout(repeats)
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
        """Take the chosen parts out."""
        self._replace_chosen("remove", [])

    def repeat_chosen(self) -> None:
        """Make one part of the chosen ones, which runs them so often; once takes a repeat apart."""
        chosen, times = [self.parts[row] for row in self._chosen_rows], self.times.value()
        if not chosen:
            return
        if len(chosen) == 1 and chosen[0]["protocol"] == "Repeat":
            repeat = {**chosen[0], "times": times}
        else:
            repeat = {"protocol": "Repeat", "body": _together(chosen), "times": times}
        # Limits of a repeat or a sequence hold for it as a whole: such a one is not taken apart.
        is_plain = times == 1 and "limits" not in repeat
        self._replace_chosen("repeat", _inside(repeat["body"]) if is_plain else [repeat])

    def load(self, parts: list[dict[str, Any]]) -> None:
        """Show another sequence."""
        self.list.clear()
        for each in parts:
            self._append(each)
        self._tell()

    @property
    def _chosen_rows(self) -> list[int]:
        return sorted(index.row() for index in self.list.selectedIndexes())

    def _replace_chosen(self, text: str, parts: list[dict[str, Any]]) -> None:
        """Put other parts into the place of the first of those that are chosen."""
        rows, before = self._chosen_rows, self.parts
        if not rows:
            return
        after = [part for row, part in enumerate(before) if row not in rows]
        after[rows[0] : rows[0]] = parts
        self.load(after)
        self._done(text, before)
        self.list.setCurrentRow(min(rows[0], len(after) - 1))

    def _open(self, description: dict[str, Any]) -> None:
        if description["protocol"] == "Repeat":
            self.times.setValue(description["times"])
        elif len(self._chosen_rows) == 1:
            self.opened.emit(description)

    def _append(self, description: dict[str, Any]) -> None:
        item = QListWidgetItem(_text(description))
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
        for each in (self.remove_button, self.repeat_button, self.times):
            each.setEnabled(has_parts)
        self.undo_button.setEnabled(self.undo_stack.canUndo())
        self.hint.setVisible(not has_parts)
        self.list.setVisible(has_parts)


def _text(description: dict[str, Any]) -> str:
    """Return a part as a person reads it: "3 × (Linear sweep · rate 1 mV/s, Open circuit)"."""
    if description["protocol"] == "Repeat":
        inside = ", ".join(_text(each) for each in _inside(description["body"]))
        return f"{description['times']} × ({inside})"
    if description["protocol"] == "Sequence":
        return ", ".join(_text(each) for each in description["protocols"])
    parameters = [f"{name} {value}" for name, value in description.items() if name != "protocol"]
    title = title_of(description["protocol"])
    return f"{title} · {', '.join(parameters)}" if parameters else title


def _inside(body: dict[str, Any]) -> list[dict[str, Any]]:
    is_plain = body["protocol"] == "Sequence" and "limits" not in body
    return list(body["protocols"]) if is_plain else [body]


def _together(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return parts[0] if len(parts) == 1 else {"protocol": "Sequence", "protocols": parts}
