"""
The FOCUS export: every charge as a row that finance tools read, in FOCUS 1.2 and in 1.4.

Rows are made of the journal, entry by entry, in constant memory; what they say can be made again
from the same books, to the byte.
"""
