"""How a stream that is read does, by what its reader last did and what is lost on the way."""

import time

from cnap.source.condition import Finding
from cnap.source.losses import HELD
from cnap.source.reader import Reader
from cnap.source.sending.posting import Posting
from cnap.source.sending.storing import Storing

NO_FRAME, NO_KEY_FRAME = 3.0, 12.0
"""Seconds without one, after which a stream is stalled; more for cameras that send few frames."""

NEARLY = 0.95
"""The share of the frames that are wanted, from which on it is all of them to people."""


def judged(reader: Reader, framerate: float, problem: str, lost: str, idle: str) -> Finding:
    """`framerate` is what is known of the camera, `problem` what is wrong with it although its
    video can be had, `lost` what is lost, in words, and `idle` what to say if all is well."""
    now = time.monotonic()
    if reader.over:
        return Finding("ended", "the file is at its end")
    if reader.first is None:
        return reader.failure or _opening(reader, now)
    longest = longest_gap(reader, framerate)
    if now - max(reader.came, reader.rests) > longest:
        waits = reader.waits or f"no frame for more than {longest:.0f} s"
        return Finding("stalled", waits)
    if now - max(reader.passed, reader.rests) > max(NO_KEY_FRAME, longest):
        return Finding("stalled", f"no key frame for {NO_KEY_FRAME:.0f} s")
    if not reader.framed:
        return reader.failure or Finding("connecting", "waiting for a key frame")
    if problem:
        return Finding("misconfigured", problem)
    return Finding("degraded", lost) if lost else Finding("live", idle)


def longest_gap(reader: Reader, framerate: float) -> float:
    """Seconds that are usual between two frames, three times."""
    rate = reader.framerate or framerate
    return max(NO_FRAME, 3 / rate if rate else 0.0, 2 * reader.apart + 1)


def _opening(reader: Reader, now: float) -> Finding:
    if reader.opened is None:
        return Finding("connecting")
    if reader.waits:
        return Finding("connecting", reader.waits)
    if now - reader.opened > NO_FRAME:
        return Finding("stalled", f"connected, but no frame for more than {NO_FRAME:.0f} s")
    return Finding("connecting", "no frame yet")


def lost(storing: Storing, posting: Posting, trouble: str) -> str:
    """What is lost between camera and pipeline, in words; `trouble` is the Broker's."""
    pace = posting.pace
    words = [storing.trouble]
    leaves_out = time.monotonic() - posting.left_out < HELD
    if trouble and (posting.blocked or leaves_out):
        words.append(trouble)
    elif pace.rate < NEARLY * pace.full or leaves_out:
        facts = []
        if pace.rate < NEARLY * pace.full:
            facts.append(f"{pace.rate:.2g} of {pace.full:.3g} frames/s")
        if leaves_out:
            facts.append("segments are left out")
        wanted = "what it is asked for" if posting.sampled else "the camera"
        words.append(f"the pipeline is slower than {wanted}: {', and '.join(facts)}")
    return "; ".join(filter(None, words))
