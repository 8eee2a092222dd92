"""Cameras for tests: a fake one that can do everything wrong, and real peers as processes."""
