"""
The books: what was held, posted, voided, and what is in doubt; durable before anything is sent.

`decide` is pure and shared; `sqlite` and `postgres` only load rows, apply changes and commit.
"""
