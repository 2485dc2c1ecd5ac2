"""Commands that look at runs and protocols."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from .app import CellFile, RunFile, app, refuse, refusing
from .arguments import columns_named, default_text, known_protocol, open_run
from .terminal import print_outcome, print_results


@app.command()
def protocols(
    name: Annotated[str | None, typer.Argument(help="Show the parameters of this protocol.")] = None,
) -> None:
    """List the protocols, or the parameters of one."""
    from ..protocols import load_protocol, protocol_types
    from ..protocols.field_docs import field_docs

    types = protocol_types()
    if name is None:
        for each, kind in types.items():
            print(f"{each:27} {kind.purpose()}")
        return
    if name not in types:
        with refusing():
            load_protocol({"protocol": name})
    print(types[name].purpose())
    meanings = field_docs(types[name])
    for field, info in types[name].model_fields.items():
        default = "needed" if info.is_required() else default_text(types[name], field)
        print(f"\n  {field} ({default})\n      {' '.join(meanings.get(field, '').split())}")


@app.command()
def show(file: RunFile) -> None:
    """Show what a run file holds."""
    from ..core.units import pretty_duration

    with refusing(), open_run(file) as opened:
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
        print_results(opened)


@app.command()
def report(
    file: RunFile,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where; beside the run by default.")
    ] = None,
    formats: Annotated[str, typer.Option("--format", help="Of the figures.")] = "png,svg,pdf",
    circuit: Annotated[
        str | None,
        typer.Option(
            help='Equivalent circuit of the spectra, such as "R0-p(R1,CPE1)"; by default the best. '
            'After it, "; CPE1.n=0.9" fixes a value, and "; R1~200" starts the fit from one.'
        ),
    ] = None,
) -> None:
    """Analyse a run again, put the results into its file and draw its figures."""
    from ..analysis.report import draw_report
    from ..analysis.run_results import analyses, results_of

    with refusing(), open_run(file) as opened:
        parts = analyses(opened, circuit=circuit)
        opened.write_results(results_of(parts))
        print_results(opened)
        folder = out or file.parent
        folder.mkdir(parents=True, exist_ok=True)
        kinds = tuple(formats.replace(" ", "").split(","))
        for figure in draw_report(opened, folder, kinds, parts=parts):
            print(figure)


@app.command()
def compare(
    files: Annotated[list[Path], typer.Argument(metavar="FILE FILE…", help="Run files, two or more.")],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the figures go.")] = Path(),
    formats: Annotated[str, typer.Option("--format", help="Of the figures.")] = "png,svg,pdf",
) -> None:
    """Overlay several runs in one figure for each kind of measurement, and list their results."""
    from ..analysis.compare import draw_comparison, results_side_by_side, run_labels

    with refusing(), ExitStack() as stack:
        if len(files) < 2:
            refuse("compare needs two run files or more.")
        runs = [stack.enter_context(open_run(file)) for file in files]
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
    with refusing(), open_run(file) as opened:
        if opened.is_live:
            refuse(f"{file} is still being recorded.")
        print(f"{opened.state}: {len(opened.samples)} samples, {len(opened.impedance)} points of spectra")
        for event in opened.events:
            if event.source == "recovery":
                print(event.text)


@app.command(name="import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Battery Data Format (CSV, Parquet), EC-Lab (.mpt, .mpr), Gamry (.DTA), Neware (.nda, "
            ".ndax), Zahner and other tables of text.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The run file to be; by default beside the file.")
    ] = None,
    cell: CellFile = None,
    analysed_as: Annotated[
        str | None,
        typer.Option("--as", metavar="PROTOCOL", help='Analyse it as this, such as "GITT".'),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="QUANTITY=COLUMN",
            help='Which column holds what, such as "potential=Ecell/V" or "current=minus I in mA".',
        ),
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A YAML file that says so for several columns.")
    ] = None,
) -> None:
    """Bring a recording of another program into a run file, and analyse it."""
    from ..engine.run_protocol import analysed
    from ..protocols.files import cell_from_file, read_yaml
    from ..storage.importing import import_run

    with refusing():
        metadata = cell_from_file(cell).metadata() if cell else None
        columns = {name: str(text) for name, text in read_yaml(mapping).items()} if mapping else {}
        columns |= columns_named(column or [])
        known_protocol(analysed_as)
        target = out or file.with_suffix(".h5")
        recorded = analysed(import_run(file, target, cell=metadata, analysed_as=analysed_as, columns=columns))
    for event in recorded.events:
        print(f"{'!' if event.severity == 'warning' else '-'} {event.text}")
    print_outcome(recorded)


@app.command()
def export(
    files: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Run files.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where; beside each run by default.")
    ] = None,
    file_format: Annotated[
        str,
        typer.Option(
            "--format",
            help="bdf (Battery Data Format, CSV), bdf-parquet, mpt (EC-Lab-style text), "
            "csv (a file for each table), xlsx (Excel).",
        ),
    ] = "bdf",
) -> None:
    """Write runs in a format that other programs read."""
    from ..storage.exporting import export_run

    for file in files:
        with refusing(), open_run(file) as opened:
            for written in export_run(opened, out or file.parent, file_format):
                print(written)
