"""Models: what they need, what their outputs mean, and where their files come from."""

from cnap.models.assets import Asset, cache_dir
from cnap.models.catalog import clip, declared, default, load, mistake, model, names
from cnap.models.family import Candidates, Family, Input, ModelError
from cnap.models.fetch import Progress, fetch
from cnap.models.model import Model

__all__ = [
    "Asset",
    "Candidates",
    "Family",
    "Input",
    "Model",
    "ModelError",
    "Progress",
    "cache_dir",
    "clip",
    "declared",
    "default",
    "fetch",
    "load",
    "mistake",
    "model",
    "names",
]
