"""
Where a job's money is steered: survey the offers, hold, send, settle, fail over, recover.

`dispatcher` has all of the control flow; the other files are what it asks on the way.
"""
