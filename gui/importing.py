"""Files that are dropped onto the window: runs are shown, recordings of other programs brought in."""

from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Signal

from ..engine.bench.names import safe_name
from .commanding import run_command

_RUN_ENDINGS = (".h5", ".hdf5")
_NOT_RECORDINGS = (".yaml", ".yml")
"""Protocols, cells and benches, which have places of their own to be dropped."""


def dropped_files(data: QMimeData) -> list[Path]:
    """Return the files among what is dragged that may be runs or recordings."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return [path for path in paths if path.is_file() and path.suffix.lower() not in _NOT_RECORDINGS]


class Importer(QObject):
    """Brings recordings of other programs into the data folder, in processes of their own.

    Attributes
    ----------
    imported : Signal(object)
        Path of a run file that is there now, or was there before.
    said : Signal(str, str)
        Something to tell: "info", "warning" or "error", and a sentence.
    """

    imported = Signal(object)
    said = Signal(str, str)

    def take(self, paths: list[Path], folder: Path) -> None:
        """Show run files; import other files into the folder ``imported`` of the data folder."""
        waiting = []
        for path in paths:
            if path.suffix.lower() in _RUN_ENDINGS:
                self.imported.emit(path)
            else:
                waiting.append(path)
        self._next(waiting, folder / "imported")

    def _next(self, waiting: list[Path], folder: Path) -> None:
        """Import one after the other: many files at once would take the processor from the bench."""
        if not waiting:
            return
        source, rest = waiting[0], waiting[1:]
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self.said.emit("error", f"{folder} cannot be made: {error.strerror}.")
            return
        target = _free(folder, source.stem)
        self.said.emit("info", f"Importing {source.name} …")

        def end(code: int, said: str) -> None:
            if code == 0:
                warnings = [line[2:] for line in said.splitlines() if line.startswith("! ")]
                self.said.emit(
                    "warning" if warnings else "info", f"{source.name} is imported. {' '.join(warnings)}"
                )
                self.imported.emit(target)
            else:
                self.said.emit(
                    "error",
                    said.strip().removeprefix("faradaic: ")[-400:] or f"{source.name} was not imported.",
                )
            self._next(rest, folder)

        run_command(self, ["import", str(source), "--out", str(target)], end)


def _free(folder: Path, stem: str) -> Path:
    """Return a name for a run file that nothing has."""
    name, number = safe_name(stem), 1
    while (path := folder / (f"{name}.h5" if number == 1 else f"{name} {number}.h5")).exists():
        number += 1
    return path
