"""The models: what they can source, and in which ranges they measure.

From the data sheets of the 2450, 2460 and 2461 SourceMeter instruments.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    """One model.

    Parameters
    ----------
    name : str
        As it identifies itself.
    highest_V, highest_A : float
        Largest level of its sources.
    voltage_ranges_V, current_ranges_A : tuple of float
        Full scales, the smallest first; readings reach 5 % beyond.
    """

    name: str
    highest_V: float
    highest_A: float
    voltage_ranges_V: tuple[float, ...]
    current_ranges_A: tuple[float, ...]


MODELS = {
    "2450": Model(
        "2450", 210.0, 1.05, (0.02, 0.2, 2.0, 20.0, 200.0),
        (1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0),
    ),
    "2460": Model(
        "2460", 105.0, 7.35, (0.2, 2.0, 7.0, 10.0, 20.0, 100.0),
        (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 4.0, 5.0, 7.0),
    ),
    "2461": Model(
        "2461", 105.0, 7.35, (0.2, 2.0, 7.0, 10.0, 20.0, 100.0),
        (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 4.0, 5.0, 7.0, 10.0),
    ),
}  # fmt: skip
