"""What the service can be asked for: one function a route."""

import time
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from ... import __version__
from ...protocols import protocol_types
from ..bench import BenchEngine
from ..bench.space import free_bytes
from ..bench.station import Refused
from .own import Role, Tokens
from .requests import (
    AddJob,
    Alarm,
    ChangeLimits,
    ChangeUntil,
    Command,
    End,
    EngineStatus,
    Foreseen,
    Job,
    JobRequest,
    Order,
    Outcome,
    Pause,
    Plain,
    RunFile,
    Said,
    StationStatus,
)
from .run_files import run_file_below, run_files

_bearer = HTTPBearer(auto_error=False)
ChannelName = Annotated[str, InPath(max_length=60)]


def _engine(request: Request) -> BenchEngine:
    return cast("BenchEngine", request.app.state.engine)


def _role(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Role:
    tokens = cast("Tokens", request.app.state.tokens)
    proved = tokens.role_of(given.credentials) if given else None
    if proved is None:
        raise HTTPException(401, "A token is needed.", {"WWW-Authenticate": "Bearer"})
    return proved


def _operator(proved: Annotated[Role, Depends(_role)]) -> None:
    if proved != "operator":
        raise HTTPException(403, "This token allows to look, not to act.")


Engine = Annotated[BenchEngine, Depends(_engine)]
looking = APIRouter(prefix="/api/v1", dependencies=[Depends(_role)])
"""For whoever may look."""
acting = APIRouter(prefix="/api/v1", dependencies=[Depends(_operator)])
"""For whoever may act."""


@looking.get("/status", tags=["bench"])
def status(engine: Engine, proved: Annotated[Role, Depends(_role)]) -> EngineStatus:
    """Return how the bench stands: all channels and alarms."""
    return EngineStatus(
        bench=engine.name,
        version=__version__,
        engine=engine.publisher.engine,
        seq=engine.publisher.seq,
        folder=str(engine.folder),
        free_bytes=free_bytes(engine.folder),
        role=proved,
        channels=engine.statuses(),
        alarms=engine.alarms.standing(),
    )


@looking.get("/channels/{channel}", tags=["channels"])
def channel_status(engine: Engine, channel: ChannelName) -> StationStatus:
    """Return how a channel stands."""
    return engine.station(channel).status()


@looking.post("/channels/{channel}/preview", tags=["channels"])
def preview(engine: Engine, channel: ChannelName, request: JobRequest) -> Foreseen:
    """Check a job without running it, and foresee what it takes."""
    return Foreseen.model_validate(engine.preview(channel, request))


@acting.post("/channels/{channel}/jobs", tags=["channels"], status_code=201)
def add(engine: Engine, channel: ChannelName, asked: AddJob) -> Job:
    """Check a job and put it into the queue of a channel; an idle channel begins at once."""
    return engine.add(channel, asked.request, asked.by, time.time(), asked.place)


@acting.delete("/channels/{channel}/jobs/{job}", tags=["channels"])
def remove(
    engine: Engine,
    channel: ChannelName,
    job: Annotated[str, InPath(max_length=40)],
    by: Annotated[str, Query(min_length=1, max_length=100)],
) -> Job:
    """Take a job out of the queue."""
    return engine.remove(channel, job, by)


@acting.put("/channels/{channel}/order", tags=["channels"])
def reorder(engine: Engine, channel: ChannelName, order: Order) -> StationStatus:
    """Put the queue into another order."""
    engine.reorder(channel, order.jobs, order.by)
    return engine.station(channel).status()


@acting.post("/channels/{channel}/commands", tags=["channels"])
def command(engine: Engine, channel: ChannelName, command: Command) -> StationStatus:
    """Act on the run under way; it answers at its next sample, at the latest after 0.5 s."""
    match command:
        case Pause():
            engine.pause(channel, command.kind, command.by)
        case ChangeLimits():
            engine.change_limits(channel, command.limits, command.by)
        case ChangeUntil():
            engine.change_until(channel, command.until, command.by)
        case Plain():
            act = {
                "resume": engine.resume,
                "skip": engine.skip_step,
                "stop": engine.stop,
                "give_up": engine.give_up,
            }
            act[command.command](channel, command.by)
    return engine.station(channel).status()


@acting.post("/channels/{channel}/emergency-stop", tags=["safety"])
def stop_channel(engine: Engine, channel: ChannelName, said: Said) -> Outcome:
    """Put a cell at rest at once, and hold its queue."""
    return Outcome(sentences=engine.emergency_stop(said.by, channel))


@acting.post("/emergency-stop", tags=["safety"])
def stop_all(engine: Engine, said: Said) -> Outcome:
    """Put all cells at rest at once, and hold all queues."""
    return Outcome(sentences=engine.emergency_stop(said.by))


@looking.get("/alarms", tags=["safety"])
def alarms(engine: Engine) -> list[Alarm]:
    """Return the alarms, the latest first."""
    return engine.alarms.standing()


@acting.post("/alarms/{alarm}/acknowledge", tags=["safety"])
def acknowledge(engine: Engine, alarm: Annotated[str, InPath(max_length=40)], said: Said) -> Alarm:
    """Note that a person has seen an alarm."""
    return engine.alarms.acknowledge(alarm, said.by)


@looking.get("/log", tags=["bench"])
def bench_log(engine: Engine, count: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[dict[str, Any]]:
    """Return the last entries of the bench log."""
    return engine.log.tail(count)


@acting.post("/end", tags=["bench"])
def end(engine: Engine, request: Request, asked: End) -> Outcome:
    """End the service in good order; refused while runs are under way, unless they may be interrupted."""
    end_service = request.app.state.end
    if end_service is None:
        raise Refused("This service is part of another program, and ends with it.")
    sentences = engine.prepare_to_end(asked.by, interrupt=asked.interrupt)
    end_service()
    return Outcome(sentences=[*sentences, "The service ends."])


@looking.get("/protocols", tags=["bench"])
def protocols() -> dict[str, dict[str, Any]]:
    """Return the JSON schema of every protocol's parameters, by name."""
    return {name: kind.model_json_schema() for name, kind in protocol_types().items()}


@looking.get("/runs", tags=["runs"])
def runs(engine: Engine) -> list[RunFile]:
    """List the run files below the data folder, the latest first."""
    return run_files(engine.folder)


@looking.get(
    "/runs/file", tags=["runs"], response_class=FileResponse,
    responses={200: {"content": {"application/x-hdf5": {}}}},
)  # fmt: skip
def run_file(engine: Engine, path: Annotated[str, Query(max_length=1000)]) -> FileResponse:
    """Return a run file as it is on the disk; one that is being recorded is behind its run."""
    return FileResponse(run_file_below(engine.folder, path), media_type="application/x-hdf5")
