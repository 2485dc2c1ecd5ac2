"""The command line: ``faradaic --help``.

Everything heavy is imported by the command that needs it, so that help comes at once.
"""

import logging
import math
import signal
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .engine import Message, Runner, Subscriber
    from .protocols import Protocol
    from .storage import Run, Table

app = typer.Typer(
    help="Run electrochemical and battery protocols on real and simulated instruments, into HDF5.",
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

_MOST_ROWS = 12
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

RunFile = Annotated[Path, typer.Argument(metavar="FILE", help="A run file.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help='A parameter, such as "rate=0.1 mV/s".'),
]


def main() -> None:
    """Run the command line; a user's mistake ends it with one sentence and exit code 2."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    # Symbols such as µ and Ω must not fail on a console with an old code page.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # pyright: ignore[reportAttributeAccessIssue]
    app()


@contextmanager
def _refusing() -> "Iterator[None]":
    """Turn what a user can do wrong into one sentence and exit code 2."""
    from pydantic import ValidationError

    from .instruments import InstrumentError
    from .storage import StorageError

    try:
        yield
    except ValidationError as error:
        _refuse("; ".join(fault["msg"].removeprefix("Value error, ") for fault in error.errors()))
    except (ValueError, InstrumentError, StorageError) as error:
        _refuse(str(error))


def _refuse(sentence: str) -> NoReturn:
    print(f"faradaic: {sentence}", file=sys.stderr)
    raise typer.Exit(2)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the run file and the figures.")] = Path(
        "faradaic-demo"
    ),
    seed: Annotated[int, typer.Option(help="Of the simulated instrument's noise.")] = 1,
) -> None:
    """Measure a simulated stainless steel | electrolyte | lithium cell, without hardware."""
    from .analysis.report import draw_report
    from .engine import Runner
    from .protocols import Cell, load_protocol
    from .simulators import published_cell, simulated

    protocol = load_protocol(_DEMO_PROTOCOL)
    cell = Cell.model_validate(_DEMO_CELL)
    path = out / f"demo-{time.strftime('%Y%m%d-%H%M%S')}.h5"
    with _refusing():
        out.mkdir(parents=True, exist_ok=True)
        with simulated("emstat4-hr", published_cell("SS|IGE-2|Li"), seed=seed) as instrument:
            print(f"{instrument.identity}, simulated: open circuit, impedance, voltammograms, linear sweep.")
            channel = instrument.channels[0]
            run = _run_with_progress(
                lambda watch: Runner(protocol, channel, cell=cell, out=path, subscribers=[watch])
            )
        _print_results(run)
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
    operator: Annotated[str, typer.Option(help="Recorded with the run.")] = "",
    notes: Annotated[str, typer.Option(help="Recorded with the run.")] = "",
) -> None:
    """Run a protocol on an instrument."""
    from .engine import Runner
    from .instruments import open_instrument
    from .protocols import Cell, SafetyLimits
    from .protocols.files import cell_from_file

    with _refusing():
        described = _load_protocol(protocol, set_ or [])
        connected = cell_from_file(cell) if cell else Cell()
        limits = _validated(SafetyLimits, _assignments(limit or []))
        with open_instrument(driver, instrument) as opened:
            recorded = _run_with_progress(
                lambda watch: Runner(
                    described,
                    opened.channels[0],
                    cell=connected,
                    out=out,
                    limits=limits,
                    subscribers=[watch],
                    operator=operator,
                    notes=notes,
                )
            )
    _print_outcome(recorded)


@app.command()
def resume(
    file: RunFile,
    instrument: Annotated[str, typer.Option(metavar="ADDRESS", help="A port, such as COM5 or /dev/ttyACM0.")],
    driver: Annotated[str, typer.Option(help="The instrument's family.")] = "emstat",
) -> None:
    """Go on with a run that was interrupted, where it was interrupted, in the same file."""
    from .engine import resumed
    from .instruments import open_instrument

    with _refusing(), open_instrument(driver, instrument) as opened:
        recorded = _run_with_progress(lambda watch: resumed(file, opened.channels[0], subscribers=[watch]))
    _print_outcome(recorded)


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
    from .core.clock import ScaledClock
    from .simulators import parse_cell, serve

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with ExitStack() as stack:
        with _refusing():
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

    from .reproduction import planned, write_tables
    from .reproduction import reproduce as repeated

    rows = []
    with _refusing():
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


@app.command()
def protocols(
    name: Annotated[str | None, typer.Argument(help="Show the parameters of this protocol.")] = None,
) -> None:
    """List the protocols, or the parameters of one."""
    from .protocols import load_protocol, protocol_types

    types = protocol_types()
    if name is None:
        for each, kind in types.items():
            print(f"{each:27} {kind.purpose()}")
        return
    if name not in types:
        with _refusing():
            load_protocol({"protocol": name})
    print(types[name].purpose())
    for field, info in types[name].model_fields.items():
        default = "needed" if info.is_required() else _default_text(types[name], field)
        print(f"\n  {field} ({default})\n      {' '.join((info.description or '').split())}")


@app.command()
def show(file: RunFile) -> None:
    """Show what a run file holds."""
    from .core.units import pretty_duration

    with _refusing(), _open_run(file) as opened:
        for name in ("protocol", "cell", "state", "created", "run_id", "software"):
            print(f"{name:12} {opened.attributes[name]}")
        device = opened.instrument
        print(f"instrument   {device['model']}, {device['serial']}, on {device['address']}")
        print(f"samples      {len(opened.samples)}, points of spectra {len(opened.impedance)}")
        print("\nsteps")
        for step in opened.steps:
            lasted = pretty_duration(step.end_s - step.begin_s)
            ended = step.end_reason or "interrupted"
            print(f"  {step.step_count:4}  cycle {step.cycle_count:<4} {step.label:30} {lasted:>14}  {ended}")
        print("\nevents")
        for event in opened.events:
            print(f"  {event.test_time_s:10.1f} s  {event.severity:8} {event.text}")
        _print_results(opened)


@app.command()
def report(
    file: RunFile,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where; beside the run by default.")
    ] = None,
    formats: Annotated[str, typer.Option("--format", help="Of the figures.")] = "png,svg,pdf",
    circuit: Annotated[
        str | None,
        typer.Option(help='Equivalent circuit of the spectra, such as "R0-p(R1,CPE1)"; by default the best.'),
    ] = None,
) -> None:
    """Analyse a run again, put the results into its file and draw its figures."""
    from .analysis import analyse
    from .analysis.report import draw_report

    with _refusing(), _open_run(file) as opened:
        opened.write_results(analyse(opened, circuit=circuit))
        _print_results(opened)
        folder = out or file.parent
        folder.mkdir(parents=True, exist_ok=True)
        kinds = tuple(formats.replace(" ", "").split(","))
        for figure in draw_report(opened, folder, kinds, circuit=circuit):
            print(figure)


@app.command()
def compare(
    files: Annotated[list[Path], typer.Argument(metavar="FILE FILE…", help="Run files, two or more.")],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the figures go.")] = Path(),
    formats: Annotated[str, typer.Option("--format", help="Of the figures.")] = "png,svg,pdf",
) -> None:
    """Overlay several runs in one figure for each kind of measurement, and list their results."""
    from .analysis.compare import draw_comparison, results_side_by_side, run_labels

    with _refusing(), ExitStack() as stack:
        if len(files) < 2:
            _refuse("compare needs two run files or more.")
        runs = [stack.enter_context(_open_run(file)) for file in files]
        table = [("", run_labels(runs)), *results_side_by_side(runs)]
        name_width = max(len(name) for name, _ in table)
        widths = [max(len(row[column]) for _, row in table) for column in range(len(runs))]
        for name, row in table:
            cells = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
            print(f"{name:{name_width}}  {cells}".rstrip())
        out.mkdir(parents=True, exist_ok=True)
        for figure in draw_comparison(runs, out, tuple(formats.replace(" ", "").split(","))):
            print(figure)


@app.command()
def recover(file: RunFile) -> None:
    """Complete the file of a run whose program ended without closing it."""
    with _refusing(), _open_run(file) as opened:
        if opened.is_live:
            _refuse(f"{file} is still being recorded.")
        print(f"{opened.state}: {len(opened.samples)} samples, {len(opened.impedance)} points of spectra")
        for event in opened.events:
            if event.source == "recovery":
                print(event.text)


@app.command(name="import")
def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Battery Data Format (.csv), Gamry (.dta), Zahner (.txt).")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The run file to be; by default beside the file.")
    ] = None,
    cell: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A YAML file that describes the cell.")
    ] = None,
    analysed_as: Annotated[
        str | None,
        typer.Option("--as", metavar="PROTOCOL", help='Analyse it as this, such as "GITT".'),
    ] = None,
) -> None:
    """Bring a recording of another program into a run file, and analyse it."""
    from .engine.run_protocol import analysed
    from .protocols.files import cell_from_file
    from .storage.importing import import_run

    with _refusing():
        metadata = cell_from_file(cell).metadata() if cell else None
        target = out or file.with_suffix(".h5")
        recorded = analysed(import_run(file, target, cell=metadata, analysed_as=analysed_as))
    for event in recorded.events:
        print(f"! {event.text}")
    _print_outcome(recorded)


@app.command()
def export(
    file: RunFile,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where; beside the run by default.")
    ] = None,
) -> None:
    """Write a run as CSV in the Battery Data Format, with its metadata."""
    from .storage.bdf import export_bdf

    with _refusing(), _open_run(file) as opened:
        folder = out or file.parent
        folder.mkdir(parents=True, exist_ok=True)
        for written in export_bdf(opened, folder):
            print(written)


def _open_run(file: Path) -> "Run":
    from .storage import Run

    return Run.open(file)


def _load_protocol(text: str, settings: list[str]) -> "Protocol":
    from .protocols import load_protocol
    from .protocols.files import read_yaml

    is_file = text.endswith((".yaml", ".yml"))
    description: dict[str, Any] = read_yaml(Path(text)) if is_file else {"protocol": text}
    return load_protocol({**description, **_assignments(settings)})


def _assignments(texts: list[str]) -> dict[str, Any]:
    """Return "a.b=value" texts as nested dictionaries."""
    result: dict[str, Any] = {}
    for text in texts:
        path, sign, value = text.partition("=")
        if not sign or not path.strip():
            raise ValueError(f"{text!r} should look like name=value, for example 'rate=0.1 mV/s'.")
        *outer, name = path.strip().split(".")
        place = result
        for each in outer:
            place = place.setdefault(each, {})
            if not isinstance(place, dict):
                raise ValueError(f"{text!r}: {each} is a value already.")
        place[name] = value.strip()
    return result


def _validated(model: Any, values: dict[str, Any]) -> Any:
    from pydantic import ValidationError

    from .protocols import explain

    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ValueError(explain(error, model)) from None


def _default_text(protocol: Any, field: str) -> str:
    # An instance writes its parameters as people do; those that are needed get any value.
    shown = protocol.model_construct().model_dump(mode="json", warnings=False).get(field)
    if isinstance(shown, list):
        # A list of groups, such as stages, is written as it is read.
        items = [
            " x ".join(map(str, each.values())) if isinstance(each, dict) else str(each) for each in shown
        ]
        shown = ("; " if any(isinstance(each, dict) for each in shown) else ", ").join(items)
    return "optional" if shown is None or isinstance(shown, dict) else f"default {shown}"


def _run_with_progress(make: "Callable[[Subscriber], Runner]") -> "Run":
    """Run with a progress bar what `make` makes with it; Ctrl+C stops it with the cell at rest."""
    from .engine.run_protocol import analysed

    bar = _ProgressBar()
    runner = make(bar.update)
    with bar:
        bar.follow(runner)
        previous = {
            number: signal.signal(number, lambda *_: runner.commands.stop("keyboard"))
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            runner.run()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
    return analysed(runner.path)


def _print_outcome(recorded: "Run") -> None:
    """Print results, errors and state of a run that has ended; exit code 1 where it failed."""
    _print_results(recorded)
    for event in recorded.events:
        if event.severity == "error":
            print(event.text, file=sys.stderr)
    print(f"\n{recorded.state}: {recorded.path}")
    recorded.close()
    if recorded.state.startswith("failed"):
        raise typer.Exit(1)


class _ProgressBar:
    """Shows how far a run has come, with potential, current and the remaining time."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        self._bar = Progress(
            TextColumn("{task.description:28}"),
            BarColumn(bar_width=30),
            TaskProgressColumn(),
            TextColumn("{task.fields[reading]}"),
            console=Console(stderr=True),
        )
        self._task = self._bar.add_task("", total=1.0, reading="")
        self._runner: Runner | None = None
        self._shown_at = 0.0

    def __enter__(self) -> "_ProgressBar":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar.live.is_started:
            self._bar.stop()

    def follow(self, runner: "Runner") -> None:
        """Show this run."""
        self._runner = runner

    def update(self, message: "Message") -> None:
        """Take in a message of the run; drawn ten times a second at most."""
        from .core.units import pretty, pretty_duration
        from .engine import RunEnded

        ended = isinstance(message, RunEnded)
        if self._runner is None or (not ended and time.monotonic() - self._shown_at < 0.1):
            return
        self._shown_at = time.monotonic()
        # Not before the run has begun: one that is refused has no progress.
        self._bar.start()
        progress = self._runner.progress
        reading = ""
        if progress.potential_V is not None and progress.current_A is not None:
            reading = f"{progress.potential_V:8.4f} V  {pretty(progress.current_A, 'A', 4):>10}"
        if progress.last_cycle is not None:
            cycle = progress.last_cycle
            reading += f"  cycle {cycle.cycle}: {pretty(cycle.discharge_capacity_Ah, 'Ah', 4)}"
            if math.isfinite(cycle.coulombic_efficiency_percent):
                reading += f", {cycle.coulombic_efficiency_percent:.2f} %"
        remaining = "" if ended else f"  {pretty_duration(progress.remaining_s)} left"
        self._bar.update(
            self._task,
            completed=1.0 if progress.state == "finished" else progress.fraction,
            description=progress.state if ended else progress.step,
            reading=reading + remaining,
        )


def _print_results(opened: "Run") -> None:
    from .storage import Table

    if not opened.results:
        return
    print("\nresults")
    for name, result in opened.results.items():
        if isinstance(result, Table) and len(result.rows):
            print(f"  {name:32} {_table_head(result)}")
            _print_rows(result)
        else:
            print(f"  {name:32} {result}")
        for warning in result.warnings:
            print(f"  {'':32} ! {warning}")


def _table_head(table: "Table") -> str:
    hidden = len(table.rows) - _MOST_ROWS
    return f"the first {_MOST_ROWS} of {len(table.rows)} rows" if hidden > 0 else f"{len(table.rows)} rows"


def _print_rows(table: "Table") -> None:
    heads = [name if unit in ("", "1") else f"{name} ({unit})" for name, unit in table.units.items()]
    rows = [[_cell_text(value) for value in row] for row in table.rows[:_MOST_ROWS].tolist()]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in [heads, *rows]:
        print("    " + "  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)))


def _cell_text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode()
    return "–" if math.isnan(value) else f"{value:.5g}"
