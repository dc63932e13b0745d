-- Keys that the ledger makes for itself, each at its first use: random bytes in hexadecimal.

CREATE TABLE secrets (
    name  TEXT COLLATE "C" PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL
);
