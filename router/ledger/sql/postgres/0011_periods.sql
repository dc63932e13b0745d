-- What passes between us and a provider beside its charges, and the months that are closed. Facts,
-- as entries are.

-- Money that was paid in ahead of use, and money that a provider gave back.
CREATE TABLE account_events (
    id         TEXT COLLATE "C" PRIMARY KEY,
    provider   TEXT COLLATE "C" NOT NULL,
    kind       TEXT COLLATE "C" NOT NULL CHECK (kind IN ('topup', 'credit')),
    amount     BIGINT NOT NULL CHECK (amount > 0),
    at         TEXT COLLATE "C" NOT NULL,
    reference  TEXT COLLATE "C" NOT NULL, -- the receipt's or the note's own: it is booked once
    created_at TEXT COLLATE "C" NOT NULL,
    who        TEXT COLLATE "C" NOT NULL,
    reason     TEXT COLLATE "C",
    UNIQUE (provider, kind, reference)
);
CREATE INDEX account_events_by_time ON account_events (provider, at);
CREATE TRIGGER account_events_are_facts BEFORE UPDATE OR DELETE OR TRUNCATE ON account_events
    FOR EACH STATEMENT EXECUTE FUNCTION an_entry_is_a_fact();

-- Months that are closed: what they came to, and the digests of what was then exported.
CREATE TABLE periods (
    provider           TEXT COLLATE "C" NOT NULL,
    month              TEXT COLLATE "C" NOT NULL, -- '2026-11', in UTC
    closed_at          TEXT COLLATE "C" NOT NULL,
    who                TEXT COLLATE "C" NOT NULL,
    reason             TEXT COLLATE "C",          -- why it was closed with attempts left open
    account            TEXT COLLATE "C" NOT NULL, -- the account's terms as they then were, as JSON
    posted             BIGINT NOT NULL,
    billed             BIGINT NOT NULL,
    topped_up          BIGINT NOT NULL,
    credited           BIGINT NOT NULL,
    left_open          BIGINT NOT NULL,
    left_open_attempts BIGINT NOT NULL,
    charge_rows        BIGINT NOT NULL,
    sha256_focus_1_2   TEXT COLLATE "C" NOT NULL,
    sha256_focus_1_4   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (provider, month)
);
CREATE TRIGGER periods_are_facts BEFORE UPDATE OR DELETE OR TRUNCATE ON periods
    FOR EACH STATEMENT EXECUTE FUNCTION an_entry_is_a_fact();

-- What was booked within a time, for exports of it.
CREATE INDEX entries_booked ON entries (at, seq) WHERE kind IN ('post', 'adjust');
