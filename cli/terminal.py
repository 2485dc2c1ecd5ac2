"""What is shown on a terminal: progress, results, and how a run ended."""

import math
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..engine import Message, Runner, Subscriber
    from ..storage import Run, Table

_MOST_ROWS = 12


def run_with_progress(make: "Callable[[Subscriber], Runner]") -> "Run":
    """Run with a progress bar what `make` makes with it; Ctrl+C stops it with the cell at rest."""
    from ..engine.run_protocol import analysed

    bar = ProgressBar()
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


def print_outcome(recorded: "Run") -> None:
    """Print results, errors and state of a run that has ended; exit code 1 where it failed."""
    print_results(recorded)
    for event in recorded.events:
        if event.severity == "error":
            print(event.text, file=sys.stderr)
    print(f"\n{recorded.state}: {recorded.path}")
    recorded.close()
    if recorded.state.startswith("failed"):
        raise typer.Exit(1)


class ProgressBar:
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

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar.live.is_started:
            self._bar.stop()

    def follow(self, runner: "Runner") -> None:
        """Show this run."""
        self._runner = runner

    def update(self, message: "Message") -> None:
        """Take in a message of the run; drawn ten times a second at most."""
        from ..core.units import pretty, pretty_duration
        from ..engine import RunEnded

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


def print_results(opened: "Run") -> None:
    """Print all results, of tables the first rows."""
    from ..storage import Table

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
