"""Commands that measure."""

import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from .app import RunFile, Settings, app, refusing
from .arguments import assignments, load_protocol, open_chamber, validated
from .terminal import print_outcome, print_results, run_with_progress

ChamberAddress = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS", help='A Julabo circulator\'s port, or "hand": you are asked to set temperatures.'
    ),
]
_DEMO_PROTOCOL: dict[str, Any] = {
    "protocol": "Sequence",
    "protocols": [
        {"protocol": "OpenCircuit", "duration": "10 min"},
        {"protocol": "ImpedanceSpectrum", "frequency_min": "1 Hz"},
        {
            "protocol": "CyclicVoltammetry",
            "vertex_1": "-0.2 V",
            "vertex_2": "1.5 V",
            "rates": "1 mV/s",
            "cycles": 2,
        },
        {"protocol": "LinearSweep", "stop": "5.5 V", "rate": "0.1 mV/s"},
    ],
}
_DEMO_CELL = {
    "name": "IGE-2",
    "area": "1 cm²",
    "thickness": "50 µm",
    "working_electrode": "stainless steel",
    "counter_electrode": "lithium",
    "electrolyte": "IGE-2 ionogel",
}


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the run file and the figures.")] = Path(
        "faradaic-demo"
    ),
    seed: Annotated[int, typer.Option(help="Of the simulated instrument's noise.")] = 1,
) -> None:
    """Measure a simulated stainless steel | electrolyte | lithium cell, without hardware."""
    from ..analysis.report import draw_report
    from ..engine import Runner
    from ..protocols import Cell, load_protocol
    from ..simulators import published_cell, simulated

    protocol = load_protocol(_DEMO_PROTOCOL)
    cell = Cell.model_validate(_DEMO_CELL)
    path = out / f"demo-{time.strftime('%Y%m%d-%H%M%S')}.h5"
    with refusing():
        out.mkdir(parents=True, exist_ok=True)
        with simulated("emstat4-hr", published_cell("SS|IGE-2|Li"), seed=seed) as instrument:
            print(f"{instrument.identity}, simulated: open circuit, impedance, voltammograms, linear sweep.")
            channel = instrument.channels[0]
            run = run_with_progress(
                lambda watch: Runner(protocol, channel, cell=cell, out=path, subscribers=[watch])
            )
        print_results(run)
        figures = draw_report(run, out, formats=("png", "svg"))
        run.close()
    print(f"\nRun file  {path}")
    for figure in figures:
        if figure.suffix == ".png":
            print(f"Figure    {figure}")
    print(f"\nLook into the file: faradaic show {path}")


@app.command()
def run(
    protocol: Annotated[str, typer.Argument(metavar="PROTOCOL", help="A protocol's name, or a YAML file.")],
    instrument: Annotated[str, typer.Option(metavar="ADDRESS", help="A port, such as COM5 or /dev/ttyACM0.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The run file to be.")],
    set_: Settings = None,
    cell: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A YAML file that describes the cell.")
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help='A safety limit, such as "potential_max=4.6 V".'),
    ] = None,
    driver: Annotated[str, typer.Option(help="The instrument's family.")] = "emstat",
    chamber: ChamberAddress = None,
    operator: Annotated[str, typer.Option(help="Recorded with the run.")] = "",
    notes: Annotated[str, typer.Option(help="Recorded with the run.")] = "",
) -> None:
    """Run a protocol on an instrument."""
    from ..engine import Runner
    from ..instruments import open_instrument
    from ..protocols import Cell, SafetyLimits
    from ..protocols.files import cell_from_file

    with refusing():
        described = load_protocol(protocol, set_ or [])
        connected = cell_from_file(cell) if cell else Cell()
        limits = validated(SafetyLimits, assignments(limit or []))
        with ExitStack() as stack:
            opened = stack.enter_context(open_instrument(driver, instrument))
            tempers = stack.enter_context(open_chamber(chamber)) if chamber else None
            recorded = run_with_progress(
                lambda watch: Runner(
                    described,
                    opened.channels[0],
                    cell=connected,
                    out=out,
                    limits=limits,
                    chamber=tempers,
                    subscribers=[watch],
                    operator=operator,
                    notes=notes,
                )
            )
    print_outcome(recorded)


@app.command()
def resume(
    file: RunFile,
    instrument: Annotated[str, typer.Option(metavar="ADDRESS", help="A port, such as COM5 or /dev/ttyACM0.")],
    driver: Annotated[str, typer.Option(help="The instrument's family.")] = "emstat",
    chamber: ChamberAddress = None,
) -> None:
    """Go on with a run that was interrupted, where it was interrupted, in the same file."""
    from ..engine import resumed
    from ..instruments import open_instrument

    with refusing(), ExitStack() as stack:
        opened = stack.enter_context(open_instrument(driver, instrument))
        tempers = stack.enter_context(open_chamber(chamber)) if chamber else None
        recorded = run_with_progress(
            lambda watch: resumed(file, opened.channels[0], chamber=tempers, subscribers=[watch])
        )
    print_outcome(recorded)


@app.command()
def simulate(
    instrument: Annotated[str, typer.Option(metavar="MODEL", help="Such as emstat4-hr.")],
    cell: Annotated[str, typer.Option(metavar="CELL", help='Such as "SS|IGE-2|Li" or "Resistor(10000)".')],
    tcp: Annotated[
        int | None,
        typer.Option(metavar="PORT", help="Serve on this TCP port (0: any) instead of a serial port."),
    ] = None,
    speed: Annotated[float, typer.Option(help="How many times faster than real time.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Of the instrument's noise.")] = 1,
) -> None:
    """Serve a simulated instrument until it is stopped (Ctrl+C)."""
    from ..core.clock import ScaledClock
    from ..simulators import parse_cell, serve

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with ExitStack() as stack:
        with refusing():
            serving = serve(instrument, parse_cell(cell), clock=ScaledClock(speed), seed=seed, tcp_port=tcp)
            server = stack.enter_context(serving)
        print(server.address, flush=True)
        # Waking up now and then lets Windows deliver the signal.
        while not stopped.wait(0.5):
            pass


@app.command()
def reproduce(
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="For run files, figures and tables.")] = Path(
        "faradaic-reproduction"
    ),
    system: Annotated[str | None, typer.Option(help='Only this system, such as "IGE-2".')] = None,
    experiment: Annotated[str | None, typer.Option(help='Only this kind, such as "linear-sweep".')] = None,
    workers: Annotated[
        int | None, typer.Option(help="How many run at a time; by default one on each core.")
    ] = None,
) -> None:
    """Repeat the experiments of four papers on simulated instruments, and compare the numbers."""
    from rich.console import Console
    from rich.progress import track

    from ..reproduction import planned, write_tables
    from ..reproduction import reproduce as repeated

    rows = []
    with refusing():
        plan = planned(system, experiment)
        out.mkdir(parents=True, exist_ok=True)
        done = repeated(plan, out, workers=workers)
        for comparisons in track(done, "Measuring", len(plan), console=Console(stderr=True)):
            rows += comparisons
            for row in comparisons:
                found = f"{row.printed:>9} {row.unit:7} {row.recovered:28}"
                print(f"{row.system:24} {row.quantity:34} {found} {row.verdict}")
        # In the order of the plan, whichever was measured first.
        order = [name for name, _ in plan]
        rows.sort(key=lambda row: order.index(row.system))
        files = write_tables(rows, out)
    reproduced = sum(row.verdict == "reproduced" for row in rows)
    print(f"\n{reproduced} of {len(rows)} reproduced: {files[0]}")
