"""What a camera says of its streams (RFC 4566)."""

from base64 import b64encode

from tests.cameras.clips import Clip, claiming, unit_type
from tests.cameras.faults import Faults
from tests.cameras.rtp import AUDIO_TYPE, CLOCK, PAYLOAD_TYPE

SPS = 7


def described(clip: Clip, faults: Faults, audio: bool) -> bytes:
    name = {"h264": "H264", "hevc": "H265"}[clip.codec]
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=fake camera, Süd",  # which cheap ones send as they like
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        f"a=rtpmap:{PAYLOAD_TYPE} {name}/{CLOCK}",
        f"a=fmtp:{PAYLOAD_TYPE} {_format(clip, faults)}",
        "a=control:video",
    ]
    if audio:
        lines += [
            f"m=audio 0 RTP/AVP {AUDIO_TYPE}",
            f"a=rtpmap:{AUDIO_TYPE} PCMU/8000",
            "a=control:audio",
        ]
    lines += ["a=x:" + "y" * 1000] * (faults.sdp_padding // 1004)
    return ("\r\n".join(lines) + "\r\n").encode("latin1")


def _format(clip: Clip, faults: Faults) -> str:
    units = clip.parameters
    if faults.claims:
        sps = claiming(*faults.claims)
        units = tuple(sps if unit_type(unit, "h264") == SPS else unit for unit in units)
    if clip.codec == "h264":
        sets = ",".join(b64encode(unit).decode() for unit in units)
        return "packetization-mode=1" + (f";sprop-parameter-sets={sets}" if faults.sprop else "")
    if not faults.sprop:
        return "tx-mode=SRST"
    names = {32: "sprop-vps", 33: "sprop-sps", 34: "sprop-pps"}
    return ";".join(f"{names[unit_type(one, 'hevc')]}={b64encode(one).decode()}" for one in units)
