"""The middle of the window: plots and plans, in tabs or side by side."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPixmap, QResizeEvent
from PySide6.QtWidgets import QLabel, QMdiArea, QMdiSubWindow, QScrollArea, QTabBar, QWidget

from .asking import Asking
from .drawn import icon
from .plots.source import Recording, Source, read_run, source_of
from .plots.turns import Turns
from .theme import Theme

if TYPE_CHECKING:
    from .plots.panel import PlotPanel


class Workspace(QMdiArea):
    """Holds panels: as tabs, or tiled.

    Attributes
    ----------
    said : Signal(str, str)
        Something to tell: "info" or "error", and a sentence.
    overlay_wanted : Signal(object)
        A person wants to lay another run over this panel's.
    """

    said = Signal(str, str)
    overlay_wanted = Signal(object)

    def __init__(self, asking: Asking, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._asking, self._theme = asking, theme
        self._plots: list[PlotPanel] = []
        self._turns = Turns(self)
        self.setViewMode(QMdiArea.ViewMode.TabbedView)
        self.setTabsClosable(True)
        self.setTabsMovable(True)
        self.setDocumentMode(True)
        self.setBackground(Qt.GlobalColor.transparent)

    @property
    def is_tiled(self) -> bool:
        """Whether plots are side by side, and not in tabs."""
        return self.viewMode() == QMdiArea.ViewMode.SubWindowView

    @property
    def panels(self) -> "list[PlotPanel]":
        """All plots, the latest last."""
        return list(self._plots)

    def minimumSizeHint(self) -> QSize:
        """Leave the size of the window to the person, whatever the panels would like."""
        return QSize(300, 200)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give tiles the space that there is now."""
        super().resizeEvent(event)
        if self.is_tiled and self._have_space():
            self.tileSubWindows()

    def _have_space(self) -> bool:
        """Tell whether all tiles have the size that they need: Qt would make the whole window larger."""
        tiles = [each for each in self.subWindowList() if each.isVisible()]
        across = math.ceil(math.sqrt(len(tiles)))
        if not across:
            return False
        tile = QSize(self.width() // across, self.height() // math.ceil(len(tiles) / across))
        return all(each.minimumSizeHint().boundedTo(tile) == each.minimumSizeHint() for each in tiles)

    def put(self, widget: QWidget, title: str) -> None:
        """Show a panel, in front of the others."""
        window = self.addSubWindow(widget)
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        widget.setWindowTitle(title)
        window.setWindowIcon(icon("tile", self._theme.faint, self._theme.faint))
        self._show(window)

    def bring(self, widget: QWidget) -> bool:
        """Bring a panel to the front; return whether it is here."""
        for window in self.subWindowList():
            if window.widget() is widget:
                self._show(window)
                return True
        return False

    def plot(self, source: Source, title: str) -> "PlotPanel":
        """Show the plot of a run; one that is here already is brought to the front."""
        for panel in self.panels:
            if panel.source is source:
                self.bring(panel)
                return panel
        from .plots.panel import PlotPanel  # noqa: PLC0415  the rack is there before plots are loaded

        panel = PlotPanel(self._theme, source, self._turns)
        self._plots.append(panel)
        panel.destroyed.connect(lambda: self._forget(panel))
        panel.said.connect(self.said)
        panel.overlay_wanted.connect(self.overlay_wanted)
        panel.run_export_wanted.connect(self._export)
        self.put(panel, title)
        return panel

    def open_runs(self, paths: list[Path]) -> None:
        """Plot recorded runs, one over the other."""
        panel: PlotPanel | None = None

        def show(found: list[Recording]) -> None:
            nonlocal panel
            for path, each in zip(paths, found, strict=True):
                source = source_of(path, each, self)
                if panel is None:
                    panel = self.plot(source, path.stem)
                else:
                    panel.plot.add(source)

        self._asking.do(lambda: [read_run(path) for path in paths], show)

    def overlay(self, panel: "PlotPanel", path: Path) -> None:
        """Lay a recorded run over a plot."""
        self._asking.do(lambda: read_run(path), lambda found: panel.plot.add(source_of(path, found, panel)))

    def show_picture(self, path: Path) -> None:
        """Show a figure."""
        picture = QLabel()
        picture.setPixmap(QPixmap(str(path)))
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        picture.setAccessibleName(path.stem)
        area = QScrollArea()
        area.setWidget(picture)
        area.setWidgetResizable(True)
        self.put(area, path.stem)

    def tile(self, *, tiled: bool) -> None:
        """Show all plots side by side, or all panels as tabs."""
        if not tiled:
            active = self.activeSubWindow()
            self.setViewMode(QMdiArea.ViewMode.TabbedView)
            for window in self.subWindowList():
                window.show()
            self._tidy()
            self.setActiveSubWindow(active)
            return
        self.setViewMode(QMdiArea.ViewMode.SubWindowView)
        for window in self.subWindowList():
            # A plan needs more space than a tile has; asked for, it comes back, and with it the tabs.
            if window.widget() in self._plots:
                window.showNormal()
            else:
                window.hide()
        self.tileSubWindows()

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        for panel in self.panels:
            panel.plot.set_theme(theme)

    def _export(self, paths: list[Path], folder: Path, file_format: str) -> None:
        from .plots.export import export_runs  # noqa: PLC0415  the rack is there before plots are loaded

        def tell(written: list[Path]) -> None:
            self.said.emit("info", f"Written into {folder}: {len(written)} files, first {written[0].name}.")

        self._asking.do(lambda: export_runs(paths, folder, file_format), tell)

    def _forget(self, panel: "PlotPanel") -> None:
        self._plots = [each for each in self._plots if each is not panel]

    def _show(self, window: QMdiSubWindow) -> None:
        if self.is_tiled and window.widget() in self._plots:
            window.show()
            self.tileSubWindows()
        else:
            if self.is_tiled:
                self.tile(tiled=False)
            window.showMaximized()
            self._tidy()
        self.setActiveSubWindow(window)

    def _tidy(self) -> None:
        for bar in self.findChildren(QTabBar):
            bar.setExpanding(False)
            bar.setElideMode(Qt.TextElideMode.ElideRight)
