"""Frames through OpenVINO, several at a time, each by a request of its own."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import openvino as ov

from cnap.detections import Detection, place
from cnap.inference import available_cpus
from cnap.models import Model, cache_dir, network
from cnap.models.canvas import Canvas
from cnap.models.family import Size

HINTS = ("THROUGHPUT", "LATENCY")


@dataclass(frozen=True)
class Settings:
    """What can be tuned. `requests`: 0 for two more than OpenVINO computes at once."""

    decoders: int = 1
    hint: str = "THROUGHPUT"
    requests: int = 0
    threads: int = field(default_factory=available_cpus)


class Request:
    """One frame at a time; its input tensor is the canvas that the frame is drawn on."""

    def __init__(self, model: Model, content: Size, compiled: ov.CompiledModel) -> None:
        self._model, self._content = model, content
        self._request = compiled.create_infer_request()
        pixels = self._request.get_input_tensor(0).data[0, :, :, 0]
        self._canvas = Canvas(pixels, model.input.pad)

    def start(self, picture: np.ndarray) -> None:
        """The picture is NV12."""
        self._canvas.draw(picture, self._content)
        self._request.start_async()

    def finish(self) -> list[Detection]:
        self._request.wait()
        ports = zip(self._request.model_outputs, self._request.output_tensors, strict=True)
        outputs = {name: tensor.data for port, tensor in ports for name in port.names}
        model = self._model
        found = model.family.decode(outputs, model.input.canvas(self._content), model.threshold)
        return place(found, self._content, model.labels)


class Requests:
    """A model for pictures of `content`, which is their size in its input. Raises ModelError."""

    def __init__(self, model: Model, content: Size, settings: Settings) -> None:
        options = {
            "PERFORMANCE_HINT": settings.hint,
            "INFERENCE_NUM_THREADS": settings.threads,
            "ENABLE_CPU_PINNING": False,
        }
        canvas = model.input.canvas(content)
        place = cache_dir() / "compiled"
        compiled = network.load(model, model.fetch(), canvas, place, options)
        count = settings.requests or compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS") + 2
        self._all = [Request(model, content, compiled) for _ in range(count)]

    def detect(self, pictures: Iterable[np.ndarray]) -> Iterator[list[Detection]]:
        """The detections in each, in their order. While the next picture is made, all requests but
        one are computed or wait for it: with one request, a picture is done before the next."""
        flying: deque[Request] = deque()
        for number, picture in enumerate(pictures):
            request = self._all[number % len(self._all)]
            request.start(picture)
            flying.append(request)
            if len(flying) == len(self._all):
                yield flying.popleft().finish()
        while flying:
            yield flying.popleft().finish()
