"""Keeping what is known of a bench up to date with what it publishes."""

from typing import Any

from ..bench import Record, StationStatus


def followed(before: StationStatus, record: Record) -> StationStatus:
    """Return how a channel stands after a record about it."""
    if record.kind == "state":
        known: dict[str, Any] = {"channel": record.channel, "run": record.run, **record.data}
        return StationStatus.model_validate(known)
    if record.kind == "samples" and record.rows is not None:
        last = record.rows[-1]
        changes = {
            "potential_V": float(last["voltage_volt"]),
            "current_A": float(last["current_ampere"]),
            "net_charge_Ah": float(last["net_capacity_ah"]),
            "cycle": int(last["cycle_count"]),
        }
        since_s = float(last["test_time_second"]) - before.elapsed_s
        if since_s > 0:
            elapsed_s, left_s = before.elapsed_s + since_s, max(before.remaining_s - since_s, 0.0)
            fraction = elapsed_s / (elapsed_s + left_s)
            changes |= {"elapsed_s": elapsed_s, "remaining_s": left_s, "fraction": fraction}
        return before.model_copy(update=changes)
    return before
