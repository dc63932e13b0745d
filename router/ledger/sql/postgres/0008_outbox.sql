-- Clients that want to be told of their job's end: due in the transaction that ends it.

CREATE TABLE outbox (
    job_id      TEXT COLLATE "C" PRIMARY KEY REFERENCES jobs (id),
    tenant      TEXT COLLATE "C" NOT NULL,
    url         TEXT COLLATE "C" NOT NULL, -- empty once it is forgotten
    dialect     TEXT COLLATE "C" NOT NULL,
    state       TEXT COLLATE "C" NOT NULL CHECK (state IN (
                    'waiting',    -- the job has not ended
                    'due',        -- to be told, for the first time or again
                    'delivered',
                    'failed',     -- given up
                    'refused')),  -- not an address that may be dialled
    tries       BIGINT NOT NULL CHECK (tries >= 0),
    last_status BIGINT,
    created_at  TEXT COLLATE "C" NOT NULL,
    tried_at    TEXT COLLATE "C",
    next_at     TEXT COLLATE "C",
    CHECK ((state = 'due') = (next_at IS NOT NULL))
);
CREATE INDEX outbox_due ON outbox (next_at) WHERE state = 'due';
CREATE INDEX outbox_addressed ON outbox (created_at)
    WHERE url <> '' AND state NOT IN ('waiting', 'due');
