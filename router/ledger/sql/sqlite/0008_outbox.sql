-- Clients that want to be told of their job's end: due in the transaction that ends it.

CREATE TABLE outbox (
    job_id      TEXT PRIMARY KEY REFERENCES jobs (id),
    tenant      TEXT NOT NULL,
    url         TEXT NOT NULL, -- empty once it is forgotten
    dialect     TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN (
                    'waiting',    -- the job has not ended
                    'due',        -- to be told, for the first time or again
                    'delivered',
                    'failed',     -- given up
                    'refused')),  -- not an address that may be dialled
    tries       INTEGER NOT NULL CHECK (tries >= 0),
    last_status INTEGER,
    created_at  TEXT NOT NULL,
    tried_at    TEXT,
    next_at     TEXT,
    CHECK ((state = 'due') = (next_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (next_at) WHERE state = 'due';
CREATE INDEX outbox_addressed ON outbox (created_at)
    WHERE url <> '' AND state NOT IN ('waiting', 'due');
