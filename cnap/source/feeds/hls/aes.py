"""AES-128-CBC, as HLS encrypts whole segments (RFC 8216, 5.2), undone by FFmpeg."""

import os

import av

from cnap.source.feeds.feed import CameraFailed

BLOCK = 16
CHUNK = "65536"


def decrypted(data: bytes, key: bytes, iv: bytes) -> bytes:
    """Raises CameraFailed where the key doesn't fit."""
    if len(key) != BLOCK:
        raise CameraFailed(f"the key has {len(key)} bytes, not {BLOCK}")
    # FFmpeg's `crypto` reads a file: one in memory, without a name.
    file = os.memfd_create("segment")
    try:
        with open(file, "wb", closefd=False) as writing:
            writing.write(data)
        options = {
            "decryption_key": key.hex(),
            "decryption_iv": iv.hex(),
            "raw_packet_size": CHUNK,
        }
        with av.open(f"crypto:/proc/self/fd/{file}", format="data", options=options) as plain:
            return b"".join(bytes(packet) for packet in plain.demux(plain.streams[0]))
    except (av.FFmpegError, ValueError):
        raise CameraFailed("a segment can't be decrypted by its key") from None
    finally:
        os.close(file)
