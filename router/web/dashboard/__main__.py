"""
One of the processes in which pages are made, as `press` starts it: it steps back, then loads.

It runs only where nobody else wants the processor, and so waits where edits take all there is.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

NICE = 10
"""Where there is no policy for what is idle."""


def step_back() -> None:
    """
    Yield the processor to whoever buys, and be in no terminal's foreground: Ctrl-C is the parent's.

    A process group of its own is enough for that, and a session would be too much: Linux weighs
    whole sessions against each other (sched(7), autogroups), whatever their processes' priorities.
    """
    os.setpgrp()
    os.nice(NICE)
    # Being nice still keeps a woken process waiting for a slice of time: an edit is woken often.
    with suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


if __name__ == "__main__":
    step_back()
    from router.web.dashboard.press import serve

    serve(Path(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer)
