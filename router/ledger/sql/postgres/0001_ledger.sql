-- The ledger's first schema. Money is nano-dollars, instants are RFC 3339 text in UTC. All text
-- sorts by its bytes, whatever the database's language: instants as time, ids as on SQLite.

-- Edits that tenants asked for, and how each ended.
CREATE TABLE jobs (
    id               TEXT COLLATE "C" PRIMARY KEY,
    tenant           TEXT COLLATE "C" NOT NULL,
    key_id           TEXT COLLATE "C" NOT NULL,
    model            TEXT COLLATE "C" NOT NULL,
    resolution       TEXT COLLATE "C" NOT NULL,
    tags             TEXT COLLATE "C" NOT NULL,
    request          TEXT COLLATE "C" NOT NULL,
    decision         TEXT COLLATE "C" NOT NULL,
    policy_hash      TEXT COLLATE "C" NOT NULL,
    state            TEXT COLLATE "C" NOT NULL CHECK (state IN (
                         'queued',     -- its money is held, nothing was sent
                         'running',
                         'succeeded',
                         'failed',     -- a late result may still turn it succeeded
                         'cancelled')),
    created_at       TEXT COLLATE "C" NOT NULL,
    deadline_at      TEXT COLLATE "C" NOT NULL,
    ended_at         TEXT COLLATE "C",
    error_code       TEXT COLLATE "C",
    error_detail     TEXT COLLATE "C",
    images           TEXT COLLATE "C" NOT NULL,
    images_expire_at TEXT COLLATE "C",
    delivered_by     TEXT COLLATE "C"
);
CREATE INDEX jobs_of_a_tenant ON jobs (tenant, id);
CREATE INDEX jobs_unfinished ON jobs (id) WHERE state IN ('queued', 'running');

-- Tries at a provider, each with its own hold.
CREATE TABLE attempts (
    id              TEXT COLLATE "C" PRIMARY KEY,
    job_id          TEXT COLLATE "C" NOT NULL REFERENCES jobs (id),
    number          BIGINT NOT NULL CHECK (number >= 1),
    tenant          TEXT COLLATE "C" NOT NULL,
    tags            TEXT COLLATE "C" NOT NULL,
    provider        TEXT COLLATE "C" NOT NULL,
    model           TEXT COLLATE "C" NOT NULL,
    slug            TEXT COLLATE "C" NOT NULL,
    resolution      TEXT COLLATE "C" NOT NULL,
    aspect_ratio    TEXT COLLATE "C",
    state           TEXT COLLATE "C" NOT NULL CHECK (state IN (
                        'held',             -- provably unsent
                        'dispatching',      -- may have been sent
                        'running',          -- the provider named it
                        'in_doubt',         -- sent, outcome unknown
                        'posted',
                        'voided',
                        'posted_presumed')),-- no evidence came before the horizon
    quoted          BIGINT NOT NULL CHECK (quoted >= 0),
    list_price      BIGINT NOT NULL,
    dearest         BIGINT NOT NULL,
    price_from      TEXT COLLATE "C" NOT NULL,
    windows         TEXT COLLATE "C" NOT NULL,
    callback_token  TEXT COLLATE "C" NOT NULL UNIQUE,
    created_at      TEXT COLLATE "C" NOT NULL,
    horizon_at      TEXT COLLATE "C" NOT NULL,
    provider_ref    TEXT COLLATE "C",
    quote_raw       TEXT COLLATE "C",
    quote_amount    BIGINT,
    reported_raw    TEXT COLLATE "C",
    reported_source TEXT COLLATE "C",
    reported_amount BIGINT,
    reported_at     TEXT COLLATE "C",
    posted          BIGINT NOT NULL,
    outcome         TEXT COLLATE "C",
    detail          TEXT COLLATE "C",
    dispatched_at   TEXT COLLATE "C",
    accepted_at     TEXT COLLATE "C",
    ended_at        TEXT COLLATE "C",
    queue_s         DOUBLE PRECISION,
    execution_s     DOUBLE PRECISION,
    UNIQUE (job_id, number),
    CHECK (state NOT IN ('held') OR provider_ref IS NULL)
);
-- Two attempts never share a provider's id.
CREATE UNIQUE INDEX attempts_by_ref ON attempts (provider, provider_ref)
    WHERE provider_ref IS NOT NULL;
