-- A charge that only a bill tells of is drift too, where it is not the price that was pinned; and a
-- job that was delivered twice is one edit. `ledger/flows.py` has the rules. Sums of times that are
-- past, closed months' included, are restated here: what drifted, what was delivered, avoided and
-- missed. What was posted, presumed and refunded in them is what it was, and so are the exports.

DROP VIEW flows;
DROP VIEW steps;
-- What an adjustment is known by: `statement`, `refund` or `word`; unknown of earlier entries, of
-- which the reason says it.
ALTER TABLE entries ADD COLUMN source TEXT COLLATE "C";
-- What the provider is known to have charged, whatever it gave back of it.
ALTER TABLE attempts ADD COLUMN charged BIGINT NOT NULL DEFAULT 0;

-- What is posted for an attempt after each of its entries, and whether the entry says that this is
-- what was charged.
CREATE VIEW standings AS
SELECT
    entries.attempt_id, entries.seq,
    CASE WHEN entries.kind = 'adjust' AND (
        entries.source = 'statement'
        OR (entries.source IS NULL AND entries.reason LIKE 'statement ________ (%')
    ) THEN 1 ELSE 0 END AS states_price,
    (
        SELECT SUM(former.posted) FROM entries AS former
        WHERE former.attempt_id = entries.attempt_id AND former.seq <= entries.seq
    ) AS stands
FROM entries WHERE entries.kind NOT IN ('hold', 'doubt');

UPDATE attempts SET charged = posted WHERE posted <> 0;
UPDATE attempts SET charged = (
    SELECT MAX(standings.stands) FROM standings
    WHERE standings.attempt_id = attempts.id AND standings.seq >= COALESCE((
        SELECT MAX(said.seq) FROM standings AS said
        WHERE said.attempt_id = attempts.id AND said.states_price = 1
    ), 0)
)
WHERE id IN (SELECT attempt_id FROM entries WHERE kind = 'adjust');
-- Of jobs that were called off, what delivered them all the same was not kept.
UPDATE jobs SET delivered_by = (
    SELECT attempts.id FROM attempts JOIN entries ON entries.attempt_id = attempts.id
    WHERE attempts.job_id = jobs.id AND attempts.outcome = 'delivered'
        AND entries.kind IN ('post', 'void', 'adjust')
    ORDER BY entries.seq LIMIT 1
) WHERE state = 'cancelled' AND delivered_by IS NULL;

-- What each entry adds to the sums of what was spent: from the journal, and from what is never
-- changed of an attempt.
CREATE VIEW steps AS
SELECT
    entries.attempt_id, entries.at, entries.kind, entries.posted, entries.presumed,
    attempts.provider, attempts.model, attempts.resolution, attempts.tenant, attempts.tags,
    attempts.key_id, attempts.quoted, attempts.list_price, attempts.dearest, attempts.cheapest,
    CASE WHEN attempts.outcome = 'delivered' THEN 1 ELSE 0 END AS is_delivery,
    -- Whether another attempt had delivered the same job before: what is adjusted had been settled.
    CASE WHEN EXISTS (
        SELECT 1 FROM attempts AS other JOIN entries AS former ON former.attempt_id = other.id
        WHERE other.job_id = attempts.job_id AND other.id <> attempts.id
            AND other.outcome = 'delivered' AND former.seq < entries.seq
            AND former.kind IN ('post', 'void', 'adjust')
    ) THEN 1 ELSE 0 END AS is_again,
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
        ELSE 0 END AS posted_before,
    CASE
        WHEN entries.kind = 'overage' THEN attempts.quoted
        WHEN entries.kind = 'adjust' THEN COALESCE((
            SELECT MAX(standings.stands) FROM standings
            WHERE standings.attempt_id = entries.attempt_id AND standings.seq < entries.seq
                AND standings.seq >= COALESCE((
                    SELECT MAX(said.seq) FROM standings AS said
                    WHERE said.attempt_id = entries.attempt_id AND said.seq < entries.seq
                        AND said.states_price = 1
                ), 0)
        ), 0)
        ELSE 0 END AS charged_before,
    CASE
        WHEN entries.kind = 'overage' THEN attempts.quoted + entries.posted
        WHEN entries.kind = 'adjust' THEN COALESCE((
            SELECT MAX(standings.stands) FROM standings
            WHERE standings.attempt_id = entries.attempt_id AND standings.seq <= entries.seq
                AND standings.seq >= COALESCE((
                    SELECT MAX(said.seq) FROM standings AS said
                    WHERE said.attempt_id = entries.attempt_id AND said.seq <= entries.seq
                        AND said.states_price = 1
                ), 0)
        ), 0)
        ELSE entries.posted END AS charged_after
FROM entries JOIN attempts ON attempts.id = entries.attempt_id
WHERE entries.kind NOT IN ('hold', 'doubt');
CREATE VIEW flows AS
SELECT
    attempt_id, at, provider, model, resolution, tenant, tags, key_id,
    1 AS entries,
    CASE WHEN kind IN ('post', 'void', 'presume') THEN 1 ELSE 0 END AS attempts,
    settles * is_delivery * (1 - is_again) AS delivered,
    posted,
    presumed,
    list_price * (
        CASE WHEN posted_before + posted > 0 THEN 1 ELSE 0 END
        - CASE WHEN posted_before > 0 THEN 1 ELSE 0 END
    ) AS list_cost,
    is_delivery * (settles * (1 - is_again) * dearest - posted) AS avoided,
    COALESCE(is_delivery * (posted - settles * (1 - is_again) * cheapest), 0) AS missed,
    CASE WHEN posted < 0 THEN -posted ELSE 0 END AS refunded,
    CASE WHEN charged_after > quoted THEN charged_after - quoted ELSE 0 END
    - CASE WHEN charged_before > quoted THEN charged_before - quoted ELSE 0 END AS over,
    CASE WHEN charged_after > 0 AND charged_after < quoted THEN quoted - charged_after ELSE 0 END
    - CASE WHEN charged_before > 0 AND charged_before < quoted THEN quoted - charged_before
        ELSE 0 END AS under,
    CASE WHEN charged_after > 0 AND charged_after <> quoted THEN 1 ELSE 0 END
    - CASE WHEN charged_before > 0 AND charged_before <> quoted THEN 1 ELSE 0 END AS drifted
FROM steps;

DELETE FROM spending;
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
    'hour', substr(bucket, 1, 14) || '00:00.000000Z',
    provider, model, resolution, tenant, tags, key_id, SUM(entries), SUM(attempts),
    SUM(delivered), SUM(posted), SUM(presumed), SUM(list_cost), SUM(avoided), SUM(missed),
    SUM(refunded), SUM(over), SUM(under), SUM(drifted)
FROM spending WHERE span = 'quarter' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
INSERT INTO spending
SELECT
    'day', substr(bucket, 1, 11) || '00:00:00.000000Z',
    provider, model, resolution, tenant, tags, key_id, SUM(entries), SUM(attempts),
    SUM(delivered), SUM(posted), SUM(presumed), SUM(list_cost), SUM(avoided), SUM(missed),
    SUM(refunded), SUM(over), SUM(under), SUM(drifted)
FROM spending WHERE span = 'hour' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
INSERT INTO spending
SELECT
    'ever', '1970-01-01T00:00:00.000000Z',
    provider, model, resolution, tenant, tags, key_id, SUM(entries), SUM(attempts),
    SUM(delivered), SUM(posted), SUM(presumed), SUM(list_cost), SUM(avoided), SUM(missed),
    SUM(refunded), SUM(over), SUM(under), SUM(drifted)
FROM spending WHERE span = 'day' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
