-- Queries whose words differ between the back ends: here PostgreSQL's. Rows are asked for by arrays
-- of their keys' columns, and locked in the order of their keys, so that two writers never wait for
-- each other in a circle.

-- name: get_jobs
SELECT jobs.* FROM jobs JOIN unnest(:id::text[]) AS wanted (id) USING (id)
ORDER BY id FOR UPDATE OF jobs;

-- name: get_attempts
SELECT attempts.* FROM attempts JOIN unnest(:id::text[]) AS wanted (id) USING (id)
ORDER BY id FOR UPDATE OF attempts;

-- name: get_idempotency
SELECT idempotency.* FROM idempotency
JOIN unnest(:tenant::text[], :idempotency_key::text[]) AS wanted (tenant, idempotency_key)
    USING (tenant, idempotency_key)
ORDER BY tenant, idempotency_key FOR UPDATE OF idempotency;

-- name: get_balances
SELECT balances.* FROM balances
JOIN unnest(:budget::text[], :scope::text[], :window_start::text[])
    AS wanted (budget, scope, window_start) USING (budget, scope, window_start)
ORDER BY budget, scope, window_start FOR UPDATE OF balances;

-- name: get_refusals
SELECT refusals.* FROM refusals
JOIN unnest(:budget::text[], :scope::text[], :hour::text[]) AS wanted (budget, scope, hour)
    USING (budget, scope, hour)
ORDER BY budget, scope, hour FOR UPDATE OF refusals;

-- name: lay_balances
-- Make the balances that do not exist yet: a row that is missing cannot be locked.
INSERT INTO balances (
    budget, scope, window_start, window_end, posted, presumed, held, in_doubt
)
SELECT budget, scope, window_start, window_end, 0, 0, 0, 0
FROM unnest(:budget::text[], :scope::text[], :window_start::text[], :window_end::text[])
    AS wanted (budget, scope, window_start, window_end)
ORDER BY budget COLLATE "C", scope COLLATE "C", window_start COLLATE "C"
ON CONFLICT DO NOTHING;

-- name: lay_refusals
-- Make the counts of refusals that do not exist yet, likewise.
INSERT INTO refusals (budget, scope, hour, jobs, amount)
SELECT budget, scope, hour, 0, 0
FROM unnest(:budget::text[], :scope::text[], :hour::text[]) AS wanted (budget, scope, hour)
ORDER BY budget COLLATE "C", scope COLLATE "C", hour COLLATE "C"
ON CONFLICT DO NOTHING;

-- name: enlist
-- Give a writer the row that its batches are noted in.
INSERT INTO last_batch (writer, batch) VALUES (:writer, '');

-- name: leave
-- Take the row of a writer that has ended.
DELETE FROM last_batch WHERE writer = :writer;

-- name: mark_batch
-- Note the batch in the batch's own transaction.
UPDATE last_batch SET batch = :batch WHERE writer = :writer;

-- name: last_batch
-- The writer's last batch that is durable. Waits for one whose COMMIT is still under way.
SELECT batch FROM last_batch WHERE writer = :writer FOR UPDATE;

-- name: books_out_of_balance
-- Balances that are not the sum of their entries. No rows: the books are right.
WITH moves AS (
    SELECT
        line ->> 0 AS budget, line ->> 1 AS scope, line ->> 2 AS window_start,
        SUM(entries.posted) AS posted, SUM(entries.presumed) AS presumed,
        SUM(entries.held) AS held, SUM(entries.in_doubt) AS in_doubt
    FROM entries
    JOIN attempts ON attempts.id = entries.attempt_id,
        jsonb_array_elements(attempts.windows::jsonb) AS line
    GROUP BY 1, 2, 3
), differences AS (
    SELECT budget, scope,
        ABS(COALESCE(balances.posted, 0) - COALESCE(moves.posted, 0))
        + ABS(COALESCE(balances.presumed, 0) - COALESCE(moves.presumed, 0))
        + ABS(COALESCE(balances.held, 0) - COALESCE(moves.held, 0))
        + ABS(COALESCE(balances.in_doubt, 0) - COALESCE(moves.in_doubt, 0)) AS difference
    FROM balances FULL OUTER JOIN moves USING (budget, scope, window_start)
)
SELECT budget, scope, difference FROM differences WHERE difference <> 0;

-- name: attempts_out_of_balance
-- Attempts whose entries do not add up to what their row says. No rows: the books are right.
WITH moves AS (
    SELECT attempt_id, SUM(held) AS held, SUM(in_doubt) AS in_doubt,
           SUM(posted) AS posted, SUM(presumed) AS presumed
    FROM entries GROUP BY attempt_id
), differences AS (
    SELECT attempts.id AS id,
        ABS(COALESCE(moves.held, 0)
            - CASE WHEN state IN ('held', 'dispatching', 'running') THEN quoted ELSE 0 END)
        + ABS(COALESCE(moves.in_doubt, 0) - CASE WHEN state = 'in_doubt' THEN quoted ELSE 0 END)
        + ABS(COALESCE(moves.posted, 0) - attempts.posted)
        + ABS(COALESCE(moves.presumed, 0)
            - CASE WHEN state = 'posted_presumed' THEN quoted ELSE 0 END) AS difference
    FROM attempts LEFT JOIN moves ON moves.attempt_id = attempts.id
)
SELECT id, difference FROM differences WHERE difference <> 0;
