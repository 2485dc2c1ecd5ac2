"""Asking the service: for the command line, the window and scripts."""

import getpass
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from pydantic import TypeAdapter
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from ...core.closing import Closing
from ...protocols import Cell, Protocol
from ..bench import Alarm, Job, JobRequest, Record, StationStatus, decode
from .http import httpx
from .own import address_file, own_tokens
from .requests import EngineStatus, Foreseen, RunFile

_WAIT_S = 30.0
_RECONNECT_S = 1.0


class ServiceError(Exception):
    """The service refused something, or is not there; the message is for people."""


class Client(Closing):
    """Talks to a service; a context manager that closes the connection.

    Parameters
    ----------
    url : str
        Where it is, such as ``http://127.0.0.1:8420``.
    token : str
        A reader's or an operator's.
    by : str, optional
        Who asks, as recorded with every command; the user of this computer by default.
    """

    def __init__(self, url: str, token: str, *, by: str | None = None) -> None:
        self.url = url.rstrip("/")
        self.by = by or getpass.getuser()
        self._token = token
        self._http = httpx.Client(
            base_url=f"{self.url}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=_WAIT_S,
            # Certificates are read from disk only where there are any to check.
            verify=self.url.startswith("https"),
        )

    @classmethod
    def own(cls, *, by: str | None = None) -> Self:
        """Return a client of this user's service, as an operator.

        Raises
        ------
        ServiceError
            There is none.
        """
        try:
            url = json.loads(address_file().read_text("utf-8"))["url"]
        except (OSError, ValueError, KeyError):
            raise ServiceError("No service runs; start one with: faradaic serve bench.yaml.") from None
        return cls(url, own_tokens().operator, by=by)

    def close(self) -> None:
        """Let go of the connection; idempotent."""
        self._http.close()

    def status(self) -> EngineStatus:
        """Return how the bench stands."""
        return EngineStatus.model_validate(self._ask("GET", "status"))

    def channel(self, name: str) -> StationStatus:
        """Return how a channel stands."""
        return StationStatus.model_validate(self._ask("GET", _channel(name)))

    def preview(
        self,
        channel: str,
        protocol: Protocol | Mapping[str, Any],
        cell: Cell | Mapping[str, Any],
        **more: Any,
    ) -> Foreseen:
        """Check what `add` would be given, without running it."""
        request = _request(protocol, cell, **more)
        return Foreseen.model_validate(
            self._ask("POST", f"{_channel(channel)}/preview", request.model_dump())
        )

    def add(
        self,
        channel: str,
        protocol: Protocol | Mapping[str, Any],
        cell: Cell | Mapping[str, Any],
        *,
        place: int | None = None,
        **more: Any,
    ) -> Job:
        """Put a run into the queue of a channel; an idle channel begins at once.

        Parameters
        ----------
        channel : str
            Its name.
        protocol, cell
            What is to be done, with what.
        place : int, optional
            Where in the queue, from 0; its end without one.
        more
            ``limits`` (a mapping such as ``{"potential_max": "4.6 V"}``) and ``notes``.
        """
        asked = {"request": _request(protocol, cell, **more).model_dump(), "by": self.by, "place": place}
        return Job.model_validate(self._ask("POST", f"{_channel(channel)}/jobs", asked))

    def remove(self, channel: str, job: str) -> Job:
        """Take a job out of the queue."""
        path = f"{_channel(channel)}/jobs/{quote(job, safe='')}"
        return Job.model_validate(self._ask("DELETE", path, params={"by": self.by}))

    def reorder(self, channel: str, jobs: Sequence[str]) -> StationStatus:
        """Put the queue into another order, which names all jobs by their ids."""
        order = {"jobs": list(jobs), "by": self.by}
        return StationStatus.model_validate(self._ask("PUT", f"{_channel(channel)}/order", order))

    def pause(self, channel: str, kind: str = "rest") -> StationStatus:
        """Interrupt the step under way, with the cell at ``rest`` or on ``hold`` at its potential."""
        return self._command(channel, command="pause", kind=kind)

    def resume(self, channel: str) -> StationStatus:
        """End a pause, go on with an interrupted run, or let a held queue go on."""
        return self._command(channel, command="resume")

    def skip(self, channel: str) -> StationStatus:
        """End the step under way, and go on with the next one."""
        return self._command(channel, command="skip")

    def stop(self, channel: str) -> StationStatus:
        """End the run under way, with the cell at rest."""
        return self._command(channel, command="stop")

    def give_up(self, channel: str) -> StationStatus:
        """Leave an interrupted run as it is."""
        return self._command(channel, command="give_up")

    def change_limits(self, channel: str, **limits: str) -> StationStatus:
        """Replace the limits of the run under way, such as ``potential_max="4.6 V"``."""
        return self._command(channel, command="change_limits", limits=limits)

    def change_until(self, channel: str, **until: str) -> StationStatus:
        """Replace the end conditions of the step under way, such as ``duration="2 h"``."""
        return self._command(channel, command="change_until", until=until)

    def emergency_stop(self, channel: str | None = None) -> list[str]:
        """Put one cell or all at rest at once; return a sentence for each."""
        path = "emergency-stop" if channel is None else f"{_channel(channel)}/emergency-stop"
        return self._ask("POST", path, {"by": self.by})["sentences"]

    def alarms(self) -> list[Alarm]:
        """Return the alarms, the latest first."""
        return TypeAdapter(list[Alarm]).validate_python(self._ask("GET", "alarms"))

    def acknowledge(self, alarm: str) -> Alarm:
        """Note that a person has seen an alarm."""
        path = f"alarms/{quote(alarm, safe='')}/acknowledge"
        return Alarm.model_validate(self._ask("POST", path, {"by": self.by}))

    def log(self, count: int = 100) -> list[dict[str, Any]]:
        """Return the last entries of the bench log."""
        return self._ask("GET", "log", params={"count": count})

    def runs(self) -> list[RunFile]:
        """List the run files, the latest first."""
        return TypeAdapter(list[RunFile]).validate_python(self._ask("GET", "runs"))

    def fetch(self, path: str, to: Path) -> Path:
        """Copy a run file to this computer."""
        with self._http.stream("GET", "runs/file", params={"path": path}) as response:
            if response.is_error:
                response.read()
                raise ServiceError(_sentence(response))
            with to.open("xb") as file:
                for part in response.iter_bytes():
                    file.write(part)
        return to

    def end(self, *, interrupt: bool = False) -> list[str]:
        """End the service in good order; return what becomes of its runs, a sentence for each.

        Parameters
        ----------
        interrupt : bool
            Also while runs are under way: their cells are put at rest, and they can be gone on with.

        Raises
        ------
        ServiceError
            Runs are under way, and may not be interrupted.
        """
        return self._ask("POST", "end", {"by": self.by, "interrupt": interrupt})["sentences"]

    def live(self, since: int | None = None) -> Iterator[Record]:
        """Yield what the bench publishes, from now on or from after record `since`, until `close`.

        A connection that is lost is opened again, where it was lost. Another `Record.engine` says
        that the engine was started anew, and with it the numbers.

        Raises
        ------
        ServiceError
            The token is not known.
        """
        while not self._http.is_closed:
            try:
                with connect(self._live_url, max_size=None) as socket:
                    socket.send(json.dumps({"token": self._token, "since": since}))
                    for message in socket:
                        if isinstance(message, bytes):
                            for record in decode(message):
                                since = record.seq
                                yield record
                        if self._http.is_closed:
                            return
                if socket.close_code == 4401:
                    raise ServiceError("The service does not know this token.")
            except (OSError, WebSocketException):
                pass
            time.sleep(_RECONNECT_S)
            since = self._known_to_new_engine(since)

    def _known_to_new_engine(self, since: int | None) -> int | None:
        """Return from where to go on after a loss: a new engine counts from the beginning."""
        try:
            return 0 if since is not None and self.status().seq < since else since
        except (ServiceError, RuntimeError):
            # It is still away, or this client was closed meanwhile.
            return since

    @property
    def _live_url(self) -> str:
        return f"ws{self.url.removeprefix('http')}/api/v1/live"

    def _command(self, channel: str, **command: Any) -> StationStatus:
        path = f"{_channel(channel)}/commands"
        return StationStatus.model_validate(self._ask("POST", path, {**command, "by": self.by}))

    def _ask(
        self, method: str, path: str, content: Any = None, params: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            response = self._http.request(method, path, json=content, params=params)
        except httpx.HTTPError as error:
            raise ServiceError(f"The service at {self.url} does not answer: {error}") from error
        if response.is_error:
            raise ServiceError(_sentence(response))
        return response.json()


def _request(
    protocol: Protocol | Mapping[str, Any], cell: Cell | Mapping[str, Any], **more: Any
) -> JobRequest:
    return JobRequest(
        protocol=protocol.to_dict() if isinstance(protocol, Protocol) else dict(protocol),
        cell=cell.model_dump(mode="json", exclude_defaults=True) if isinstance(cell, Cell) else dict(cell),
        **more,
    )


def _channel(name: str) -> str:
    return f"channels/{quote(name, safe='')}"


def _sentence(response: httpx.Response) -> str:
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return f"The service answered {response.status_code}."
    if isinstance(detail, str):
        return detail
    return "; ".join(f"{'.'.join(map(str, fault['loc'][1:]))}: {fault['msg']}" for fault in detail)
