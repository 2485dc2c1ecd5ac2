"""Which equivalent circuit a spectrum supports."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from .circuit import Circuit, Complex
from .circuit_fit import CircuitFit, fit_circuit
from .regression import TooFewPointsError
from .relaxation_times import relaxations

_BETTER = 10.0
"""Difference of the information criterion that is strong evidence (Kass and Raftery 1995)."""

_CAPACITIVE = 0.3


def choose_circuit(frequency_Hz: NDArray[np.float64], impedance_ohm: Complex) -> CircuitFit:
    """Fit the circuits of `candidates`, the simplest first, until one leaves only noise.

    A circuit counts only where the spectrum determines all its values, and where it is clearly
    better than simpler ones: by 10 in Schwarz's criterion.

    Raises
    ------
    TooFewPointsError
        There are too few points for any of them.
    """
    known = relaxations(frequency_Hz, impedance_ohm) if len(frequency_Hz) else None
    best: CircuitFit | None = None
    for text in candidates(impedance_ohm[int(np.argmax(frequency_Hz))]):
        circuit = Circuit.parse(text)
        if best is not None and len(frequency_Hz) <= len(circuit.parameters):
            continue
        fit = fit_circuit(frequency_Hz, impedance_ohm, circuit, known)
        if best is None or (fit.is_certain and fit.criterion < best.criterion - _BETTER):
            best = fit
            if fit.leaves_noise_only:
                break
    if best is None:
        raise TooFewPointsError("there are no points")
    return best


def candidates(highest_ohm: complex) -> list[str]:
    """Return circuits of a resistance, up to two arcs and a tail, the ones with fewest values first.

    Parameters
    ----------
    highest_ohm : complex
        Impedance at the highest frequency. Where it is inductive, the circuits may be; where it
        is capacitive, an arc of the bulk may stand in place of the resistance.
    """
    # Noise alone can make one point inductive, so that an inductance is never a must.
    heads = ["R0", "L0-R0"] if highest_ohm.imag > 0.0 else ["R0"]
    if -highest_ohm.imag > _CAPACITIVE * highest_ohm.real:
        heads.append("")
    circuits = set()
    for head, arcs, capacitor, tail in product(heads, range(3), ("C", "CPE"), ("", "capacitor", "W", "Ws")):
        if not head and not arcs:
            continue
        parts = [head] if head else []
        parts += [f"p(R{number},{capacitor}{number})" for number in range(1, arcs + 1)]
        if tail:
            parts.append(f"{capacitor if tail == 'capacitor' else tail}{arcs + 1}")
        circuits.add("-".join(parts))
    return sorted(circuits, key=lambda text: (len(Circuit.parse(text).parameters), text))
