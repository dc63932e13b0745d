-- Keys that the ledger makes for itself, each at its first use: random bytes in hexadecimal.

CREATE TABLE secrets (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
