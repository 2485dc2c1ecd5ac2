"""One chamber for the cells of several channels."""

import math
import threading

from ...instruments import Chamber, OutOfRange


class SharedChamber(Chamber):
    """What one channel sees of a chamber: it may set it while no other needs another temperature.

    Parameters
    ----------
    chamber : Chamber
        The chamber itself.
    claims : dict of str to float
        Which channel needs which temperature in °C; shared by all that see the chamber.
    lock : Lock
        Of the claims.
    channel : str
        Which channel sees it.
    """

    def __init__(
        self, chamber: Chamber, claims: dict[str, float], lock: threading.Lock, channel: str
    ) -> None:
        super().__init__(chamber.identity, chamber.lowest_degC, chamber.highest_degC)
        self.patience_s, self.poll_s, self.settling_s = chamber.patience_s, chamber.poll_s, chamber.settling_s
        self._chamber = chamber
        self._claims = claims
        self._lock = lock
        self._channel = channel

    def set_temperature(self, temperature_degC: float) -> None:
        """Go to a temperature, unless a run on another channel needs another one."""
        with self._lock:
            for other, needed_degC in self._claims.items():
                if other != self._channel and not math.isclose(needed_degC, temperature_degC):
                    raise OutOfRange(
                        f"{self} is at {needed_degC:g} °C for the run on {other}; "
                        f"it cannot be set to {temperature_degC:g} °C for {self._channel} meanwhile."
                    )
            self._claims[self._channel] = temperature_degC
        self._chamber.set_temperature(temperature_degC)

    def read(self) -> float:
        """Return the temperature in °C; see `Chamber.read`."""
        return self._chamber.read()

    def release(self) -> None:
        """Say that the channel's run has ended."""
        with self._lock:
            self._claims.pop(self._channel, None)

    def close(self) -> None:
        """Say that the channel's run has ended; the chamber itself belongs to the bench."""
        self.release()
