-- What passes between us and a provider beside its charges, and the months that are closed. Facts,
-- as entries are.

-- Money that was paid in ahead of use, and money that a provider gave back.
CREATE TABLE account_events (
    id         TEXT PRIMARY KEY,
    provider   TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('topup', 'credit')),
    amount     INTEGER NOT NULL CHECK (amount > 0),
    at         TEXT NOT NULL,
    reference  TEXT NOT NULL, -- the receipt's or the note's own number: it is booked once
    created_at TEXT NOT NULL,
    who        TEXT NOT NULL,
    reason     TEXT,
    UNIQUE (provider, kind, reference)
) STRICT;
CREATE INDEX account_events_by_time ON account_events (provider, at);
CREATE TRIGGER account_events_are_facts_not_changed BEFORE UPDATE ON account_events
    BEGIN SELECT RAISE(ABORT, 'an account event is a fact: it is never changed'); END;
CREATE TRIGGER account_events_are_facts_not_removed BEFORE DELETE ON account_events
    BEGIN SELECT RAISE(ABORT, 'an account event is a fact: it is never removed'); END;

-- Months that are closed: what they came to, and the digests of what was then exported.
CREATE TABLE periods (
    provider           TEXT NOT NULL,
    month              TEXT NOT NULL, -- '2026-11', in UTC
    closed_at          TEXT NOT NULL,
    who                TEXT NOT NULL,
    reason             TEXT,          -- why it was closed with attempts left open
    account            TEXT NOT NULL, -- the billing account's terms as they then were, as JSON
    posted             INTEGER NOT NULL,
    billed             INTEGER NOT NULL,
    topped_up          INTEGER NOT NULL,
    credited           INTEGER NOT NULL,
    left_open          INTEGER NOT NULL,
    left_open_attempts INTEGER NOT NULL,
    charge_rows        INTEGER NOT NULL,
    sha256_focus_1_2   TEXT NOT NULL,
    sha256_focus_1_4   TEXT NOT NULL,
    PRIMARY KEY (provider, month)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER periods_are_facts_not_changed BEFORE UPDATE ON periods
    BEGIN SELECT RAISE(ABORT, 'a closed month is a fact: it is never changed'); END;
CREATE TRIGGER periods_are_facts_not_removed BEFORE DELETE ON periods
    BEGIN SELECT RAISE(ABORT, 'a closed month is a fact: it is never removed'); END;

-- What was booked within a time, for exports of it.
CREATE INDEX entries_booked ON entries (at, seq) WHERE kind IN ('post', 'adjust');
