"""What other frameworks cost per point, each writing its usual file (group ``bench``)."""

import json
import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np


def pymeasure(folder: Path, points: int) -> float:
    """Return seconds a point of a PyMeasure procedure that writes CSV."""
    from pymeasure.experiment import Procedure, Results, Worker

    class Emit(Procedure):
        DATA_COLUMNS = ["voltage", "current"]

        def execute(self) -> None:
            for index in range(points):
                self.emit("results", {"voltage": 3.7 + index * 1e-9, "current": 1e-3})

    worker = Worker(Results(Emit(), str(folder / "pymeasure.csv")))
    begin = time.perf_counter()
    worker.start()
    worker.join(timeout=600)
    return (time.perf_counter() - begin) / points


def qcodes(folder: Path, points: int) -> float:
    """Return seconds a point of a QCoDeS measurement that writes SQLite."""
    from qcodes.dataset import Measurement, initialise_or_create_database_at, load_or_create_experiment
    from qcodes.parameters import ManualParameter

    initialise_or_create_database_at(str(folder / "qcodes.db"))
    measurement = Measurement(load_or_create_experiment("benchmark", "source"))
    voltage, current = ManualParameter("voltage"), ManualParameter("current")
    measurement.register_parameter(voltage)
    measurement.register_parameter(current, setpoints=(voltage,))
    begin = time.perf_counter()
    with measurement.run(write_in_background=False) as saver:
        for index in range(points):
            saver.add_result((voltage, 3.7 + index * 1e-9), (current, 1e-3))
    return (time.perf_counter() - begin) / points


def bluesky(folder: Path, points: int) -> float:
    """Return seconds a point of a Bluesky plan that writes its documents as JSON lines."""
    import bluesky.plan_stubs as stubs
    from bluesky import RunEngine
    from bluesky.preprocessors import run_decorator

    class Detector:
        name, parent, hints = "detector", None, {}

        def read(self) -> dict[str, Any]:
            now = time.time()
            return {name: {"value": value, "timestamp": now} for name, value in (("E", 3.7), ("I", 1e-3))}

        def describe(self) -> dict[str, Any]:
            return {name: {"source": "memory", "dtype": "number", "shape": []} for name in "EI"}

        def read_configuration(self) -> dict[str, Any]:
            return {}

        describe_configuration = read_configuration

    detector = Detector()

    @run_decorator()
    def plan() -> Iterator[Any]:
        for _ in range(points):
            yield from stubs.trigger_and_read([detector])

    with (folder / "bluesky.jsonl").open("w") as file:
        begin = time.perf_counter()
        RunEngine({})(plan(), lambda name, document: file.write(json.dumps([name, document]) + "\n"))
        return (time.perf_counter() - begin) / points


def plain_h5py(folder: Path, points: int) -> float:
    """Return seconds a point of a loop that appends 64 rows at a time to HDF5 (SWMR) and flushes."""
    dtype = np.dtype([("voltage", "f8"), ("current", "f8")])
    with h5py.File(folder / "plain.h5", "w", libver="latest") as file:
        data = file.create_dataset("data", (0,), dtype, maxshape=(None,), chunks=(1024,))
        file.swmr_mode = True
        rows = np.zeros(64, dtype)
        begin = time.perf_counter()
        for index in range(points):
            rows[index % 64] = (3.7 + index * 1e-9, 1e-3)
            if index % 64 == 63:
                data.resize(index + 1, axis=0)
                data[-64:] = rows
                data.flush()
        return (time.perf_counter() - begin) / points


PEERS: dict[str, tuple[Callable[[Path, int], float], int]] = {
    "PyMeasure (CSV)": (pymeasure, 50_000),
    "QCoDeS (SQLite)": (qcodes, 20_000),
    "Bluesky (JSON lines)": (bluesky, 2_000),
    "plain h5py loop": (plain_h5py, 64 * 3000),
}


def main() -> None:
    """Print the cost of each; what they do beside it is in the comment."""
    logging.disable(logging.CRITICAL)
    for name, (measure, points) in PEERS.items():
        with tempfile.TemporaryDirectory() as folder:
            print(f"  {name:22} {measure(Path(folder), points) * 1e6:7.2f} µs a point")
    print("  None of the four checks limits, integrates charge or survives a kill with its last second.")


if __name__ == "__main__":
    main()
