"""What the pipeline's engine finds in a film, for the programs beside it to find too."""

from itertools import islice

import pytest

from cnap.bench.baselines.film import Film
from cnap.inference import Engine
from cnap.models import ModelError, model
from cnap.pictures import Scaler

FRAMES = 21
"""Of the film with spots: one has none, the next one, the next two, and so on."""


def pictures(path, size, frames):
    """The first ones, as NV12."""
    scaler = Scaler()
    with Film(path) as film:
        return [scaler.nv12(frame, size) for frame in islice(film.frames(), frames)]


def found(model, cache, frames):
    return Engine(model, cache / "engine", threads=1).detect(frames)


def count(found):
    return sum(map(len, found))


def real(name, path):
    """A model of the catalog, and the size of the clip's pictures for it."""
    one = model(name)
    try:
        one.fetch()
    except ModelError as error:
        pytest.skip(str(error))
    with Film(path) as film:
        return one, one.frame_size(*film.size)
