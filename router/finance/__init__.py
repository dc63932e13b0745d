"""What finance asks of the ledger: reports, budgets, and the books at a scrape. Exact sums only."""
