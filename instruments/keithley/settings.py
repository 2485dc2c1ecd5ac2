"""Settings that decide about safety: how they are set, asked for, and recognised in the answer."""

from dataclasses import dataclass

_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Setting:
    """A setting that decides about safety: how it is set, and asked for.

    Parameters
    ----------
    header : str
        Of command and query.
    value : float or str
        What it must be.
    """

    header: str
    value: float | str

    @property
    def command(self) -> str:
        """What sets it."""
        return f"{self.header} {self.value if isinstance(self.value, str) else f'{self.value:.7g}'}"

    def is_told_by(self, reply: str) -> bool:
        """Whether the instrument says that it is set."""
        if isinstance(self.value, str):
            return reply.strip('"').upper().startswith(self.value.strip('"').upper())
        try:
            told = float(reply)
        except ValueError:
            return False
        return abs(told - self.value) <= _TOLERANCE * max(abs(self.value), 1e-9)
