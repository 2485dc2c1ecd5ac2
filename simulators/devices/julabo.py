"""A simulated Julabo circulator with cells in its bath."""

import math
import threading
from collections.abc import Callable, Sequence

from ...core.clock import Clock, SystemClock
from ..cells import SimulatedCell

_ROOM_degC = 23.0


class JulaboDevice:
    """Answers the commands of a circulator; its bath follows the setpoint like a first-order lag.

    Parameters
    ----------
    cells : sequence of SimulatedCell
        Take on the temperature of the bath.
    clock : Clock, optional
        By default the computer's.
    time_constant_s : float
        Of the bath.
    """

    def __init__(
        self, cells: Sequence[SimulatedCell], clock: Clock | None = None, time_constant_s: float = 120.0
    ) -> None:
        self.cells = cells
        self.alarm = ""
        """Set it to "-01 LOW LEVEL ALARM", for example."""
        self.is_running = False
        self.has_sensor = True
        self._clock = clock or SystemClock()
        self._time_constant_s = time_constant_s
        self._setpoint_degC = _ROOM_degC
        self._bath_degC = _ROOM_degC
        self._at_s = self._clock.now()
        self._send: Callable[[bytes], None] | None = None
        self._line = b""
        self._lock = threading.Lock()

    FAULTS = ("alarm", "sensor_lost")
    """A low level of the bath, and a temperature that is not known."""

    def suffer(self, fault: str) -> None:
        """Let one of `FAULTS` happen; it stays."""
        if fault == "alarm":
            self.alarm = "-01 LOW LEVEL ALARM"
        else:
            self.has_sensor = False

    @property
    def bath_degC(self) -> float:
        """Temperature of the bath now."""
        now_s = self._clock.now()
        goal = self._setpoint_degC if self.is_running else _ROOM_degC
        decay = math.exp(-(now_s - self._at_s) / self._time_constant_s)
        self._bath_degC = goal + (self._bath_degC - goal) * decay
        self._at_s = now_s
        for cell in self.cells:
            cell.set_temperature(self._bath_degC)
        return self._bath_degC

    def attach(self, send: Callable[[bytes], None] | None) -> None:
        """Send replies to a host from now on, or to nobody."""
        self._send = send
        self._line = b""

    def receive(self, data: bytes) -> None:
        """Take bytes from the host."""
        with self._lock:
            for byte in data:
                if byte in b"\r\n":
                    self._answer(self._line.decode("ascii", "replace").strip())
                    self._line = b""
                else:
                    self._line = (self._line + bytes((byte,)))[-80:]

    def _answer(self, command: str) -> None:
        name, _, value = command.partition(" ")
        if name.startswith("out_"):
            # These are carried out without a word.
            self._carry_out(name, value)
        elif self._send is not None and name:
            self._send(self._reply(name).encode("ascii") + b"\r\n")

    def _reply(self, name: str) -> str:
        bath = f"{self.bath_degC:.2f}" if self.has_sensor else "---.--"
        replies = {
            "version": "JULABO TOPTECH-SERIES HL/SL VER 4.0",
            "status": self.alarm or ("03 REMOTE START" if self.is_running else "02 REMOTE STOP"),
            "in_pv_00": bath,
            "in_pv_02": bath,
            "in_sp_00": f"{self._setpoint_degC:.2f}",
            "in_mode_05": "1" if self.is_running else "0",
        }
        return replies.get(name, "-08 INVALID COMMAND")

    def _carry_out(self, name: str, value: str) -> None:
        # What the bath did until now, it did with the old settings.
        _ = self.bath_degC
        if name == "out_sp_00":
            self._set(value)
        elif name == "out_mode_05":
            self.is_running = value.strip() == "1"

    def _set(self, value: str) -> None:
        try:
            setpoint_degC = float(value)
        except ValueError:
            return
        if math.isfinite(setpoint_degC):
            self._setpoint_degC = setpoint_degC
