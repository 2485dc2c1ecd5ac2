"""A plot with its tools: view, units, curves to overlay, export."""

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QMenu,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ..theme import Theme
from ..widgets import label, tool, tool_row
from .export import FILTERS, copy, export
from .plot import Plot
from .source import Source
from .turns import Turns
from .views import CURRENT_UNITS, VIEWS, current_factor, view_of


class PlotPanel(QWidget):
    """A plot of one run, over which others can be laid.

    Attributes
    ----------
    overlay_wanted : Signal(object)
        A person wants to lay another run over this panel's; the panel.
    run_export_wanted : Signal(list, object, str)
        Files of runs are to be written into a folder, in a format of `storage.exporting`.
    said : Signal(str, str)
        Something to tell: "info" or "error", and a sentence.
    """

    overlay_wanted = Signal(object)
    run_export_wanted = Signal(list, object, str)
    said = Signal(str, str)

    def __init__(self, theme: Theme, source: Source, turns: Turns, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = Plot(theme, view_of(source.protocol), turns, source)
        self.view = QComboBox()
        self.view.setAccessibleName("View")
        # Narrow enough for four plots side by side.
        self.view.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.view.setMinimumContentsLength(8)
        self.view.addItems(list(VIEWS))
        self.view.setCurrentText(self.plot.view_name)
        self.view.currentTextChanged.connect(self.plot.set_view)
        self.unit = QComboBox()
        self.unit.setAccessibleName("Unit of currents")
        self.unit.setToolTip("Show currents and charges in")
        self.unit.addItems(CURRENT_UNITS)
        self.unit.currentTextChanged.connect(self._set_unit)
        self.log = tool("log y", "Logarithmic y axis", checkable=True)
        self.log.toggled.connect(self.plot.set_log)
        self.log_x = tool("log x", "Logarithmic x axis", checkable=True)
        self.log_x.toggled.connect(self.plot.set_log_x)
        self.follow = tool(
            "Follow", "Let the range follow the data again (double click in the plot)", self.plot.follow
        )
        self.curves = tool("Curves ▾", "Show, hide and overlay curves", self._show_curves)
        self.export_button = tool("Export ▾", "Save the plot as a picture or as numbers", self._show_export)
        self.values = label(role="faint")
        self.values.setMinimumWidth(10)
        self.plot.pointed.connect(self.values.setText)
        self.plot.canvas.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.plot.canvas.customContextMenuRequested.connect(self._show_export_at)
        self.plot.canvas.viewport().installEventFilter(self)
        tools = tool_row(
            "Tools of the plot",
            self.view,
            self.unit,
            self.log_x,
            self.log,
            self.follow,
            self.curves,
            self.export_button,
        )
        self.values.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.values.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        tools.addWidget(self.values)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(tools)
        layout.addWidget(self.plot, 1)
        source.restarted.connect(self._restart)
        self._folder = Path.home()

    @property
    def source(self) -> Source:
        """The run that the panel is about."""
        return self.plot.sources[0]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the data again at a double click."""
        if event.type() == event.Type.MouseButtonDblClick:
            self.plot.follow()
            return True
        return super().eventFilter(watched, event)

    def export_to(self, path: Path) -> None:
        """Save what the plot shows."""
        try:
            export(self.plot, path)
        except (OSError, ValueError) as error:
            self.said.emit("error", f"The plot was not saved: {error}")
        else:
            self.said.emit("info", f"Saved {path}.")

    def _restart(self) -> None:
        """Show another run in the view that suits it."""
        self.plot.set_marks({})
        self.view.setCurrentText(view_of(self.source.protocol))
        self.plot.follow()

    def _set_unit(self, unit: str) -> None:
        if unit != "A" and all(current_factor(source, unit) is None for source in self.plot.sources):
            needs = "electrode area" if unit == "mA/cm²" else "active mass"
            self.said.emit("info", f"Currents in {unit} need the cell's {needs}, which is not known.")
            self.unit.setCurrentText("A")
            return
        self.plot.set_current_unit(unit)

    def _show_curves(self) -> None:
        menu = QMenu(self)
        for source in self.plot.sources:
            shown = menu.addAction(source.label)
            shown.setCheckable(True)
            shown.setChecked(source not in self.plot.hidden)
            shown.toggled.connect(lambda on, each=source: self.plot.show_source(each, on))
        menu.addSeparator()
        menu.addAction("Overlay another run …", lambda: self.overlay_wanted.emit(self))
        for source in self.plot.sources[1:]:
            menu.addAction(f"Take away {source.label}", lambda each=source: self.plot.remove(each))
        menu.popup(self.curves.mapToGlobal(QPoint(0, self.curves.height())))

    def _show_export(self) -> None:
        self._export_menu().popup(self.export_button.mapToGlobal(QPoint(0, self.export_button.height())))

    def _show_export_at(self, position: QPoint) -> None:
        self._export_menu().popup(self.plot.canvas.mapToGlobal(position))

    def _export_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.addAction("Save as PNG, SVG or CSV …", self._ask_and_export)
        menu.addAction("Copy picture", lambda: copy(self.plot))
        if any(source.path is not None for source in self.plot.sources):
            from ...storage.exporting import TITLES  # noqa: PLC0415  the window is there before HDF5

            runs = menu.addMenu("Export whole run as")
            for file_format, title in TITLES.items():
                runs.addAction(f"{title} …", lambda each=file_format: self._ask_and_export_runs(each))
        return menu

    def export_runs_to(self, folder: Path, file_format: str) -> None:
        """Have the runs whose curves are shown written in a format of other programs."""
        shown = [each.path for each in self.plot.sources if each not in self.plot.hidden]
        self.run_export_wanted.emit([path for path in shown if path is not None], folder, file_format)

    def _ask_and_export_runs(self, file_format: str) -> None:
        name = QFileDialog.getExistingDirectory(self, "Export into", str(self._folder))
        if name:
            self._folder = Path(name)
            self.export_runs_to(self._folder, file_format)

    def _ask_and_export(self) -> None:
        proposed = self._folder / "plot.png"
        if self.source.path is not None:
            proposed = self._folder / f"{self.source.path.stem}.png"
        name, chosen = QFileDialog.getSaveFileName(self, "Save plot", str(proposed), FILTERS)
        if not name:
            return
        path = Path(name)
        if not path.suffix:
            path = path.with_suffix(chosen.rpartition("*")[2].rstrip(")"))
        self._folder = path.parent
        self.export_to(path)
