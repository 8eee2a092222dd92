"""Inference: one model, fed with frames, several of them in flight."""

from __future__ import annotations

import os
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnap.detections import Detection, place
from cnap.models import network
from cnap.models.canvas import Canvas, from_jpeg, size
from cnap.models.family import ModelError, Size

if TYPE_CHECKING:
    import openvino as ov

    from cnap.models.fetch import Progress
    from cnap.models.model import Model

MOST_SHAPES = 4  # compiled networks kept in memory, of up to 40 MB each


@dataclass(frozen=True, slots=True)
class InferenceFailure:
    """Why one frame has no detections."""

    reason: str


class Engine:
    """One model, ready to run. For one thread at a time: its input buffers are its own.

    `cache_dir` keeps compiled code, so that a model is compiled once on a machine and then only
    loaded. `threads` is the number of CPUs to use (all that this process may, by default) and
    `threshold` the least score of a detection (CNAP_THRESHOLD, else the model's own).

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
        self.threshold = threshold or threshold_wanted() or model.threshold
        self._files = model.fetch(progress)
        self._cache = cache_dir / "compiled"
        self._options = {
            # On two cores THROUGHPUT costs a tenth less CPU a frame than LATENCY. Threads stay
            # free: pinned ones of two processes would share one core and leave another idle.
            "PERFORMANCE_HINT": "THROUGHPUT",
            "ENABLE_CPU_PINNING": False,
            "INFERENCE_NUM_THREADS": threads or available_cpus(),
        }
        self._rings: OrderedDict[Size, deque[Lane]] = OrderedDict()
        # Most cameras are 16:9, so what they need is ready before the first frame.
        self._next_lane(model.input.canvas(model.frame_size(16, 9)))

    def detect(
        self, frames: Iterable[np.ndarray | bytes]
    ) -> list[list[Detection] | InferenceFailure]:
        """The detections in each frame, in order; a frame that fails has its reason instead.

        A frame shows the whole displayed picture: NV12 as (height * 3 // 2, width) uint8 in
        BT.601 limited range, or a JPEG file. A frame of the size that `model.frame_size` gives
        is only copied; another size is scaled here.
        """
        results: list[list[Detection] | InferenceFailure] = []
        flying: deque[Lane | Failed] = deque()
        for frame in frames:
            try:
                picture = from_jpeg(frame) if isinstance(frame, bytes) else frame
                content = self.model.frame_size(*size(picture))
                lane = self._next_lane(self.model.input.canvas(content))
                while lane in flying:
                    results.append(flying.popleft().finish())
                lane.start(picture, content)
                flying.append(lane)
            except (ValueError, RuntimeError) as error:
                flying.append(Failed(error))
        results.extend(lane.finish() for lane in flying)
        return results

    def _next_lane(self, canvas: Size) -> Lane:
        """The lane that has been in use longest, of the network for this shape of canvas."""
        if canvas not in self._rings:
            compiled = network.load(self.model, self._files, canvas, self._cache, self._options)
            # One more than run at once, so that none waits while a frame is drawn or decoded.
            lanes = compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS") + 1
            requests = [compiled.create_infer_request() for _ in range(lanes)]
            self._rings[canvas] = deque(Lane(request, self, canvas) for request in requests)
            if len(self._rings) > MOST_SHAPES:
                self._rings.popitem(last=False)
        self._rings.move_to_end(canvas)
        ring = self._rings[canvas]
        ring.rotate(-1)
        return ring[-1]


class Lane:
    """An inference request for one frame at a time, whose input tensor is the canvas."""

    def __init__(self, request: ov.InferRequest, engine: Engine, size: Size) -> None:
        self.request = request
        self.model = engine.model
        self.threshold = engine.threshold
        self.size = size
        self.canvas = Canvas(request.get_input_tensor(0).data[0, :, :, 0], self.model.input.pad)

    def start(self, picture: np.ndarray, content: Size) -> None:
        self.canvas.draw(picture, content)
        self.request.start_async()

    def finish(self) -> list[Detection] | InferenceFailure:
        try:
            self.request.wait()
            found = self.model.family.decode(self.outputs(), self.size, self.threshold)
            return place(found, self.canvas.content, self.model.labels)
        except (ValueError, LookupError, RuntimeError) as error:
            return Failed(error).finish()

    def outputs(self) -> dict[str, np.ndarray]:
        """Each output under all its names: compilation adds some and the cache drops others."""
        return {
            name: tensor.data
            for port, tensor in zip(
                self.request.model_outputs, self.request.output_tensors, strict=True
            )
            for name in port.names
        }


class Failed:
    """Holds a frame's place in the order when it could not even be started."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def finish(self) -> InferenceFailure:
        # The rest of what OpenVINO says is about its own source files.
        lines = str(self.error).strip().splitlines() or [type(self.error).__name__]
        return InferenceFailure(f"inference failed: {lines[0][:200]}")


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


def threshold_wanted() -> float | None:
    given = os.environ.get("CNAP_THRESHOLD")
    if not given:
        return None
    try:
        threshold = float(given)
    except ValueError:
        threshold = 0.0
    if not 0 < threshold < 1:
        raise ModelError(f"CNAP_THRESHOLD must be a number between 0 and 1, not {given!r}")
    return threshold
