"""Cameras that upload their video."""
