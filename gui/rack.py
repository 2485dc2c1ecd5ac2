"""The rack: all channels at a glance, as cards or as rows."""

from collections.abc import Sequence

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QHBoxLayout,
    QHeaderView,
    QListView,
    QMenu,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from .bench import BenchState
from .drawn import icon
from .rack_card import SIZE, CardDelegate
from .rack_model import RackFilter, RackModel
from .theme import Theme
from .widgets import search_line, tool


class Rack(QWidget):
    """All channels, to be looked at and chosen.

    Attributes
    ----------
    chosen : Signal
        Other channels are chosen now.
    opened : Signal(str)
        A person wants to see a channel's plots.
    """

    chosen = Signal()
    opened = Signal(str)

    def __init__(self, bench: BenchState, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = RackModel(bench, self)
        self._filter = RackFilter(self)
        self._filter.setSourceModel(self._model)
        self._cards_delegate = CardDelegate(bench, theme, self)
        self.search = search_line("Filter: name, cell, state, protocol …")
        self.search.textChanged.connect(self._filter.set_words)
        self.cards = self._make_cards()
        self.rows = self._make_rows()
        self.cards.selectionModel().selectionChanged.connect(lambda *_: self.chosen.emit())
        self._pages = QStackedWidget()
        self._pages.addWidget(self.cards)
        self._pages.addWidget(self.rows)
        self._menu_actions: list[QAction] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        top = QHBoxLayout()
        top.addWidget(self.search)
        self._ways = QButtonGroup(self)
        for index, (name, tip) in enumerate((("cards", "Show cards"), ("rows", "Show rows"))):
            way = tool("", tip, checkable=True)
            way.setObjectName(name)
            way.setChecked(index == 0)
            self._ways.addButton(way, index)
            top.addWidget(way)
        self._ways.idClicked.connect(self._pages.setCurrentIndex)
        layout.addLayout(top)
        layout.addWidget(self._pages)
        self.set_theme(theme)
        self.select([next(iter(bench.statuses), "")])

    @property
    def names(self) -> list[str]:
        """The chosen channels, in the order of the bench."""
        chosen = self.cards.selectionModel().selectedIndexes()
        rows = {self._filter.mapToSource(index).row() for index in chosen}
        return [self._model.name(row) for row in sorted(rows)]

    @property
    def shows_rows(self) -> bool:
        """Whether it shows rows instead of cards."""
        return self._pages.currentIndex() == 1

    @shows_rows.setter
    def shows_rows(self, shows: bool) -> None:
        self._ways.button(int(shows)).setChecked(True)
        self._pages.setCurrentIndex(int(shows))

    def select(self, names: Sequence[str]) -> None:
        """Choose channels."""
        selection = QItemSelection()
        for row in range(self._filter.rowCount()):
            index = self._filter.index(row, 0)
            if self._model.name(self._filter.mapToSource(index).row()) in names:
                selection.select(index, self._filter.index(row, self._filter.columnCount() - 1))
        flags = QItemSelectionModel.SelectionFlag
        self.rows.selectionModel().select(selection, flags.ClearAndSelect)
        if selection.indexes():
            self.rows.selectionModel().setCurrentIndex(selection.indexes()[0], flags.NoUpdate)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._model.theme = self._cards_delegate.theme = theme
        for each in self._ways.buttons():
            each.setIcon(icon(each.objectName(), theme.text, theme.faint))
        self.cards.viewport().update()

    def set_menu(self, actions: Sequence[QAction]) -> None:
        """Offer actions with the right button of the mouse."""
        self._menu_actions = list(actions)

    def _make_cards(self) -> QListView:
        view = _Cards()
        view.setModel(self._filter)
        view.setItemDelegate(self._cards_delegate)
        view.setViewMode(QListView.ViewMode.IconMode)
        view.setMovement(QListView.Movement.Static)
        view.setResizeMode(QListView.ResizeMode.Adjust)
        view.setUniformItemSizes(True)
        view.setGridSize(QSize(SIZE.width() + 2, SIZE.height() + 2))
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        beside = 2 * view.frameWidth() + view.verticalScrollBar().sizeHint().width()
        view.setMinimumWidth(view.gridSize().width() + beside)
        view.setAccessibleName("Channels as cards")
        self._connect(view)
        return view

    def _make_rows(self) -> QTableView:
        view = QTableView()
        view.setModel(self._filter)
        # Both ways show the same choice.
        view.setSelectionModel(self.cards.selectionModel())
        view.setSortingEnabled(True)
        view.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        view.setShowGrid(False)
        view.verticalHeader().hide()
        view.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        view.horizontalHeader().setStretchLastSection(True)
        for column, width in enumerate((80, 110, 110, 130, 150, 50, 90, 100, 90)):
            view.setColumnWidth(column, width)
        view.setAccessibleName("Channels as rows")
        self._connect(view)
        return view

    def _connect(self, view: QAbstractItemView) -> None:
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        view.activated.connect(self._open)
        view.doubleClicked.connect(self._open)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(
            lambda position: self._show_menu(view.viewport().mapToGlobal(position))
        )

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(self._model.name(self._filter.mapToSource(index).row()))

    def _show_menu(self, position: QPoint) -> None:
        if self._menu_actions:
            menu = QMenu(self)
            menu.addActions(self._menu_actions)
            menu.popup(position)


class _Cards(QListView):
    """Paints the cards that have changed, and not all those between them."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint one part of what is to be painted after another."""
        for part in list(event.region()):  # pyright: ignore[reportArgumentType]
            super().paintEvent(QPaintEvent(part))
