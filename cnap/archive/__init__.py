"""Films and pictures that are there already, through a pipeline: what `cnap send` does."""
