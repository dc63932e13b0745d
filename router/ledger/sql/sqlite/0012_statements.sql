-- Providers' billing accounts, by their own word: statements, their lines, what became of each, and
-- readings of the credit that is left. Facts, as entries are.

CREATE TABLE statements (
    id          TEXT PRIMARY KEY,
    provider    TEXT NOT NULL,
    name        TEXT NOT NULL,
    since       TEXT NOT NULL,
    until       TEXT NOT NULL,
    complete    INTEGER NOT NULL CHECK (complete IN (0, 1)),
    line_count  INTEGER NOT NULL,
    total       INTEGER NOT NULL,
    recorded_at TEXT NOT NULL,
    who         TEXT NOT NULL,
    CHECK (since < until)
) STRICT;

CREATE TABLE statement_lines (
    statement_id TEXT NOT NULL REFERENCES statements (id),
    id           TEXT NOT NULL, -- of what it says: the same on every statement
    number       INTEGER NOT NULL CHECK (number >= 1),
    provider     TEXT NOT NULL,
    provider_ref TEXT,
    amount       INTEGER NOT NULL, -- negative for a refund
    billed_at    TEXT NOT NULL,
    PRIMARY KEY (statement_id, id)
) STRICT;
CREATE INDEX statement_lines_by_ref ON statement_lines (provider, provider_ref)
    WHERE provider_ref IS NOT NULL;
CREATE INDEX statement_lines_by_instant ON statement_lines (provider, billed_at);

CREATE TABLE statement_outcomes (
    statement_id TEXT NOT NULL REFERENCES statements (id),
    subject      TEXT NOT NULL,
    kind         TEXT NOT NULL,
    attempt_id   TEXT REFERENCES attempts (id),
    billed       INTEGER NOT NULL,
    posted       INTEGER NOT NULL,
    applied      INTEGER NOT NULL CHECK (applied IN (0, 1)),
    recorded_at  TEXT NOT NULL,
    who          TEXT NOT NULL,
    PRIMARY KEY (statement_id, subject, kind, applied)
) STRICT;

-- Statements that were taken back: their lines count no more.
CREATE TABLE statement_withdrawals (
    statement_id TEXT PRIMARY KEY REFERENCES statements (id),
    reason       TEXT NOT NULL,
    recorded_at  TEXT NOT NULL,
    who          TEXT NOT NULL
) STRICT;

CREATE TABLE balance_readings (
    provider      TEXT NOT NULL,
    at            TEXT NOT NULL,
    amount        INTEGER NOT NULL,
    posted_before INTEGER NOT NULL, -- what the ledger had posted there up to that instant
    recorded_at   TEXT NOT NULL,
    who           TEXT NOT NULL,
    PRIMARY KEY (provider, at)
) STRICT;

CREATE TRIGGER statements_are_facts_not_changed BEFORE UPDATE ON statements
    BEGIN SELECT RAISE(ABORT, 'what an account showed is a fact: it is never changed'); END;
CREATE TRIGGER statements_are_facts_not_removed BEFORE DELETE ON statements
    BEGIN SELECT RAISE(ABORT, 'what an account showed is a fact: it is never removed'); END;
CREATE TRIGGER statement_lines_are_facts_not_changed BEFORE UPDATE ON statement_lines
    BEGIN SELECT RAISE(ABORT, 'what an account showed is a fact: it is never changed'); END;
CREATE TRIGGER statement_lines_are_facts_not_removed BEFORE DELETE ON statement_lines
    BEGIN SELECT RAISE(ABORT, 'what an account showed is a fact: it is never removed'); END;
CREATE TRIGGER statement_outcomes_are_facts_not_changed BEFORE UPDATE ON statement_outcomes
    BEGIN SELECT RAISE(ABORT, 'what an account showed is a fact: it is never changed'); END;
CREATE TRIGGER statement_outcomes_are_facts_not_removed BEFORE DELETE ON statement_outcomes
    BEGIN SELECT RAISE(ABORT, 'what an account showed is a fact: it is never removed'); END;
CREATE TRIGGER balance_readings_are_facts_not_changed BEFORE UPDATE ON balance_readings
    BEGIN SELECT RAISE(ABORT, 'what an account showed is a fact: it is never changed'); END;
CREATE TRIGGER balance_readings_are_facts_not_removed BEFORE DELETE ON balance_readings
    BEGIN SELECT RAISE(ABORT, 'what an account showed is a fact: it is never removed'); END;
CREATE TRIGGER statement_withdrawals_are_facts_not_changed BEFORE UPDATE
    ON statement_withdrawals
    BEGIN SELECT RAISE(ABORT, 'what an account showed is a fact: it is never changed'); END;
CREATE TRIGGER statement_withdrawals_are_facts_not_removed BEFORE DELETE
    ON statement_withdrawals
    BEGIN SELECT RAISE(ABORT, 'what an account showed is a fact: it is never removed'); END;
