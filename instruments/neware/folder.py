"""Where step files are written, so that the BTS computer can read them."""

import contextlib
import tempfile
from pathlib import Path, PureWindowsPath

from ..errors import OutOfRange


class StepFolder:
    """The folder for step files, under the names that both computers have for it.

    Parameters
    ----------
    written_to : str, optional
        Where they are written; without it a temporary folder, where the server runs on this computer.
    seen_as : str, optional
        What the BTS computer calls this folder, where that is another name.
    is_here : bool
        Whether the server runs on this computer.

    Raises
    ------
    ValueError
        There is no such folder.
    """

    def __init__(self, written_to: str | None, seen_as: str | None, *, is_here: bool) -> None:
        self._files = contextlib.ExitStack()
        self._written_to = None if written_to is None else Path(written_to)
        self._seen_as = seen_as
        if self._written_to is not None and not self._written_to.is_dir():
            raise ValueError(f"folder: {written_to!r} is not a folder.")
        if self._written_to is None and is_here:
            temporary = tempfile.TemporaryDirectory(prefix="faradaic-steps-")
            self._written_to = Path(self._files.enter_context(temporary))

    def write(self, name: str, text: str) -> tuple[str, str]:
        """Write a step file; return its path and its folder as the BTS computer sees them.

        Raises
        ------
        OutOfRange
            It is not known where that computer would find it.
        """
        if self._written_to is None:
            raise OutOfRange(
                "The BTS server runs on another computer: say in the address, with folder= and seen_as=, "
                "in which shared folder step files are to be written and what that computer calls it."
            )
        path = self._written_to.absolute() / f"{name}.xml"
        path.write_text(text, encoding="utf-8")
        seen = path if self._seen_as is None else PureWindowsPath(self._seen_as) / path.name
        return str(seen), str(seen.parent)

    def close(self) -> None:
        """Remove the folder where it is a temporary one; idempotent."""
        self._files.close()
