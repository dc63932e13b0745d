"""
What stands in the way of buying anything at a provider now, in words.

Written where it is found, and stored with decisions as it is written.
"""


def late(waiting: int, wait_s: float) -> str:
    """
    Say that a job would be late for what waits before it.

    Args:
        waiting: Creates; none, where the provider only allows no other one so soon.
        wait_s: How long the job's own would wait.
    """
    why = f"has {waiting} waiting" if waiting else "takes no other create so soon"
    return f"{why}, so that this job would wait about {wait_s:.0f} s and be late"
