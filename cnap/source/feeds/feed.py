"""What is open of a camera: its packets, and what went wrong where there are none."""

from collections.abc import Iterator
from typing import Protocol

import av

from cnap.errors import CnapError


class CameraFailed(CnapError):
    """The camera can't be read: which, and why, for people. It is tried again."""

    state = "offline"
    """What the stream is while nothing else is known."""


class Misconfigured(CameraFailed):
    """Only a person can mend it, in cameras.yaml or at the camera; it is tried again all the same,
    since that person may be at the camera."""

    state = "misconfigured"


class Feed(Protocol):
    """A camera, opened. All of it blocks, and is called from one thread, but `close`, which any
    thread may call.

    One that is live may also have `late`, seconds from a frame's capture to when its packet is
    given, as far as that is known; and `placed`, where `zero` is not to be doubted and packets come
    when they like. One that waits for whoever sends its video has `waits`, why there is none, and
    is closed when it is to end; `apart`, how many seconds come at once; `whole`, whether nothing to
    come refers to what came; and `waits_for_us`, whether nothing is lost where it is read late.
    """

    stream: av.VideoStream
    """Of the packets to come. A packet whose own `stream` is another one begins with that: films of
    a folder, and cameras that change their picture, go on with other parameters."""
    live: bool
    """Whether packets come when their frames were captured; else they are to be paced."""

    @property
    def framerate(self) -> float:
        """Frames a second, 0 where it is not said."""

    @property
    def zero(self) -> float | None:
        """By the camera's own clock, unix seconds of time 0 of the packets' timeline, as known with
        the newest packet; None where it tells no time."""

    def packets(self) -> Iterator[av.Packet]:
        """Packets in decode order, with both times, on one timeline. Raises CameraFailed."""

    def close(self) -> None: ...
