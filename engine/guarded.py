"""A watchdog for runs without the service, of scripts and of the command line."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..instruments import Channel
from ..storage import StorageError
from .bench.guard import Guard
from .messages import Message, RunEnded, Subscriber
from .service.own import private_folder


@contextmanager
def guarded(channel: Channel) -> Iterator[Subscriber]:
    """Have a channel that needs the computer put at rest, should this program die during a run on it.

    Parameters
    ----------
    channel : Channel
        On which the run takes place; `open_instrument` has connected to it. The watchdog's log is in
        the private folder of the user.

    Yields
    ------
    callable
        Takes the messages of the run, whose end ends the watch.

    Raises
    ------
    StorageError
        The watchdog of an earlier program is still putting instruments at rest.
    """
    # What lives in another time than ours is simulated.
    if not (channel.needs_computer and channel.driver and channel.clock.speed == 1.0):
        yield lambda _: None
        return
    folder = private_folder() / "watchdog"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        guard = Guard(folder)
    except TimeoutError as error:
        raise StorageError(str(error)) from None

    def follow(message: Message) -> None:
        if isinstance(message, RunEnded):
            guard.forget(str(channel))

    try:
        guard.watch(str(channel), channel.driver, channel.identity.address)
        yield follow
    finally:
        guard.close()
