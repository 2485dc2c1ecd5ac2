"""Analyses runs in a process of its own: ``python -m faradaic.engine.bench.analyst FILE …``.

Fits take seconds of computing, which would hold up what is measured.
"""

import sys

from ...core.helpers import leave_ending_to_the_parent
from ..run_protocol import analysed


def main(*paths: str) -> None:
    """Analyse runs, and put the results into their files."""
    leave_ending_to_the_parent()
    for path in paths:
        analysed(path).close()


if __name__ == "__main__":
    main(*sys.argv[1:])
