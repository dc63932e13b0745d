-- Alerts on more than what was charged: on a forecast, or on a pace. And who is to be told of them:
-- due in the transaction that records the alert.

ALTER TABLE alerts
    ADD COLUMN id TEXT COLLATE "C" NOT NULL UNIQUE
        DEFAULT md5(random()::text || clock_timestamp()::text),
    ADD COLUMN basis TEXT COLLATE "C" NOT NULL DEFAULT 'actual' CHECK (basis IN (
        'actual',    -- what was charged
        'forecast',  -- what will have been charged at the window's end
        'burn')),    -- how fast it is charged: percent of the pace that lasts
    ADD COLUMN over_s BIGINT NOT NULL DEFAULT 0, -- of a pace: over what time; else 0
    ADD COLUMN amount BIGINT; -- what is expected, or what was charged in that time
ALTER TABLE alerts ALTER COLUMN id DROP DEFAULT;
ALTER TABLE alerts DROP CONSTRAINT alerts_pkey;
ALTER TABLE alerts
    ADD PRIMARY KEY (budget, scope, window_start, window_end, basis, percent, over_s);
CREATE INDEX alerts_by_instant ON alerts (at);

CREATE TABLE alert_outbox (
    id          TEXT COLLATE "C" PRIMARY KEY REFERENCES alerts (id),
    url         TEXT COLLATE "C" NOT NULL,
    format      TEXT COLLATE "C" NOT NULL CHECK (format IN ('standard', 'slack')),
    state       TEXT COLLATE "C" NOT NULL
                    CHECK (state IN ('due', 'delivered', 'failed', 'refused')),
    tries       BIGINT NOT NULL CHECK (tries >= 0),
    last_status BIGINT,
    created_at  TEXT COLLATE "C" NOT NULL,
    tried_at    TEXT COLLATE "C",
    next_at     TEXT COLLATE "C",
    CHECK ((state = 'due') = (next_at IS NOT NULL))
);
CREATE INDEX alert_outbox_due ON alert_outbox (next_at) WHERE state = 'due';
