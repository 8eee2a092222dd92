"""Runs the pipeline's own Knative YAML on one machine, answering as Knative does."""

from cnap.local.listeners import PortError
from cnap.local.manifests import ManifestError
from cnap.local.runtime import Runtime

__all__ = ["ManifestError", "PortError", "Runtime"]
