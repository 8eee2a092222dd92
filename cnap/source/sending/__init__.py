"""Segments on their way: into the store, and as events to the Broker."""
