-- What was spent, as sums kept beside the journal: by the quarter hour of each entry, by its day,
-- and for all time. Money counts when its entry was made, so that what is past never changes.

-- The cheapest offer that qualified, as `dearest` is the dearest; unknown of earlier attempts.
ALTER TABLE attempts ADD COLUMN cheapest BIGINT;
ALTER TABLE attempts ADD COLUMN key_id TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE attempts SET key_id = (SELECT jobs.key_id FROM jobs WHERE jobs.id = attempts.job_id);
-- Beginnings and ends of a time that are no quarter hours are read from the journal itself.
CREATE INDEX entries_by_instant ON entries (at) WHERE kind NOT IN ('hold', 'doubt');
-- Jobs that were paid for twice are few among all.
CREATE INDEX attempts_paid_again ON attempts (job_id) WHERE number > 1 AND state = 'posted';

-- What each entry adds to the sums of what was spent: from the journal, and from what is never
-- changed of an attempt. `ledger/flows.py` says the same of the entries of one command.
CREATE VIEW steps AS
SELECT
    entries.at, entries.kind, entries.posted, entries.presumed,
    attempts.provider, attempts.model, attempts.resolution, attempts.tenant, attempts.tags,
    attempts.key_id, attempts.quoted, attempts.list_price, attempts.dearest, attempts.cheapest,
    CASE WHEN attempts.outcome = 'delivered' THEN 1 ELSE 0 END AS is_delivery,
    -- Evidence on what was presumed: the one adjustment that settles.
    CASE
        WHEN entries.kind IN ('post', 'void') THEN 1
        WHEN entries.kind = 'adjust' AND 'presume' = (
            SELECT former.kind FROM entries AS former
            WHERE former.attempt_id = entries.attempt_id AND former.seq < entries.seq
            ORDER BY former.seq DESC LIMIT 1
        ) THEN 1
        ELSE 0 END AS settles,
    CASE
        WHEN entries.kind = 'overage' THEN attempts.quoted
        WHEN entries.kind = 'adjust' THEN (
            SELECT COALESCE(SUM(former.posted), 0) FROM entries AS former
            WHERE former.attempt_id = entries.attempt_id AND former.seq < entries.seq
        )
        ELSE 0 END AS posted_before
FROM entries JOIN attempts ON attempts.id = entries.attempt_id
WHERE entries.kind NOT IN ('hold', 'doubt');
CREATE VIEW flows AS
SELECT
    at, provider, model, resolution, tenant, tags, key_id,
    1 AS entries,
    CASE WHEN kind IN ('post', 'void', 'presume') THEN 1 ELSE 0 END AS attempts,
    settles * is_delivery AS delivered,
    posted,
    presumed,
    list_price * (
        CASE WHEN posted_before + posted > 0 THEN 1 ELSE 0 END
        - CASE WHEN posted_before > 0 THEN 1 ELSE 0 END
    ) AS list_cost,
    is_delivery * (settles * dearest - posted) AS avoided,
    COALESCE(is_delivery * (posted - settles * cheapest), 0) AS missed,
    CASE WHEN posted < 0 THEN -posted ELSE 0 END AS refunded,
    CASE WHEN kind = 'overage' THEN posted ELSE 0 END AS over,
    CASE
        WHEN posted < quoted AND (kind = 'post' OR (kind = 'adjust' AND settles = 1 AND posted > 0))
        THEN quoted - posted ELSE 0 END AS under,
    CASE
        WHEN kind = 'overage' THEN 1
        WHEN posted < quoted AND (kind = 'post' OR (kind = 'adjust' AND settles = 1 AND posted > 0))
        THEN 1 ELSE 0 END AS drifted
FROM steps;

CREATE TABLE spending (
    span       TEXT COLLATE "C" NOT NULL CHECK (span IN ('quarter', 'day', 'ever')),
    bucket     TEXT COLLATE "C" NOT NULL, -- when the time begins
    provider   TEXT COLLATE "C" NOT NULL,
    model      TEXT COLLATE "C" NOT NULL,
    resolution TEXT COLLATE "C" NOT NULL,
    tenant     TEXT COLLATE "C" NOT NULL,
    tags       TEXT COLLATE "C" NOT NULL,
    key_id     TEXT COLLATE "C" NOT NULL,
    entries    BIGINT NOT NULL,
    attempts   BIGINT NOT NULL,
    delivered  BIGINT NOT NULL,
    posted     BIGINT NOT NULL,
    presumed   BIGINT NOT NULL,
    list_cost  BIGINT NOT NULL,
    avoided    BIGINT NOT NULL,
    missed     BIGINT NOT NULL,
    refunded   BIGINT NOT NULL,
    over       BIGINT NOT NULL,
    under      BIGINT NOT NULL,
    drifted    BIGINT NOT NULL,
    PRIMARY KEY (span, bucket, provider, model, resolution, tenant, tags, key_id)
);
INSERT INTO spending
SELECT
    'quarter', substr(at, 1, 14) || CASE
        WHEN substr(at, 15, 2) < '15' THEN '00'
        WHEN substr(at, 15, 2) < '30' THEN '15'
        WHEN substr(at, 15, 2) < '45' THEN '30'
        ELSE '45' END || ':00.000000Z',
    provider, model, resolution, tenant, tags, key_id, SUM(entries), SUM(attempts),
    SUM(delivered), SUM(posted), SUM(presumed), SUM(list_cost), SUM(avoided), SUM(missed),
    SUM(refunded), SUM(over), SUM(under), SUM(drifted)
FROM flows GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
INSERT INTO spending
SELECT
    'day', substr(bucket, 1, 11) || '00:00:00.000000Z',
    provider, model, resolution, tenant, tags, key_id, SUM(entries), SUM(attempts),
    SUM(delivered), SUM(posted), SUM(presumed), SUM(list_cost), SUM(avoided), SUM(missed),
    SUM(refunded), SUM(over), SUM(under), SUM(drifted)
FROM spending WHERE span = 'quarter' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
INSERT INTO spending
SELECT
    'ever', '1970-01-01T00:00:00.000000Z',
    provider, model, resolution, tenant, tags, key_id, SUM(entries), SUM(attempts),
    SUM(delivered), SUM(posted), SUM(presumed), SUM(list_cost), SUM(avoided), SUM(missed),
    SUM(refunded), SUM(over), SUM(under), SUM(drifted)
FROM spending WHERE span = 'day' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;

-- How jobs ended, likewise as sums.
CREATE TABLE endings (
    model      TEXT COLLATE "C" NOT NULL,
    resolution TEXT COLLATE "C" NOT NULL,
    outcome    TEXT COLLATE "C" NOT NULL,
    jobs       BIGINT NOT NULL,
    PRIMARY KEY (model, resolution, outcome)
);
INSERT INTO endings
SELECT model, resolution, COALESCE(error_code, state), COUNT(*)
FROM jobs WHERE ended_at IS NOT NULL GROUP BY 1, 2, 3;
