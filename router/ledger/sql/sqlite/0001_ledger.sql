-- The ledger's first schema. Money is nano-dollars, instants are RFC 3339 text in UTC.

-- Edits that tenants asked for, and how each ended.
CREATE TABLE jobs (
    id               TEXT PRIMARY KEY,
    tenant           TEXT NOT NULL,
    key_id           TEXT NOT NULL,
    model            TEXT NOT NULL,
    resolution       TEXT NOT NULL,
    tags             TEXT NOT NULL,
    request          TEXT NOT NULL,
    decision         TEXT NOT NULL,
    policy_hash      TEXT NOT NULL,
    state            TEXT NOT NULL CHECK (state IN (
                         'queued',     -- its money is held, nothing was sent
                         'running',
                         'succeeded',
                         'failed',     -- a late result may still turn it succeeded
                         'cancelled')),
    created_at       TEXT NOT NULL,
    deadline_at      TEXT NOT NULL,
    ended_at         TEXT,
    error_code       TEXT,
    error_detail     TEXT,
    images           TEXT NOT NULL,
    images_expire_at TEXT,
    delivered_by     TEXT
) STRICT;
CREATE INDEX jobs_of_a_tenant ON jobs (tenant, id);
CREATE INDEX jobs_unfinished ON jobs (id) WHERE state IN ('queued', 'running');

-- Tries at a provider, each with its own hold.
CREATE TABLE attempts (
    id              TEXT PRIMARY KEY,
    job_id          TEXT NOT NULL REFERENCES jobs (id),
    number          INTEGER NOT NULL CHECK (number >= 1),
    tenant          TEXT NOT NULL,
    tags            TEXT NOT NULL,
    provider        TEXT NOT NULL,
    model           TEXT NOT NULL,
    slug            TEXT NOT NULL,
    resolution      TEXT NOT NULL,
    aspect_ratio    TEXT,
    state           TEXT NOT NULL CHECK (state IN (
                        'held',             -- provably unsent
                        'dispatching',      -- may have been sent
                        'running',          -- the provider named it
                        'in_doubt',         -- sent, outcome unknown
                        'posted',
                        'voided',
                        'posted_presumed')),-- no evidence came before the horizon
    quoted          INTEGER NOT NULL CHECK (quoted >= 0),
    list_price      INTEGER NOT NULL,
    dearest         INTEGER NOT NULL,
    price_from      TEXT NOT NULL,
    windows         TEXT NOT NULL,
    callback_token  TEXT NOT NULL UNIQUE,
    created_at      TEXT NOT NULL,
    horizon_at      TEXT NOT NULL,
    provider_ref    TEXT,
    quote_raw       TEXT,
    quote_amount    INTEGER,
    reported_raw    TEXT,
    reported_source TEXT,
    reported_amount INTEGER,
    reported_at     TEXT,
    posted          INTEGER NOT NULL,
    outcome         TEXT,
    detail          TEXT,
    dispatched_at   TEXT,
    accepted_at     TEXT,
    ended_at        TEXT,
    queue_s         REAL,
    execution_s     REAL,
    UNIQUE (job_id, number),
    CHECK (state NOT IN ('held') OR provider_ref IS NULL)
) STRICT;
-- Two attempts never share a provider's id.
CREATE UNIQUE INDEX attempts_by_ref ON attempts (provider, provider_ref)
    WHERE provider_ref IS NOT NULL;
CREATE INDEX attempts_open ON attempts (provider)
    WHERE state IN ('held', 'dispatching', 'running', 'in_doubt');
CREATE INDEX attempts_ended ON attempts (ended_at);

-- The journal: facts about an attempt's money. Inserted, never changed.
CREATE TABLE entries (
    seq        INTEGER PRIMARY KEY,
    at         TEXT NOT NULL,
    attempt_id TEXT NOT NULL REFERENCES attempts (id),
    kind       TEXT NOT NULL CHECK (kind IN (
                   'hold', 'post', 'overage', 'void', 'doubt', 'presume', 'adjust')),
    posted     INTEGER NOT NULL,
    presumed   INTEGER NOT NULL,
    held       INTEGER NOT NULL,
    in_doubt   INTEGER NOT NULL,
    who        TEXT NOT NULL,
    reason     TEXT
) STRICT;
CREATE INDEX entries_of_an_attempt ON entries (attempt_id);
-- One hold and at most one end for each attempt.
CREATE UNIQUE INDEX entries_hold_once ON entries (attempt_id) WHERE kind = 'hold';
CREATE UNIQUE INDEX entries_end_once ON entries (attempt_id)
    WHERE kind IN ('post', 'void', 'presume');
CREATE TRIGGER entries_are_facts_not_changed BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'an entry is a fact: it is never changed'); END;
CREATE TRIGGER entries_are_facts_not_removed BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'an entry is a fact: it is never removed'); END;

-- What of a budget's window is used: the entries' sum.
CREATE TABLE balances (
    budget       TEXT NOT NULL,
    scope        TEXT NOT NULL,
    window_start TEXT NOT NULL,
    window_end   TEXT NOT NULL,
    posted       INTEGER NOT NULL,
    presumed     INTEGER NOT NULL CHECK (presumed >= 0),
    held         INTEGER NOT NULL CHECK (held >= 0),
    in_doubt     INTEGER NOT NULL CHECK (in_doubt >= 0),
    PRIMARY KEY (budget, scope, window_start)
) STRICT, WITHOUT ROWID;

-- Which job a tenant's idempotency key stands for.
CREATE TABLE idempotency (
    tenant          TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint     TEXT NOT NULL,
    job_id          TEXT NOT NULL REFERENCES jobs (id),
    created_at      TEXT NOT NULL,
    PRIMARY KEY (tenant, idempotency_key)
) STRICT, WITHOUT ROWID;

-- Holds that a budget refused, by hour: counts and sums, not a row each.
CREATE TABLE refusals (
    budget TEXT NOT NULL,
    scope  TEXT NOT NULL,
    hour   TEXT NOT NULL,
    jobs   INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (budget, scope, hour)
) STRICT, WITHOUT ROWID;

-- API keys; of a secret only its digest.
CREATE TABLE api_keys (
    id         TEXT PRIMARY KEY,
    digest     TEXT NOT NULL,
    tenant     TEXT NOT NULL,
    role       TEXT NOT NULL CHECK (role IN ('client', 'viewer', 'admin')),
    name       TEXT NOT NULL,
    tags       TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT,
    revoked_at TEXT
) STRICT;

-- One row: the last batch that is durable, so that a COMMIT that raised can be looked up.
CREATE TABLE last_batch (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    batch TEXT NOT NULL
) STRICT;
INSERT INTO last_batch (only, batch) VALUES (1, '');
