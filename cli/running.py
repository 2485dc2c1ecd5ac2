"""Commands that measure."""

import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from .app import CellFile, LimitTexts, Notes, ProtocolText, RunFile, Settings, app, refusing
from .arguments import assignments, load_protocol, open_asked, positive_seconds, validated
from .terminal import print_outcome, print_results, run_with_progress

InstrumentAddress = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="A port, such as COM5 or /dev/ttyACM0.")
]
DriverName = Annotated[str, typer.Option(help="The instrument's family, where it is given by address.")]
BenchFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A bench file, instead of an instrument's address.")
]
ChannelName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="A channel of the bench, or of an instrument that has several."),
]
ChamberAddress = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS", help='A Julabo circulator\'s port, or "hand": you are asked to set temperatures.'
    ),
]
Wires = Annotated[
    int | None,
    typer.Option(help="2 where only the force terminals of a Keithley are connected; 4 unless said."),
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
    protocol: ProtocolText,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The run file to be.")],
    instrument: InstrumentAddress = None,
    bench: BenchFile = None,
    channel: ChannelName = None,
    set_: Settings = None,
    cell: CellFile = None,
    limit: LimitTexts = None,
    driver: DriverName = "emstat",
    chamber: ChamberAddress = None,
    wires: Wires = None,
    operator: Annotated[str, typer.Option(help="Recorded with the run.")] = "",
    notes: Notes = "",
) -> None:
    """Run a protocol on an instrument."""
    from ..engine import Runner
    from ..engine.guarded import guarded
    from ..protocols import Cell, SafetyLimits
    from ..protocols.files import cell_from_file

    with refusing():
        incoming = load_protocol(protocol, set_ or [])
        connected = incoming.completed(cell_from_file(cell) if cell else Cell())
        limits = validated(SafetyLimits, assignments(limit or []))
        with (
            open_asked(instrument, driver, bench, channel, chamber, wires) as place,
            guarded(place.channel) as follow,
        ):
            recorded = run_with_progress(
                lambda watch: Runner(
                    incoming.protocol,
                    place.channel,
                    cell=connected,
                    out=out,
                    limits=limits,
                    bench_limits=place.limits,
                    chamber=place.chamber,
                    subscribers=[watch, follow],
                    operator=operator,
                    notes=notes,
                )
            )
    print_outcome(recorded)


@app.command()
def resume(
    file: RunFile,
    instrument: InstrumentAddress = None,
    bench: BenchFile = None,
    channel: ChannelName = None,
    driver: DriverName = "emstat",
    chamber: ChamberAddress = None,
    wires: Wires = None,
    other_channel: Annotated[
        bool,
        typer.Option("--other-channel", help="The cell was moved to another channel meanwhile."),
    ] = False,
) -> None:
    """Go on with a run that was interrupted, where it was interrupted, in the same file."""
    from ..engine import resumed
    from ..engine.guarded import guarded

    with (
        refusing(),
        open_asked(instrument, driver, bench, channel, chamber, wires) as place,
        guarded(place.channel) as follow,
    ):
        recorded = run_with_progress(
            lambda watch: resumed(
                file,
                place.channel,
                bench_limits=place.limits,
                chamber=place.chamber,
                subscribers=[watch, follow],
                other_channel=other_channel,
            )
        )
    print_outcome(recorded)


@app.command()
def simulate(
    bench: Annotated[
        Path | None, typer.Argument(metavar="[BENCH]", help="A bench file: all that is simulated in it.")
    ] = None,
    instrument: Annotated[
        str | None, typer.Option(metavar="MODEL", help="One instrument, such as emstat4-hr.")
    ] = None,
    cell: Annotated[
        str | None, typer.Option(metavar="CELL", help='Such as "SS|IGE-2|Li" or "Resistor(10000)".')
    ] = None,
    tcp: Annotated[
        int | None,
        typer.Option(metavar="PORT", help="Serve on this TCP port (0: any) instead of a serial port."),
    ] = None,
    speed: Annotated[
        float | None, typer.Option(help="How many times faster than real time; a bench file says it itself.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the instrument's noise.")] = 1,
    faults: Annotated[
        str | None,
        typer.Option(
            metavar="KIND,…",
            help='"all" those of the link, or some, such as "pull_idle,reboot".',
        ),
    ] = None,
    every: Annotated[str, typer.Option(help="Mean time between faults.")] = "60 s",
) -> None:
    """Serve a simulated instrument, or all of a bench, until it is stopped (Ctrl+C)."""
    from ..instruments.bench_file import read_bench
    from ..simulators.faults import FaultyLink, fault_kinds
    from ..simulators.serving import one_instrument, serve_bench

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with ExitStack() as stack:
        with refusing():
            kinds = fault_kinds(faults) if faults else ()
            every_s = positive_seconds("every", every)
            if bench is not None:
                if instrument or cell or tcp is not None or speed is not None:
                    raise ValueError("a bench file says everything itself; leave the other options out.")
                serving = serve_bench(read_bench(bench), with_faults=bool(kinds))
            elif instrument is None or cell is None:
                raise ValueError("say what to serve: a bench file, or --instrument MODEL and --cell CELL.")
            else:
                serving = one_instrument(
                    instrument,
                    cell,
                    tcp_port=tcp,
                    speed=1.0 if speed is None else speed,
                    seed=seed,
                    with_faults=bool(kinds),
                )
            served = stack.enter_context(serving)
        for name, server in served.items():
            print(f"{name:20} {server.address}" if bench is not None else server.address, flush=True)
            if isinstance(server, FaultyLink):
                server.inject_at_random(kinds, every_s)
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
