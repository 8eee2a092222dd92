"""Inference: one compiled model, fed with frames, several of them in flight."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnap.detections import Detection, place
from cnap.models import network
from cnap.models.family import ModelError, Size

if TYPE_CHECKING:
    import openvino as ov

    from cnap.models.catalog import Model
    from cnap.models.fetch import Progress


@dataclass(frozen=True, slots=True)
class InferenceFailure:
    """Why one frame has no detections."""

    reason: str


class Engine:
    """One compiled model. Not for several threads at once: its input buffers are its own.

    `threads` is the number of CPUs to use (all that this process may use, by default) and
    `threshold` the least score of a detection (CNAP_THRESHOLD, else 0.3). Compiled code is kept
    in `cache_dir`, so that a model is compiled once on a machine and then only loaded.

    Raises:
        ModelError: the model can't be had, is not a model, or not one of its family.
    """

    def __init__(
        self,
        model: Model,
        cache_dir: Path,
        threads: int | None = None,
        threshold: float | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.model = model
        self.threshold = default_threshold() if threshold is None else threshold
        compiled, outputs = network.compiled(
            model, model.fetch(progress), cache_dir, options(threads or available_cpus())
        )
        in_flight = compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        self._slots = [
            Slot(compiled.create_infer_request(), outputs, self) for _ in range(in_flight)
        ]

    @property
    def input_size(self) -> Size:
        return self.model.input.size

    @property
    def fit(self) -> str:
        return self.model.input.fit

    def detect(
        self, frames: Iterable[np.ndarray | bytes]
    ) -> list[list[Detection] | InferenceFailure]:
        """The detections in each frame, in order; a frame that fails has its reason instead.

        A frame shows the whole displayed picture: NV12 as (height * 3 // 2, width) uint8 in
        limited-range BT.601, or a JPEG file. A frame of the size that `model.frame_size` gives
        is only copied; another size is scaled here.
        """
        results = []
        started = 0
        for frame in frames:
            slot = self._slots[started % len(self._slots)]
            if started >= len(self._slots):
                results.append(slot.finish())
            slot.start(frame)
            started += 1
        while len(results) < started:
            results.append(self._slots[len(results) % len(self._slots)].finish())
        return results


class Slot:
    """One frame in flight: an inference request, and its input tensor as the canvas."""

    def __init__(self, request: ov.InferRequest, outputs: list[str], engine: Engine) -> None:
        self.request = request
        self.model = engine.model
        self.threshold = engine.threshold
        self.outputs = outputs
        self.canvas = request.get_input_tensor(0).data[0, :, :, 0]
        self.content: Size = (0, 0)  # what of the canvas shows the picture
        self.failure: InferenceFailure | None = None

    def start(self, frame: np.ndarray | bytes) -> None:
        self.failure = None
        try:
            self.draw(from_jpeg(frame) if isinstance(frame, bytes) else frame)
            self.request.start_async()
        except (ValueError, RuntimeError) as error:
            self.failure = InferenceFailure(first_line(error))

    def draw(self, frame: np.ndarray) -> None:
        """Copy an NV12 frame to the canvas's top left; the padding around it is drawn once."""
        height, width = check(frame)
        content = self.model.frame_size(width, height)
        if content != (width, height):
            frame = scaled(frame, content)
        rows = len(self.canvas) * 2 // 3
        if content != self.content:
            self.canvas[:rows] = round(16 + self.model.input.pad * 219 / 255)
            self.canvas[rows:] = 128
            self.content = content
        across, down = content
        self.canvas[:down, :across] = frame[:down]
        self.canvas[rows : rows + down // 2, :across] = frame[down:]

    def finish(self) -> list[Detection] | InferenceFailure:
        if self.failure:
            return self.failure
        try:
            self.request.wait()
            outputs = {
                name: self.request.get_output_tensor(index).data
                for index, name in enumerate(self.outputs)
            }
            found = self.model.family.decode(outputs, self.model.input.size, self.threshold)
            return place(found, self.content, self.model.labels)
        except (ValueError, RuntimeError, IndexError) as error:
            return InferenceFailure(first_line(error))


def check(frame: np.ndarray) -> tuple[int, int]:
    """The height and width of an NV12 frame; ValueError where it can't be one."""
    rows, width = frame.shape if frame.ndim == 2 else (0, 0)
    if frame.dtype != np.uint8 or rows < 3 or rows % 3 or width < 2 or width % 2:
        raise ValueError(f"not an NV12 frame: {frame.dtype} {frame.shape}")
    return rows * 2 // 3, width


def scaled(frame: np.ndarray, size: Size) -> np.ndarray:
    """An NV12 frame at another even size; for streams that models of several sizes share."""
    import cv2  # late: transcode scales nearly every frame already

    rows = len(frame) * 2 // 3
    across, down = size
    luma = cv2.resize(frame[:rows], size, interpolation=cv2.INTER_LINEAR)
    chroma = frame[rows:].reshape(rows // 2, -1, 2)
    chroma = cv2.resize(chroma, (across // 2, down // 2), interpolation=cv2.INTER_LINEAR)
    return np.concatenate([luma, chroma.reshape(down // 2, across)])


def from_jpeg(data: bytes) -> np.ndarray:
    """A JPEG file's picture as NV12, its last odd row or column left out."""
    import cv2

    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None or min(picture.shape[:2]) < 2:
        raise ValueError("not a JPEG picture")
    height, width = (length & ~1 for length in picture.shape[:2])
    planar = cv2.cvtColor(picture[:height, :width], cv2.COLOR_BGR2YUV_I420)
    chroma = planar[height:].reshape(2, -1)  # all of U, then all of V
    return np.concatenate([planar[:height], chroma.T.reshape(height // 2, width)])


def options(threads: int) -> dict[str, str | int]:
    return {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_NUM_THREADS": threads}


def available_cpus() -> int:
    """CPUs that this process may use: a container's quota counts, not the machine's cores.

    OpenVINO looks at the cores only, and on a large node starts far more threads than a pod's
    CPU limit lets run.
    """
    cores = len(os.sched_getaffinity(0))
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(cores, round(int(quota) / int(period))))
    except (OSError, ValueError):  # no cgroup v2, or "max": no quota
        return cores


def default_threshold() -> float:
    given = os.environ.get("CNAP_THRESHOLD", "0.3")
    try:
        threshold = float(given)
    except ValueError:
        threshold = -1.0
    if not 0 < threshold < 1:
        raise ModelError(f"CNAP_THRESHOLD must be between 0 and 1, not {given!r}")
    return threshold


def first_line(error: Exception) -> str:
    return f"inference failed: {str(error).strip().splitlines()[0][:200]}"
