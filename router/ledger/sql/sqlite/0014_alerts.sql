-- Alerts on more than what was charged: on a forecast, or on a pace. And who is to be told of them:
-- due in the transaction that records the alert.

CREATE TABLE alerts_of_each_basis (
    id           TEXT NOT NULL UNIQUE,
    budget       TEXT NOT NULL,
    scope        TEXT NOT NULL,
    window_start TEXT NOT NULL,
    window_end   TEXT NOT NULL,
    rolling      INTEGER NOT NULL CHECK (rolling IN (0, 1)),
    basis        TEXT NOT NULL CHECK (basis IN (
                     'actual',    -- what was charged
                     'forecast',  -- what will have been charged at the window's end
                     'burn')),    -- how fast it is charged: percent of the pace that lasts
    percent      INTEGER NOT NULL,
    over_s       INTEGER NOT NULL, -- of a pace: over what time; else 0
    at           TEXT NOT NULL,
    charged      INTEGER NOT NULL,
    limit_amount INTEGER NOT NULL,
    amount       INTEGER, -- what is expected, or what was charged in that time
    PRIMARY KEY (budget, scope, window_start, window_end, basis, percent, over_s)
) STRICT, WITHOUT ROWID;
INSERT INTO alerts_of_each_basis
SELECT
    lower(hex(randomblob(16))), budget, scope, window_start, window_end, rolling, 'actual',
    percent, 0, at, charged, limit_amount, NULL
FROM alerts;
DROP TABLE alerts;
ALTER TABLE alerts_of_each_basis RENAME TO alerts;
CREATE TRIGGER alerts_are_facts_not_changed BEFORE UPDATE ON alerts
    BEGIN SELECT RAISE(ABORT, 'an alert is a fact: it is never changed'); END;
CREATE TRIGGER alerts_are_facts_not_removed BEFORE DELETE ON alerts
    BEGIN SELECT RAISE(ABORT, 'an alert is a fact: it is never removed'); END;
CREATE INDEX alerts_by_instant ON alerts (at);

CREATE TABLE alert_outbox (
    id          TEXT PRIMARY KEY REFERENCES alerts (id),
    url         TEXT NOT NULL,
    format      TEXT NOT NULL CHECK (format IN ('standard', 'slack')),
    state       TEXT NOT NULL CHECK (state IN ('due', 'delivered', 'failed', 'refused')),
    tries       INTEGER NOT NULL CHECK (tries >= 0),
    last_status INTEGER,
    created_at  TEXT NOT NULL,
    tried_at    TEXT,
    next_at     TEXT,
    CHECK ((state = 'due') = (next_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_outbox_due ON alert_outbox (next_at) WHERE state = 'due';
