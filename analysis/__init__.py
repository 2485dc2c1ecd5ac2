"""From run files to results with units and uncertainty, and publication figures."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..storage import Run
    from ..storage.results import Results

__all__ = ["analyse"]


def analyse(run: "Run", *, circuit: str | None = None) -> "Results":
    """Derive all results of a run, by name: each with unit, uncertainty, method and warnings.

    What the data do not support has no value and says why. `Run.write_results` puts them into
    the file.

    Parameters
    ----------
    run : Run
        What was measured.
    circuit : str, optional
        Equivalent circuit of the spectra, such as "R0-p(R1,CPE1)"; by default the one that each
        of them supports.

    Raises
    ------
    ValueError
        The text is not a circuit.
    """
    from .run_results import analyse as analyse_run  # noqa: PLC0415  scipy takes a second to import

    return analyse_run(run, circuit=circuit)
