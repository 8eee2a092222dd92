"""Cloud-native AI pipeline: live video through CloudEvents functions on Knative."""

__version__ = "0.1.0"
