"""The events of the pipeline, one type a file; docs/events.md specifies them."""
