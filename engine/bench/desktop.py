"""A notification on the desktop of whoever sits at the computer."""

import shutil
import subprocess
import sys

_SHOW_S = 10.0


def can_show() -> bool:
    """Whether this computer has a program that shows notifications."""
    return _command("", "") is not None


def show_on_desktop(title: str, text: str) -> None:
    """Show a notification with what the system has for it.

    Raises
    ------
    OSError
        The system has nothing for it.
    """
    command = _command(title, text)
    if command is None:
        raise OSError("this computer has no program that shows notifications")
    subprocess.run(command, check=False, timeout=_SHOW_S, capture_output=True)  # noqa: S603  no shell, fixed programs


def _command(title: str, text: str) -> list[str] | None:
    if sys.platform == "win32":
        # Sent to all sessions of this computer; part of every Windows but Home.
        found = shutil.which("msg")
        return [found, "*", "/TIME:60", f"{title}\n{text}"] if found else None
    if sys.platform == "darwin":
        found = shutil.which("osascript")
        script = "on run {title, body}\ndisplay notification body with title title\nend run"
        return [found, "-e", script, title, text] if found else None
    found = shutil.which("notify-send")
    return [found, "--urgency=critical", "--app-name=faradaic", "--", title, text] if found else None
