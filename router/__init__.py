"""Farebox: a proxy that buys image edits and knows what became of every dollar."""

__version__ = "0.1.0"
