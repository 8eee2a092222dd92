"""cameras.yaml: which cameras there are. The same text in a file and in the cluster's ConfigMap."""

from cnap.cameras.camera import Camera
from cnap.cameras.mistakes import (
    CameraError,
    CameraExists,
    Mistake,
    NoSuchCamera,
    Uneditable,
)
from cnap.cameras.parsing import dump, followed, parse
from cnap.cameras.schedule import Schedule
from cnap.cameras.urls import masked

__all__ = [
    "CONFIG_MAP",
    "KEY",
    "NONE",
    "PROBLEM",
    "Camera",
    "CameraError",
    "CameraExists",
    "Mistake",
    "NoSuchCamera",
    "Schedule",
    "Uneditable",
    "dump",
    "followed",
    "masked",
    "parse",
]

CONFIG_MAP = "cameras"
KEY = "cameras.yaml"
NONE = "cameras: []\n"
"""What a ConfigMap without the key says: nobody has named a camera yet."""
PROBLEM = "problem"
"""What is wrong with the file that the ConfigMap follows, under `cnap up --cameras`."""
