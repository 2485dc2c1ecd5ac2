"""Numbers as the window shows them: an engineering prefix, a fixed width, the unit always with them."""

import math

from ..core.units import engineering_prefix

DASH = "–"
_FIGURE_SPACE = "\u2007"
"""As wide as a digit."""


def live(value: float | None, unit: str) -> str:
    """Write a live value with four or five digits, in a width that does not jump: "0.0432 V", "12.34 µA"."""
    if value is None or not math.isfinite(value):
        return f"{DASH} {unit}"
    if unit == "V":
        return f"{value:7.4f}".replace(" ", _FIGURE_SPACE) + " V"
    factor, prefix = engineering_prefix(float(f"{value:.4g}"))
    scaled = value / factor
    decimals = max(0, 3 - len(str(int(abs(scaled)))))
    number = f"{scaled:6.{decimals + 1}f}" if value else f"{0:6.1f}"
    return f"{number.replace(' ', _FIGURE_SPACE)} {prefix}{unit}"


def bytes_text(count: float) -> str:
    """Write a size: "812 GB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