CREATE INDEX attempts_open ON attempts (provider)
    WHERE state IN ('held', 'dispatching', 'running', 'in_doubt');
CREATE INDEX attempts_ended ON attempts (ended_at);

-- The journal: facts about an attempt's money. Inserted, never changed.
CREATE TABLE entries (
    seq        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         TEXT COLLATE "C" NOT NULL,
    attempt_id TEXT COLLATE "C" NOT NULL REFERENCES attempts (id),
    kind       TEXT COLLATE "C" NOT NULL CHECK (kind IN (
                   'hold', 'post', 'overage', 'void', 'doubt', 'presume', 'adjust')),
    posted     BIGINT NOT NULL,
    presumed   BIGINT NOT NULL,
    held       BIGINT NOT NULL,
    in_doubt   BIGINT NOT NULL,
    who        TEXT COLLATE "C" NOT NULL,
    reason     TEXT COLLATE "C"
);
CREATE INDEX entries_of_an_attempt ON entries (attempt_id);
-- One hold and at most one end for each attempt.
CREATE UNIQUE INDEX entries_hold_once ON entries (attempt_id) WHERE kind = 'hold';
CREATE UNIQUE INDEX entries_end_once ON entries (attempt_id)
    WHERE kind IN ('post', 'void', 'presume');
CREATE FUNCTION an_entry_is_a_fact() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'an entry is a fact: it is never changed or removed'; END $$;
CREATE TRIGGER entries_are_facts BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION an_entry_is_a_fact();

-- What of a budget's window is used: the entries' sum.
CREATE TABLE balances (
    budget       TEXT COLLATE "C" NOT NULL,
    scope        TEXT COLLATE "C" NOT NULL,
    window_start TEXT COLLATE "C" NOT NULL,
    window_end   TEXT COLLATE "C" NOT NULL,
    posted       BIGINT NOT NULL,
    presumed     BIGINT NOT NULL CHECK (presumed >= 0),
    held         BIGINT NOT NULL CHECK (held >= 0),
    in_doubt     BIGINT NOT NULL CHECK (in_doubt >= 0),
    PRIMARY KEY (budget, scope, window_start)
);

-- Which job a tenant's idempotency key stands for.
CREATE TABLE idempotency (
    tenant          TEXT COLLATE "C" NOT NULL,
    idempotency_key TEXT COLLATE "C" NOT NULL,
    fingerprint     TEXT COLLATE "C" NOT NULL,
    job_id          TEXT COLLATE "C" NOT NULL REFERENCES jobs (id),
    created_at      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, idempotency_key)
);

-- Holds that a budget refused, by hour: counts and sums, not a row each.
CREATE TABLE refusals (
    budget TEXT COLLATE "C" NOT NULL,
    scope  TEXT COLLATE "C" NOT NULL,
    hour   TEXT COLLATE "C" NOT NULL,
    jobs   BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (budget, scope, hour)
);

-- API keys; of a secret only its digest.
CREATE TABLE api_keys (
    id         TEXT COLLATE "C" PRIMARY KEY,
    digest     TEXT COLLATE "C" NOT NULL,
    tenant     TEXT COLLATE "C" NOT NULL,
    role       TEXT COLLATE "C" NOT NULL CHECK (role IN ('client', 'viewer', 'admin')),
    name       TEXT COLLATE "C" NOT NULL,
    tags       TEXT COLLATE "C" NOT NULL,
    created_at TEXT COLLATE "C" NOT NULL,
    expires_at TEXT COLLATE "C",
    revoked_at TEXT COLLATE "C"
);

-- The last batch of each writer that is durable, so that a COMMIT that raised can be looked up. A
-- writer adds its row when it opens the ledger: a batch in flight keeps it locked to the end.
CREATE TABLE last_batch (
    writer TEXT COLLATE "C" PRIMARY KEY,
    batch  TEXT COLLATE "C" NOT NULL
);
