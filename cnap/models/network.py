"""A model's file made ready to run: read, checked against its family, given an NV12 input."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from cnap.models.family import Input, ModelError, Size

if TYPE_CHECKING:
    import openvino as ov

    from cnap.models.catalog import Model


def compiled(
    model: Model, path: Path, cache_dir: Path, options: dict[str, str | int]
) -> tuple[ov.CompiledModel, list[str]]:
    """The model, taking 1 x (height * 3 // 2) x width x 1 bytes of NV12, and its outputs' names.

    What compilation makes is kept in `cache_dir` (tens of MB a model and kind of CPU).

    Raises:
        ModelError: the file is not a model, or not one of its family at this size.
    """
    network = read(path)
    model.family.prepare(network, model.input.size)
    resize(network, path, model.input.size)
    shapes = {
        output.any_name: tuple(-1 if d.is_dynamic else d.get_length() for d in output.partial_shape)
        for output in network.outputs
    }
    if not model.family.matches(shapes, model.input.size, len(model.labels)):
        raise ModelError(
            f"{path}: not of the family {model.family.name} with {len(model.labels)} labels at "
            f"{model.input.size[0]}x{model.input.size[1]}: that has {model.family.expects}, and "
            f"this file has {', '.join(map(str, shapes.values()))}"
        )
    cache_dir.mkdir(parents=True, exist_ok=True)
    core = openvino().Core()
    core.set_property({"CACHE_DIR": str(cache_dir), "CACHE_MODE": "OPTIMIZE_SPEED"})
    # A compiled model's outputs have other names besides, and the cache keeps some of them.
    return core.compile_model(with_nv12_input(network, model.input), "CPU", options), list(shapes)


def read(path: Path) -> ov.Model:
    if not path.is_file():
        raise ModelError(f"{path}: no such model file")
    try:
        return openvino().Core().read_model(path)
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
    try:
        network.reshape({picture: shape})
    except RuntimeError:
        raise ModelError(
            f"{path}: takes {picture.partial_shape} and can't be made to take {shape}"
        ) from None


def with_nv12_input(network: ov.Model, layout: Input) -> ov.Model:
    """Put colour conversion and scaling of values into the graph, where they are vectorised."""
    from openvino.preprocess import ColorFormat, PrePostProcessor

    steps = PrePostProcessor(network)
    picture = steps.input(0)
    ov = openvino()
    picture.tensor().set_element_type(ov.Type.u8).set_color_format(ColorFormat.NV12_SINGLE_PLANE)
    colour = ColorFormat.BGR if layout.colour == "BGR" else ColorFormat.RGB
    picture.preprocess().convert_color(colour).convert_element_type(ov.Type.f32)
    if layout.mean:
        picture.preprocess().mean(layout.mean)
    if layout.scale != 1:
        picture.preprocess().scale(layout.scale)
    picture.model().set_layout(ov.Layout("NCHW"))
    return steps.build()


def openvino() -> ModuleType:
    """OpenVINO without its model converter, which is a fifth of the import and sends telemetry."""
    converter = "openvino.tools.ovc"
    if "openvino" not in sys.modules and converter not in sys.modules:
        sys.modules[converter] = None  # type: ignore[assignment]
        try:
            import openvino
        finally:
            del sys.modules[converter]
    import openvino

    return openvino
