-- Providers' billing accounts, by their own word: statements, their lines, what became of each, and
-- readings of the credit that is left. Facts, as entries are.

CREATE TABLE statements (
    id          TEXT COLLATE "C" PRIMARY KEY,
    provider    TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    since       TEXT COLLATE "C" NOT NULL,
    until       TEXT COLLATE "C" NOT NULL,
    complete    BIGINT NOT NULL CHECK (complete IN (0, 1)),
    line_count  BIGINT NOT NULL,
    total       BIGINT NOT NULL,
    recorded_at TEXT COLLATE "C" NOT NULL,
    who         TEXT COLLATE "C" NOT NULL,
    CHECK (since < until)
);

CREATE TABLE statement_lines (
    statement_id TEXT COLLATE "C" NOT NULL REFERENCES statements (id),
    id           TEXT COLLATE "C" NOT NULL, -- of what it says: the same on every statement
    number       BIGINT NOT NULL CHECK (number >= 1),
    provider     TEXT COLLATE "C" NOT NULL,
    provider_ref TEXT COLLATE "C",
    amount       BIGINT NOT NULL, -- negative for a refund
    billed_at    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (statement_id, id)
);
CREATE INDEX statement_lines_by_ref ON statement_lines (provider, provider_ref)
    WHERE provider_ref IS NOT NULL;
CREATE INDEX statement_lines_by_instant ON statement_lines (provider, billed_at);

CREATE TABLE statement_outcomes (
    statement_id TEXT COLLATE "C" NOT NULL REFERENCES statements (id),
    subject      TEXT COLLATE "C" NOT NULL,
    kind         TEXT COLLATE "C" NOT NULL,
    attempt_id   TEXT COLLATE "C" REFERENCES attempts (id),
    billed       BIGINT NOT NULL,
    posted       BIGINT NOT NULL,
    applied      BIGINT NOT NULL CHECK (applied IN (0, 1)),
    recorded_at  TEXT COLLATE "C" NOT NULL,
    who          TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (statement_id, subject, kind, applied)
);

-- Statements that were taken back: their lines count no more.
CREATE TABLE statement_withdrawals (
    statement_id TEXT COLLATE "C" PRIMARY KEY REFERENCES statements (id),
    reason       TEXT COLLATE "C" NOT NULL,
    recorded_at  TEXT COLLATE "C" NOT NULL,
    who          TEXT COLLATE "C" NOT NULL
);

CREATE TABLE balance_readings (
    provider      TEXT COLLATE "C" NOT NULL,
    at            TEXT COLLATE "C" NOT NULL,
    amount        BIGINT NOT NULL,
    posted_before BIGINT NOT NULL, -- what the ledger had posted there up to that instant
    recorded_at   TEXT COLLATE "C" NOT NULL,
    who           TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (provider, at)
);

CREATE FUNCTION an_account_showed_it() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'what an account showed is a fact: never changed, never removed'; END $$;
CREATE TRIGGER statements_are_facts
    BEFORE UPDATE OR DELETE OR TRUNCATE ON statements
    FOR EACH STATEMENT EXECUTE FUNCTION an_account_showed_it();
CREATE TRIGGER statement_lines_are_facts
    BEFORE UPDATE OR DELETE OR TRUNCATE ON statement_lines
    FOR EACH STATEMENT EXECUTE FUNCTION an_account_showed_it();
CREATE TRIGGER statement_outcomes_are_facts
    BEFORE UPDATE OR DELETE OR TRUNCATE ON statement_outcomes
    FOR EACH STATEMENT EXECUTE FUNCTION an_account_showed_it();
CREATE TRIGGER balance_readings_are_facts
    BEFORE UPDATE OR DELETE OR TRUNCATE ON balance_readings
    FOR EACH STATEMENT EXECUTE FUNCTION an_account_showed_it();
CREATE TRIGGER statement_withdrawals_are_facts
    BEFORE UPDATE OR DELETE OR TRUNCATE ON statement_withdrawals
    FOR EACH STATEMENT EXECUTE FUNCTION an_account_showed_it();
