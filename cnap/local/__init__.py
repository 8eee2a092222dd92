"""Runs the pipeline's own Knative YAML on one machine, answering as Knative does."""

from cnap.local.manifests import ManifestError
from cnap.local.runtime import PortError, Runtime

__all__ = ["ManifestError", "PortError", "Runtime"]
