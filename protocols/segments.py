"""What remains of a step that was interrupted, so that it can go on as a second segment."""

from itertools import pairwise

from .steps import Impedance, PotentialSweep, Step, Until, sweep_potential_V


def remaining(
    step: Step,
    *,
    elapsed_s: float,
    charge_C: float = 0.0,
    energy_J: float = 0.0,
    last_frequency_Hz: float | None = None,
) -> list[Step]:
    """Return the steps that complete an interrupted one: none where nothing is left to do.

    Parameters
    ----------
    step : Step
        The step as it was asked for.
    elapsed_s : float
        How long it has run, without interruptions.
    charge_C, energy_J : float
        What has passed through the cell in it so far, signed.
    last_frequency_Hz : float, optional
        The last frequency that a spectrum measured.
    """
    until = _remaining_until(step.until, elapsed_s, abs(charge_C), abs(energy_J))
    if until is None:
        return []
    if isinstance(step, PotentialSweep):
        return [part.model_copy(update={"until": until}) for part in _remaining_sweep(step, elapsed_s)]
    if isinstance(step, Impedance):
        return _remaining_spectrum(step, last_frequency_Hz)
    return [step.model_copy(update={"until": until})]


def _remaining_until(until: Until, elapsed_s: float, charge_C: float, energy_J: float) -> Until | None:
    done = {"duration_s": elapsed_s, "charge_C": charge_C, "energy_J": energy_J}
    left = {
        name: getattr(until, name) - amount
        for name, amount in done.items()
        if getattr(until, name) is not None
    }
    if any(value <= 0 for value in left.values()):
        return None
    return until.model_copy(update=left)


def _remaining_sweep(step: PotentialSweep, elapsed_s: float) -> list[PotentialSweep]:
    scans_done = min(int(elapsed_s / step.scan_duration_s), step.scans)
    within_s = elapsed_s - scans_done * step.scan_duration_s
    parts: list[PotentialSweep] = []
    if within_s > 0 and scans_done < step.scans:
        path = _path_after(step, within_s)
        if len(path) > 1:
            parts.append(
                step.model_copy(update={"path_V": path, "scans": 1, "cycle": step.cycle + scans_done})
            )
        scans_done += 1
    if scans_done < step.scans:
        parts.append(
            step.model_copy(update={"scans": step.scans - scans_done, "cycle": step.cycle + scans_done})
        )
    return parts


def _path_after(step: PotentialSweep, time_s: float) -> tuple[float, ...]:
    here = sweep_potential_V(step.path_V, step.rate_V_per_s, time_s)
    passed_s = 0.0
    for index, (start, stop) in enumerate(pairwise(step.path_V), start=1):
        passed_s += abs(stop - start) / step.rate_V_per_s
        if time_s < passed_s:
            return (here, *step.path_V[index:])
    return ()


def _remaining_spectrum(step: Impedance, last_frequency_Hz: float | None) -> list[Step]:
    if last_frequency_Hz is None:
        return [step]
    next_Hz = last_frequency_Hz * 10 ** (-1 / step.points_per_decade)
    if next_Hz < step.frequency_min_Hz * 1.001:
        return []
    return [step.model_copy(update={"frequency_max_Hz": next_Hz})]
