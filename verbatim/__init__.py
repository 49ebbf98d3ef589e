"""Rebuild CPython's release artifacts and get the same bytes."""

__version__ = "0.1.0"
