"""COCO accuracy (mAP) of a model as its authors run it, in our engine, and in the whole functions.

    CNAP_ASSETS=DIR python bench/accuracy.py [--model yolox-nano …] [--via direct engine functions]

`direct` is an independent run of the same file, written here after its authors' own demo: OpenCV,
BGR floats, OpenVINO in f32, nothing of the library. `engine` scales as transcode does and asks the
Engine; `functions` sends each picture as an event through transcode and infer. Scores are over the
labelled pictures in DIR/coco-mini, of objects scored 0.005 and more, at most 100 a picture.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

ROOT = Path(__file__).resolve().parent.parent
THRESHOLD = 0.005

Found = Iterable[tuple[str, float, list[float]]]  # label, score, corners in fractions
Run = Callable[[Path], Found]
Raw = tuple[np.ndarray, np.ndarray]  # (n, 4) corners in the picture's pixels, (n, classes) scores


def direct(name: str) -> Run:
    import openvino as ov

    from cnap.models import model

    entry = model(name)
    read, overlap = {
        "yolox": (yolox, 0.65),
        "fastestdet": (fastestdet, 0.45),
        "yolov3": (yolov3, 0.5),
    }[entry.family.name]
    network = ov.Core().read_model(entry.fetch()[0])
    if entry.family.name == "yolov3":
        network.reshape({"input_1": [1, 3, 416, 416], "image_shape": [1, 2]})
    compiled = ov.compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def run(path: Path) -> Found:
        picture = cv2.imread(str(path))
        height, width = picture.shape[:2]
        boxes, scores = read(compiled, picture)
        for kind, label in enumerate(entry.labels):
            sides = np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]])
            for i in cv2.dnn.NMSBoxes(sides.tolist(), scores[:, kind].tolist(), THRESHOLD, overlap):
                yield label, float(scores[i, kind]), (boxes[i] / ([width, height] * 2)).tolist()

    return run


def yolox(compiled: Callable, picture: np.ndarray) -> Raw:
    """Megvii-BaseDetection/YOLOX, demo/ONNXRuntime and yolox/utils/demo_utils.py."""
    ratio = min(416 / picture.shape[0], 416 / picture.shape[1])
    small = cv2.resize(picture, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_LINEAR)
    padded = np.full((416, 416, 3), 114, np.float32)
    padded[: small.shape[0], : small.shape[1]] = small
    output = compiled(padded.transpose(2, 0, 1)[None])[0][0]
    start = 0
    for stride in (8, 16, 32):
        across = 416 // stride
        for cell in range(across * across):
            row = output[start + cell]
            row[:2] = (row[:2] + np.array([cell % across, cell // across])) * stride
            row[2:4] = np.exp(row[2:4]) * stride
        start += across * across
    centre, side = output[:, :2], output[:, 2:4]
    corners = np.hstack([centre - side / 2, centre + side / 2]) / ratio
    return corners, output[:, 4:5] * output[:, 5:]


def fastestdet(compiled: Callable, picture: np.ndarray) -> Raw:
    """dog-qiuqiu/FastestDet, example/onnx-runtime."""
    small = cv2.resize(picture, (352, 352), interpolation=cv2.INTER_LINEAR).astype(np.float32) / 255
    output = compiled(small.transpose(2, 0, 1)[None])[0][0]
    boxes, scores = [], []
    for row in range(22):
        for column in range(22):
            there, x, y, width, height, *classes = output[:, row, column].astype(float)
            centre = np.array([np.tanh(x) + column, np.tanh(y) + row]) / 22
            half = 1 / (1 + np.exp([-width, -height])) / 2
            boxes.append([*(centre - half), *(centre + half)])
            best = np.array(classes) == max(classes)
            scores.append(best * there**0.6 * max(classes) ** 0.4)
    return np.array(boxes) * (picture.shape[1::-1] * 2), np.array(scores)


def yolov3(compiled: Callable, picture: np.ndarray) -> Raw:
    """onnx/models, tiny-yolov3/README.md, without the suppression that the file ends with."""
    height, width = picture.shape[:2]
    ratio = min(416 / height, 416 / width)
    size = int(width * ratio), int(height * ratio)
    left, top = (416 - size[0]) // 2, (416 - size[1]) // 2
    padded = np.full((416, 416, 3), 128, np.uint8)
    padded[top : top + size[1], left : left + size[0]] = cv2.resize(
        picture, size, interpolation=cv2.INTER_CUBIC
    )
    blob = padded[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255
    outputs = compiled({"input_1": blob, "image_shape": np.array([[height, width]], np.float32)})
    boxes, scores = outputs["yolonms_layer_1"][0], outputs["yolonms_layer_1:1"][0]
    return boxes[:, [1, 0, 3, 2]], scores.T


def engine(name: str) -> Run:
    from cnap.inference import Engine, InferenceFailure
    from cnap.models import cache_dir, model
    from cnap.pictures import Scaler, displayed_size
    from cnap.stills import still

    entry = model(name)
    ready, scaler = Engine(entry, cache_dir(), threshold=THRESHOLD), Scaler()

    def run(path: Path) -> Found:
        frame = still(memoryview(path.read_bytes()))
        size = entry.frame_size(*displayed_size(frame, None))
        (found,) = ready.detect([scaler.nv12(frame, size)])
        if isinstance(found, InferenceFailure):
            raise SystemExit(f"{path}: {found.reason}")
        return ((d.label, d.score, list(d.box)) for d in found)

    return run


def functions(name: str) -> Run:
    """As in the cluster: main(context) of both functions, with their store between them."""
    from cnap.events.identity import SegmentId
    from cnap.events.segment import SegmentEvent
    from cnap.stores import open_store

    folder = tempfile.TemporaryDirectory(prefix="accuracy-")
    os.environ |= {
        "CNAP_STORE": f"file://{folder.name}",
        "CNAP_MODEL": name,
        "CNAP_THRESHOLD": str(THRESHOLD),
    }
    store, transcode, infer = open_store(), load("transcode"), load("infer")

    def run(path: Path, _store: object = folder) -> Found:  # which goes when this goes
        place = SegmentId("coco", 1_700_000_000_000, int(path.stem))
        facts = {"framecount": 1, "gopstart": place.sequence, "models": (name,)}
        key = f"segments/coco/{path.name}"
        store.put(key, path.read_bytes())
        segment = SegmentEvent(
            place, datetime.now(UTC), "image/jpeg", store.uri(key), capturedframes=1, **facts
        )
        frames = answer(transcode, segment.to_event())
        result = json.loads(answer(infer, frames).get_data())
        store.delete(key)
        store.delete(store.key(frames["dataref"]))
        (frame,) = result["frames"]
        return ((d["label"], d["score"], d["box"]) for d in frame["detections"])

    return run


def load(name: str) -> Callable:
    place = ROOT / "functions" / name / "func.py"
    spec = importlib.util.spec_from_file_location(f"bench_{name}_{os.environ['CNAP_MODEL']}", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def answer(main: Callable, event: object) -> object:
    reply = main(SimpleNamespace(cloud_event=event, request=None))
    if isinstance(reply, tuple):
        raise SystemExit(f"{event['type']} {event['id']}: {reply[1]} {reply[0]}")
    return reply


def accuracy(truth: COCO, pictures: Path, run: Run) -> tuple[float, float]:
    """mAP50-95 and mAP50, in percent."""
    kinds = {kind["name"]: kind["id"] for kind in truth.dataset["categories"]}
    found = []
    for image in truth.dataset["images"]:
        scale = [image["width"], image["height"]] * 2
        for label, score, box in run(pictures / image["file_name"]):
            left, top, right, bottom = (part * side for part, side in zip(box, scale, strict=True))
            found.append(
                {
                    "image_id": image["id"],
                    "category_id": kinds[label],
                    "score": score,
                    "bbox": [left, top, right - left, bottom - top],
                }
            )
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(truth, truth.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats[0] * 100, evaluation.stats[1] * 100


def main() -> None:
    ways = {"direct": direct, "engine": engine, "functions": functions}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", nargs="+", default=["yolox-nano", "fastestdet", "yolov3-tiny"])
    parser.add_argument("--via", nargs="+", choices=ways, default=list(ways))
    wanted = parser.parse_args()
    folder = Path(os.environ.get("CNAP_ASSETS", ROOT.parent / "shared/data"), "coco-mini")
    if not folder.is_dir():
        raise SystemExit("set CNAP_ASSETS to a folder that has coco-mini/")
    os.environ.setdefault("CNAP_ASSETS", str(folder.parent))
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(folder / "instances.json"))
    for name in wanted.model:
        for way in wanted.via:
            score, loose = accuracy(truth, folder / "images", ways[way](name))
            print(f"{name:16} {way:10} mAP50-95 {score:5.2f}  mAP50 {loose:5.2f}", flush=True)


if __name__ == "__main__":
    main()
