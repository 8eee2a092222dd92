"""A model's file made ready to run: read, checked against its family, given an NV12 input."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from cnap.models.family import Input, ModelError, Size

if TYPE_CHECKING:
    import openvino as ov

    from cnap.models.model import Model

Options = Mapping[str, str | int | bool]


def load(
    model: Model, files: Sequence[Path], size: Size, cache: Path, options: Options
) -> ov.CompiledModel:
    """The model compiled for an input of `size`, taking 1 x (height * 3 // 2) x width x 1 of NV12.

    What compilation makes is kept in `cache`. That is OpenVINO's own kind of cache, but entered
    before the model is read and preprocessed: a cold start is 0.2 s shorter.

    Raises:
        ModelError: the file is not a model, or not one of its family at this size.
    """
    core = openvino().Core()
    place = cache / f"{model.name}-{size[0]}x{size[1]}-{key(core, model, files, options)}.blob"
    try:
        return core.import_model(place.read_bytes(), "CPU", dict(options))
    except (OSError, RuntimeError):  # not there, or not whole
        pass
    network = prepared(model, files, size)
    compiled = core.compile_model(with_nv12_input(network, model.input), "CPU", dict(options))
    keep(compiled, place)
    return compiled


def prepared(model: Model, files: Sequence[Path], size: Size) -> ov.Model:
    """The network of the model's files at this input size, checked against its family."""
    network, path = read(*files), files[0]
    model.family.prepare(network, size)
    resize(network, path, size)
    shapes = {
        output.any_name: tuple(-1 if d.is_dynamic else d.get_length() for d in output.partial_shape)
        for output in network.outputs
    }
    if not model.family.matches(shapes, size, len(model.labels)):
        raise ModelError(
            f"{path}: not of the family {model.family.name} with {len(model.labels)} labels at "
            f"{size[0]}x{size[1]}: that has {model.family.expects}, and this file has "
            f"{', '.join(map(str, shapes.values()))}"
        )
    return network


def key(core: ov.Core, model: Model, files: Sequence[Path], options: Options) -> str:
    """What compiled code depends on; file contents count by time and size, as with make."""
    try:
        stats = [(path.resolve(), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    except OSError as error:
        raise ModelError(f"{error.filename}: {error.strerror}") from None
    cpu = core.get_property("CPU", "FULL_DEVICE_NAME")
    able = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    facts = stats, cpu, able, openvino().get_version(), model.family.name, model.input, options
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def keep(compiled: ov.CompiledModel, place: Path) -> None:
    """Keep compiled code, whole or not at all; a cache that can't be written only costs time."""
    part = place.with_suffix(f".{os.getpid()}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(compiled.export_model().getbuffer())
        part.replace(place)
    except OSError:
        with suppress(OSError):
            part.unlink()


def read(path: Path, weights: Path | None = None) -> ov.Model:
    """The network in an ONNX file, or an .xml with its weights (by default the .bin beside it)."""
    try:
        core = openvino().Core()
        return core.read_model(path, weights) if weights else core.read_model(path)
    except RuntimeError:  # OpenVINO's own text is a page about its source files
        raise ModelError(
            f"{path}: not a model that OpenVINO can read (ONNX, or .xml with its .bin beside it)"
        ) from None


def input_size(path: Path) -> Size | None:
    """The width and height that a model file asks for; None where it leaves that open."""
    shape = image_input(read(path), path).partial_shape
    if shape[2].is_dynamic or shape[3].is_dynamic:
        return None
    return shape[3].get_length(), shape[2].get_length()


def image_input(network: ov.Model, path: Path) -> ov.Output:
    for candidate in network.inputs:
        if candidate.partial_shape.rank.is_static and len(candidate.partial_shape) == 4:
            return candidate
    raise ModelError(f"{path}: has no input for a picture (1 x 3 x height x width)")


def resize(network: ov.Model, path: Path, size: Size) -> None:
    """Give the network's one input its static shape."""
    picture = image_input(network, path)
    if len(network.inputs) > 1:
        raise ModelError(f"{path}: has {len(network.inputs)} inputs where a picture is expected")
    shape = [1, 3, size[1], size[0]]
    if picture.partial_shape.is_static and list(picture.shape) == shape:
        return
    asked = picture.partial_shape
    try:
        network.reshape({picture: shape})
    except RuntimeError:
        raise ModelError(f"{path}: takes {asked} and can't be made to take {shape}") from None


def with_nv12_input(network: ov.Model, layout: Input) -> ov.Model:
    """Put colour conversion and scaling of values into the graph, where they are vectorised."""
    from openvino.preprocess import ColorFormat, PrePostProcessor

    ov = openvino()
    steps = PrePostProcessor(network)
    picture = steps.input(0)
    picture.tensor().set_element_type(ov.Type.u8).set_color_format(ColorFormat.NV12_SINGLE_PLANE)
    colour = ColorFormat.BGR if layout.colour == "BGR" else ColorFormat.RGB
    picture.preprocess().convert_element_type(ov.Type.f32).convert_color(colour)
    if layout.mean:
        picture.preprocess().mean(layout.mean)
    if layout.scale != 1:
        picture.preprocess().scale(layout.scale)
    picture.model().set_layout(ov.Layout("NCHW"))
    return steps.build()


def openvino() -> ModuleType:
    """OpenVINO without its model converter, which is a third of the import and sends telemetry."""
    converter = "openvino.tools.ovc"
    if "openvino" not in sys.modules and converter not in sys.modules:
        sys.modules[converter] = None  # type: ignore[assignment]
        try:
            import openvino
        finally:
            del sys.modules[converter]
    import openvino

    return openvino
