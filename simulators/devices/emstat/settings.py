"""Commands that set the potentiostat, and those that have no effect on a simulated cell."""

from . import models
from .compiler import Builder, Compiler, Statement, not_negative, word
from .errors import Code, RuntimeFault
from .program import Argument, Command
from .vartypes import MEASURED_CURRENT

_CHANNELS = (0, 1)


def _set_channel(compiler: Compiler, command: Command) -> Statement:
    machine = compiler.machine
    channel = compiler.number(command.arguments[0])

    def run() -> None:
        if channel() not in _CHANNELS:
            raise RuntimeFault(Code.NO_SUCH_CHANNEL)
        machine.channel = int(channel())

    return run


def _set_mode(compiler: Compiler, command: Command) -> Statement:
    machine = compiler.machine
    mode = compiler.number(command.arguments[0])

    def run() -> None:
        if machine.channel == 0:
            machine.electronics.set_mode(int(mode()))
        elif mode() != models.OFF:
            # Exported scripts switch the second channel off; there is nothing to switch on.
            raise RuntimeFault(Code.NO_SUCH_CHANNEL)

    return run


def _set_range(compiler: Compiler, command: Command) -> Statement:
    electronics = compiler.machine.electronics
    vartype, arguments = _vartype_and_rest(command)
    value = compiler.number(arguments[0])
    return lambda: electronics.set_range(vartype, value())


def _set_window(compiler: Compiler, command: Command) -> Statement:
    electronics = compiler.machine.electronics
    vartype, arguments = _vartype_and_rest(command)
    low, high = map(compiler.number, arguments)
    return lambda: electronics.set_window(vartype, low(), high())


def _set_autoranging(compiler: Compiler, command: Command) -> Statement:
    if len(command.arguments) == 2:
        # Current firmware takes the form without a type, and does nothing.
        return lambda: None
    electronics = compiler.machine.electronics
    vartype, arguments = _vartype_and_rest(command)
    low, high = map(compiler.number, arguments)
    return lambda: electronics.set_autoranging(vartype, low(), high())


def _set_bandwidth(compiler: Compiler, command: Command) -> Statement:
    frequency_Hz = compiler.number(command.arguments[0])

    def run() -> None:
        not_negative(frequency_Hz())

    return run


def _set_potential(compiler: Compiler, command: Command) -> Statement:
    electronics = compiler.machine.electronics
    value = compiler.number(command.arguments[0])

    def run() -> None:
        if electronics.is_galvanostat:
            raise RuntimeFault(Code.WRONG_PGSTAT_MODE)
        electronics.set_setpoint(float(value()))

    return run


def _set_current(compiler: Compiler, command: Command) -> Statement:
    electronics = compiler.machine.electronics
    value = compiler.number(command.arguments[0])

    def run() -> None:
        if not electronics.is_galvanostat:
            raise RuntimeFault(Code.WRONG_PGSTAT_MODE)
        electronics.set_setpoint(float(value()))

    return run


def _set_current_range(compiler: Compiler, command: Command) -> Statement:
    electronics = compiler.machine.electronics
    value = compiler.number(command.arguments[0])
    return lambda: electronics.set_range(MEASURED_CURRENT, value())


def _get_gpio(compiler: Compiler, command: Command) -> Statement:
    find = compiler.variable(command.arguments[0])

    def run() -> None:
        variable = find()
        variable.value, variable.vartype, variable.metadata = 0, "ec", ""

    return run


def _no_effect(compiler: Compiler, command: Command) -> Statement:  # noqa: ARG001
    return lambda: None


def _vartype_and_rest(command: Command) -> tuple[str, tuple[Argument, ...]]:
    first, *rest = command.arguments
    return word(first), tuple(rest)


_WITHOUT_EFFECT = (
    "set_acquisition_frac",
    "set_acquisition_frac_autoadjust",
    "set_channel_sync",
    "set_gpio_cfg",
    "set_gpio",
    "set_gpio_msk",
    "set_gpio_pullup",
    "notify_led",
    "file_open",
    "file_close",
)

BUILDERS: dict[str, Builder] = {
    **dict.fromkeys(_WITHOUT_EFFECT, _no_effect),
    "set_pgstat_chan": _set_channel,
    "set_pgstat_mode": _set_mode,
    "set_max_bandwidth": _set_bandwidth,
    "set_range": _set_range,
    "set_cr": _set_current_range,
    "set_range_minmax": _set_window,
    "set_autoranging": _set_autoranging,
    "set_e": _set_potential,
    "set_i": _set_current,
    "cell_on": lambda compiler, command: compiler.machine.electronics.switch_on,  # noqa: ARG005
    "cell_off": lambda compiler, command: compiler.machine.electronics.switch_off,  # noqa: ARG005
    "get_gpio": _get_gpio,
    "get_gpio_msk": _get_gpio,
}
