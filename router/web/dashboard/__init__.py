"""
The pages that people look at: what was spent, and how it runs. Whole without JavaScript.

One number, one source: what stands here is read as the report, `/v1/spend` and `/metrics` read it.
`asked` reads the address, `reading` the ledger, `finance.overview` adds up, `templates/` shows.
"""
