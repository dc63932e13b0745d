"""An unforeseen exception in words that are safe to log: its kind and place, never its text."""

import traceback
from pathlib import PurePath


def told(error: BaseException) -> str:
    """
    Name an exception's kind and where it was raised: `KeyError at dispatcher.py:120`.

    Its text may quote what a client or a provider sent.
    """
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
