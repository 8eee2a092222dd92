"""The programs that the pipeline is measured beside. They share with it the catalog, the network's
preprocessing and what its outputs mean, so that they find the same things in the same frames; they
have none of its stores, events and functions."""
