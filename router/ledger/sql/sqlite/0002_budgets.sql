-- Budgets of every window. Two windows may begin at one instant, as a month and its first day do,
-- so a balance is known by both its ends; what there is, is added up anew from the journal.

DROP TABLE balances;
CREATE TABLE balances (
    budget       TEXT NOT NULL,
    scope        TEXT NOT NULL,
    window_start TEXT NOT NULL,
    window_end   TEXT NOT NULL,
    posted       INTEGER NOT NULL,
    presumed     INTEGER NOT NULL CHECK (presumed >= 0),
    held         INTEGER NOT NULL CHECK (held >= 0),
    in_doubt     INTEGER NOT NULL CHECK (in_doubt >= 0),
    PRIMARY KEY (budget, scope, window_start, window_end)
) STRICT, WITHOUT ROWID;
INSERT INTO balances
SELECT
    json_extract(line.value, '$[0]'), json_extract(line.value, '$[1]'),
    json_extract(line.value, '$[2]'), json_extract(line.value, '$[3]'),
    SUM(entries.posted), SUM(entries.presumed), SUM(entries.held), SUM(entries.in_doubt)
FROM entries
JOIN attempts ON attempts.id = entries.attempt_id, json_each(attempts.windows) AS line
GROUP BY 1, 2, 3, 4;
-- The windows of now are few among those of all time, and are asked for often.
CREATE INDEX balances_by_end ON balances (window_end);

-- Raises of a budget's limit by people, each until an instant. Facts, as entries are.
CREATE TABLE raises (
    id         TEXT PRIMARY KEY,
    budget     TEXT NOT NULL,
    scope      TEXT NOT NULL, -- one account's, or of none in particular when empty
    amount     INTEGER NOT NULL CHECK (amount > 0),
    created_at TEXT NOT NULL,
    until      TEXT NOT NULL,
    who        TEXT NOT NULL,
    reason     TEXT NOT NULL,
    CHECK (created_at < until)
) STRICT;
CREATE INDEX raises_of_a_budget ON raises (budget);

-- Thresholds that a budget's window has reached, each once. Facts too.
CREATE TABLE alerts (
    budget       TEXT NOT NULL,
    scope        TEXT NOT NULL,
    window_start TEXT NOT NULL,
    window_end   TEXT NOT NULL,
    rolling      INTEGER NOT NULL CHECK (rolling IN (0, 1)),
    percent      INTEGER NOT NULL,
    at           TEXT NOT NULL,
    charged      INTEGER NOT NULL,
    limit_amount INTEGER NOT NULL,
    PRIMARY KEY (budget, scope, window_start, window_end, percent)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER raises_are_facts_not_changed BEFORE UPDATE ON raises
    BEGIN SELECT RAISE(ABORT, 'a raise is a fact: it is never changed'); END;
CREATE TRIGGER raises_are_facts_not_removed BEFORE DELETE ON raises
    BEGIN SELECT RAISE(ABORT, 'a raise is a fact: it is never removed'); END;
CREATE TRIGGER alerts_are_facts_not_changed BEFORE UPDATE ON alerts
    BEGIN SELECT RAISE(ABORT, 'an alert is a fact: it is never changed'); END;
CREATE TRIGGER alerts_are_facts_not_removed BEFORE DELETE ON alerts
    BEGIN SELECT RAISE(ABORT, 'an alert is a fact: it is never removed'); END;

-- What a key may spend itself, as `$20.00 per month`.
ALTER TABLE api_keys ADD COLUMN budget TEXT;
