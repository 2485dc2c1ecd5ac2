"""Alarms: what a person should know at once, wherever he is."""

import json
import logging
import smtplib
import threading
import time
import urllib.request
import uuid
from collections import deque
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from queue import Queue

from ...instruments.bench_file import BenchAlarms, BenchEmail
from .desktop import can_show, show_on_desktop
from .status import Alarm

_KEPT = 500
_WAIT_S = 20.0
_TRIES, _RETRY_S = 3, 30.0

log = logging.getLogger(__name__)


class NoSuchAlarm(ValueError):
    """There is no alarm with this id."""


class Alarms:
    """Keeps the latest alarms, and carries each to where people want it.

    Parameters
    ----------
    wanted : BenchAlarms
        Where to.
    bench : str
        What the bench is called, for subjects.
    raised : callable
        Called with every alarm, and again when one was acknowledged.
    """

    def __init__(self, wanted: BenchAlarms, bench: str, raised: Callable[[Alarm], None]) -> None:
        self._raised = raised
        self._bench = bench
        self._lock = threading.Lock()
        self._alarms: deque[Alarm] = deque(maxlen=_KEPT)
        self._carriers = list(_carriers(wanted))
        self._queue: Queue[Alarm | None] = Queue()
        # Mail servers may take their time; they wait for each other, and nothing waits for them.
        self._thread = threading.Thread(target=self._carry, name="alarms", daemon=True)
        self._thread.start()

    def raise_(self, channel: str, severity: str, text: str) -> None:
        """Raise an alarm, from any thread; one that stands there already is not raised twice."""
        with self._lock:
            if any(
                (each.channel, each.text, each.acknowledged_by) == (channel, text, "")
                for each in self._alarms
            ):
                return
            alarm = Alarm(
                id=uuid.uuid4().hex[:12], time=time.time(), severity=severity, channel=channel, text=text
            )
            self._alarms.append(alarm)
        self._raised(alarm)
        self._queue.put(alarm)

    def acknowledge(self, alarm_id: str, by: str) -> Alarm:
        """Note that a person has seen an alarm; raise `NoSuchAlarm` where it is not there."""
        with self._lock:
            for place, alarm in enumerate(self._alarms):
                if alarm.id == alarm_id:
                    seen = alarm.model_copy(update={"acknowledged_by": by})
                    self._alarms[place] = seen
                    break
            else:
                raise NoSuchAlarm(f"There is no alarm {alarm_id!r}.")
        self._raised(seen)
        return seen

    def standing(self) -> list[Alarm]:
        """Return the alarms, the latest first."""
        with self._lock:
            return list(reversed(self._alarms))

    def close(self) -> None:
        """Carry what is still to be carried, for a while; idempotent."""
        self._queue.put(None)
        self._thread.join(_WAIT_S)

    def _carry(self) -> None:
        while (alarm := self._queue.get()) is not None:
            for carrier in self._carriers:
                for attempt in range(_TRIES):
                    try:
                        carrier(self._bench, alarm)
                        break
                    except (OSError, smtplib.SMTPException, ValueError) as error:
                        log.warning("an alarm was not delivered: %s", error)
                        time.sleep(_RETRY_S if attempt < _TRIES - 1 and self._queue.empty() else 0.0)


def _carriers(wanted: BenchAlarms) -> list[Callable[[str, Alarm], None]]:
    carriers: list[Callable[[str, Alarm], None]] = []
    if wanted.desktop and can_show():
        carriers.append(lambda bench, alarm: show_on_desktop(_subject(bench, alarm), alarm.text))
    if wanted.webhook is not None:
        webhook = wanted.webhook
        carriers.append(lambda bench, alarm: _post(webhook, bench, alarm))
    if wanted.email is not None:
        email = wanted.email
        carriers.append(lambda bench, alarm: _mail(email, bench, alarm))
    return carriers


def _subject(bench: str, alarm: Alarm) -> str:
    return f"{bench}, {alarm.channel}: {alarm.severity}" if alarm.channel else f"{bench}: {alarm.severity}"


def _post(url: str, bench: str, alarm: Alarm) -> None:
    """Send an alarm as JSON; ``text`` is what chat programs show."""
    shown = f"{_subject(bench, alarm)}. {alarm.text}"
    content = {**alarm.model_dump(), "bench": bench, "text": shown}
    # The bench file takes http and https only.
    request = urllib.request.Request(  # noqa: S310
        url, json.dumps(content).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=_WAIT_S):  # noqa: S310
        pass


def _mail(email: BenchEmail, bench: str, alarm: Alarm) -> None:
    message = EmailMessage()
    message["Subject"] = f"[faradaic] {_subject(bench, alarm)}"
    message["From"], message["To"] = email.sender, ", ".join(email.to)
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(alarm.time))
    message.set_content(f"{alarm.text}\n\n{when}, bench {bench}, channel {alarm.channel or '-'}\n")
    with smtplib.SMTP(email.host, email.port, timeout=_WAIT_S) as server:
        if email.tls:
            server.starttls()
        if email.user:
            server.login(email.user, Path(email.password_file).expanduser().read_text("utf-8").strip())
        server.send_message(message)
