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
JOIN unnest(:budget::text[], :scope::text[], :window_start::text[], :window_end::text[])
    AS wanted (budget, scope, window_start, window_end)
    USING (budget, scope, window_start, window_end)
ORDER BY budget, scope, window_start, window_end FOR UPDATE OF balances;

-- name: lock_accounts
-- One writer at a time sums up an account's hours; the locks end with the transaction.
SELECT pg_advisory_xact_lock(account) FROM (
    SELECT DISTINCT hashtextextended(budget || ' ' || scope, 0) AS account
    FROM unnest(:budget::text[], :scope::text[]) AS wanted (budget, scope) ORDER BY 1
) AS accounts;

-- name: get_rolling
-- What of accounts' hours counts since an instant, those of a clock ahead of ours included.
SELECT
    wanted.budget, wanted.scope, wanted.since,
    COALESCE(SUM(balances.posted), 0) AS posted, COALESCE(SUM(balances.presumed), 0) AS presumed,
    COALESCE(SUM(balances.held), 0) AS held, COALESCE(SUM(balances.in_doubt), 0) AS in_doubt
FROM unnest(:budget::text[], :scope::text[], :since::text[]) AS wanted (budget, scope, since)
LEFT JOIN balances ON balances.budget = wanted.budget AND balances.scope = wanted.scope
    AND balances.window_start >= wanted.since
    AND balances.window_end::timestamptz - balances.window_start::timestamptz = interval '1 hour'
GROUP BY 1, 2, 3;

-- name: get_api_keys
SELECT api_keys.* FROM api_keys JOIN unnest(:id::text[]) AS wanted (id) USING (id)
ORDER BY id FOR UPDATE OF api_keys;

-- name: get_raises
SELECT raises.* FROM raises JOIN unnest(:budget::text[]) AS wanted (budget) USING (budget);

-- name: get_alerts
SELECT DISTINCT alerts.* FROM alerts
JOIN unnest(:budget::text[], :scope::text[], :since::text[]) AS wanted (budget, scope, since)
    ON alerts.budget = wanted.budget AND alerts.scope = wanted.scope
    AND alerts.window_end > wanted.since;

-- name: rolling
-- What of one account's hours counts since an instant.
SELECT
    :budget::text AS budget, :scope::text AS scope, :since::text AS since,
    COALESCE(SUM(posted), 0) AS posted, COALESCE(SUM(presumed), 0) AS presumed,
    COALESCE(SUM(held), 0) AS held, COALESCE(SUM(in_doubt), 0) AS in_doubt
FROM balances
WHERE budget = :budget AND scope = :scope AND window_start >= :since
    AND window_end::timestamptz - window_start::timestamptz = interval '1 hour';

-- name: rolling_of
-- What of each of a budget's accounts' hours counts since an instant.
SELECT
    budget, scope, :since::text AS since, SUM(posted) AS posted, SUM(presumed) AS presumed,
    SUM(held) AS held, SUM(in_doubt) AS in_doubt
FROM balances
WHERE budget = :budget AND window_start >= :since
    AND window_end::timestamptz - window_start::timestamptz = interval '1 hour'
GROUP BY budget, scope ORDER BY budget, scope;

-- name: get_refusals
SELECT refusals.* FROM refusals
JOIN unnest(:budget::text[], :scope::text[], :hour::text[]) AS wanted (budget, scope, hour)
    USING (budget, scope, hour)
ORDER BY budget, scope, hour FOR UPDATE OF refusals;

-- name: get_outbox
SELECT outbox.* FROM outbox JOIN unnest(:job_id::text[]) AS wanted (job_id) USING (job_id)
ORDER BY job_id FOR UPDATE OF outbox;

-- name: get_alert_outbox
SELECT alert_outbox.* FROM alert_outbox JOIN unnest(:id::text[]) AS wanted (id) USING (id)
ORDER BY id FOR UPDATE OF alert_outbox;

-- name: lay_balances
-- Make the balances that do not exist yet: a row that is missing cannot be locked.
INSERT INTO balances (
    budget, scope, window_start, window_end, posted, presumed, held, in_doubt
)
SELECT budget, scope, window_start, window_end, 0, 0, 0, 0
FROM unnest(:budget::text[], :scope::text[], :window_start::text[], :window_end::text[])
    AS wanted (budget, scope, window_start, window_end)
ORDER BY budget COLLATE "C", scope COLLATE "C", window_start COLLATE "C", window_end COLLATE "C"
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
        line ->> 0 AS budget, line ->> 1 AS scope,
        line ->> 2 AS window_start, line ->> 3 AS window_end,
        SUM(entries.posted) AS posted, SUM(entries.presumed) AS presumed,
        SUM(entries.held) AS held, SUM(entries.in_doubt) AS in_doubt
    FROM entries
    JOIN attempts ON attempts.id = entries.attempt_id,
        jsonb_array_elements(attempts.windows::jsonb) AS line
    GROUP BY 1, 2, 3, 4
), differences AS (
    SELECT budget, scope,
        ABS(COALESCE(balances.posted, 0) - COALESCE(moves.posted, 0))
        + ABS(COALESCE(balances.presumed, 0) - COALESCE(moves.presumed, 0))
        + ABS(COALESCE(balances.held, 0) - COALESCE(moves.held, 0))
        + ABS(COALESCE(balances.in_doubt, 0) - COALESCE(moves.in_doubt, 0)) AS difference
    FROM balances FULL OUTER JOIN moves
        USING (budget, scope, window_start, window_end)
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

-- name: hours_out_of_balance
-- Hours that are not the sum of what was charged in them. No rows: the books are right.
WITH moves AS (
    SELECT
        line ->> 0 AS budget, line ->> 1 AS scope,
        substr(entries.at, 1, 13) || ':00:00.000000Z' AS hour,
        SUM(entries.posted + entries.presumed) AS charged
    FROM entries
    JOIN attempts ON attempts.id = entries.attempt_id,
        jsonb_array_elements(attempts.windows::jsonb) AS line
    GROUP BY 1, 2, 3
), differences AS (
    SELECT ABS(COALESCE(budget_hours.charged, 0) - COALESCE(moves.charged, 0)) AS difference
    FROM budget_hours FULL OUTER JOIN moves USING (budget, scope, hour)
)
SELECT difference FROM differences WHERE difference <> 0;
