"""A linear network with a nonlinear reaction at one of its nodes, advanced by safe steps."""

import copy
from operator import mul
from typing import Generic, Protocol, TypeVar

from .network import LinearNetwork, Modes

_NEGLIGIBLE_V = 1e-6
_LARGEST_CHANGE_V = 8e-3
_SHORTEST_s = 1e-9
_NEWTON_STEPS = 30
_NEWTON_V = 1e-12
_HOPELESS_V = 0.1
_STIFF = 4.0
_LONGEST_NEWTON_STEP_V = 0.06


class Reaction(Protocol):
    """A current that depends on the potential of its node, and on a state of its own."""

    def begin(self, seconds: float, settled: bool) -> None:
        """Prepare `current` for the end of a step of `seconds`.

        `settled` says that the input has changed just before, and that the step is so long that
        the reaction runs at its final rate for practically all of it.
        """
        ...

    def current(self, potential_V: float) -> tuple[float, float]:
        """Return the current in A at the end of the step, and its slope (0 or more) in A/V."""
        ...

    def accepts(self) -> bool:
        """Whether the state changes little enough if the step ends where `current` was last asked for."""
        ...

    def finish(self, potential_V: float) -> None:
        """Bring the state to the end of the step, at the potential that `current` was last asked for."""
        ...


_Reaction = TypeVar("_Reaction", bound=Reaction)


class ReactiveNetwork(Generic[_Reaction]):
    """State of a network whose node carries a reaction.

    In a step the reaction's current N runs linearly from its value before to its value after,
    and the network answers exactly: the node ends at φ = a - B·N(φ), solved by Newton's method.
    Where the reaction would discharge its node many times within a step, N has its value after
    the step in all of it, because the ramp would ring there.
    A step in which N matters and φ changes by more than 8 mV is cut, and the pieces grow again
    as the changes die away; where N does not matter, one step of any length is exact.

    Parameters
    ----------
    network : LinearNetwork
        Its voltages are relative to rest.
    reaction : Reaction
        Draws its current from the port of the network.
    rest_V : float
        Potential of the node at rest.
    settled_s : float
        Time in which the network follows a change of its input many times over.
    """

    def __init__(self, network: LinearNetwork, reaction: _Reaction, rest_V: float, settled_s: float) -> None:
        self.network = network
        self.reaction = reaction
        self.node_V = rest_V
        self._rest_V = rest_V
        self._settled_s = settled_s
        self._control = network.held_current
        self._drive = 0.0
        self._modes = [0.0] * len(self._control.inputs)
        reaction.begin(0.0, settled=False)
        self._reaction_A, self._slope_S = reaction.current(rest_V)

    def copy(self) -> "ReactiveNetwork[_Reaction]":
        """Return an independent copy of the state."""
        twin = copy.copy(self)
        twin.reaction = copy.copy(self.reaction)
        return twin

    def voltage(self) -> float:
        """Return the voltage in V over the network, without the series resistance, relative to rest."""
        return sum(map(mul, self._control.inputs, self._modes))

    def advance(self, control: Modes, drive: float, seconds: float) -> None:
        """Hold an input for `seconds`: a potential relative to rest in V, or a current in A."""
        settled = seconds > self._settled_s and (drive != self._drive or control is not self._control)
        if control is not self._control:
            self._modes = control.adopt(self._modes, self._control)
            self._control = control
        self._drive = drive
        step = remaining = seconds
        while remaining > 0.0:
            if self._try(control, drive, step, settled):
                remaining -= step
                step = min(8.0 * step, remaining)
            else:
                step = min(0.25 * step, 0.1 * self._settled_s) if settled else 0.25 * step
            settled = False

    def _try(self, control: Modes, drive: float, seconds: float, settled: bool) -> bool:
        """Make one step; leave the state as it was, and say so, if it is too long."""
        decay, gain, early, late, whole = control.step(seconds)
        before_A = self._reaction_A
        before_V = self.node_V
        modes = [d * m + g * drive for d, m, g in zip(decay, self._modes, gain)]  # noqa: B905  hot
        if settled or self._slope_S * sum(map(mul, control.ports, whole)) > _STIFF:
            late = whole
        else:
            modes = [m - e * before_A for m, e in zip(modes, early)]  # noqa: B905  hot
        ports = control.ports
        without_V = self._rest_V + sum(map(mul, ports, modes))
        resistance = sum(map(mul, ports, late))
        reaction = self.reaction
        reaction.begin(seconds, settled)
        may_cut = seconds > _SHORTEST_s
        current_A, slope = before_A, self._slope_S
        node_V = without_V - resistance * before_A
        if may_cut and abs(node_V - before_V) > _LARGEST_CHANGE_V:
            current_A, _ = reaction.current(node_V)
            if resistance * abs(current_A - before_A) > _HOPELESS_V:
                return False
        for _ in range(_NEWTON_STEPS):
            current_A, slope = reaction.current(node_V)
            change = (without_V - resistance * current_A - node_V) / (1.0 + resistance * slope)
            if -_NEWTON_V < change < _NEWTON_V:
                break
            node_V += max(-_LONGEST_NEWTON_STEP_V, min(_LONGEST_NEWTON_STEP_V, change))
        else:
            if may_cut:
                return False
        if may_cut and not (
            reaction.accepts()
            and (
                abs(node_V - before_V) < _LARGEST_CHANGE_V
                or resistance * abs(current_A - before_A) < _NEGLIGIBLE_V
            )
        ):
            return False
        reaction.finish(node_V)
        self._reaction_A, self._slope_S = current_A, slope
        self.node_V = node_V
        self._modes = [m - w * current_A for m, w in zip(modes, late)]  # noqa: B905  hot
        return True
