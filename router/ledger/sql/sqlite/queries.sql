-- Queries whose words differ between the back ends: here SQLite's.

-- name: get_jobs
SELECT * FROM jobs WHERE id = :id;

-- name: get_attempts
SELECT * FROM attempts WHERE id = :id;

-- name: get_idempotency
SELECT * FROM idempotency WHERE tenant = :tenant AND idempotency_key = :idempotency_key;

-- name: get_balances
SELECT * FROM balances
WHERE budget = :budget AND scope = :scope
    AND window_start = :window_start AND window_end = :window_end;

-- name: get_rolling
-- What of an account's hours counts since an instant, those of a clock ahead of ours included.
SELECT
    :budget AS budget, :scope AS scope, :since AS since,
    COALESCE(SUM(posted), 0) AS posted, COALESCE(SUM(presumed), 0) AS presumed,
    COALESCE(SUM(held), 0) AS held, COALESCE(SUM(in_doubt), 0) AS in_doubt
FROM balances
WHERE budget = :budget AND scope = :scope AND window_start >= :since
    AND unixepoch(window_end) - unixepoch(window_start) = 3600;

-- name: get_api_keys
SELECT * FROM api_keys WHERE id = :id;

-- name: get_raises
SELECT * FROM raises WHERE budget = :budget;

-- name: get_alerts
SELECT * FROM alerts WHERE budget = :budget AND scope = :scope AND window_end > :since;

-- name: rolling
-- What of one account's hours counts since an instant.
SELECT
    :budget AS budget, :scope AS scope, :since AS since,
    COALESCE(SUM(posted), 0) AS posted, COALESCE(SUM(presumed), 0) AS presumed,
    COALESCE(SUM(held), 0) AS held, COALESCE(SUM(in_doubt), 0) AS in_doubt
FROM balances
WHERE budget = :budget AND scope = :scope AND window_start >= :since
    AND unixepoch(window_end) - unixepoch(window_start) = 3600;

-- name: rolling_of
-- What of each of a budget's accounts' hours counts since an instant.
SELECT
    budget, scope, :since AS since, SUM(posted) AS posted, SUM(presumed) AS presumed,
    SUM(held) AS held, SUM(in_doubt) AS in_doubt
FROM balances
WHERE budget = :budget AND window_start >= :since
    AND unixepoch(window_end) - unixepoch(window_start) = 3600
GROUP BY budget, scope ORDER BY budget, scope;

-- name: get_refusals
SELECT * FROM refusals WHERE budget = :budget AND scope = :scope AND hour = :hour;

-- name: get_outbox
SELECT * FROM outbox WHERE job_id = :job_id;

-- name: get_alert_outbox
SELECT * FROM alert_outbox WHERE id = :id;

-- name: books_out_of_balance
-- Balances that are not the sum of their entries. No rows: the books are right.
WITH moves AS (
    SELECT
        json_extract(line.value, '$[0]') AS budget,
        json_extract(line.value, '$[1]') AS scope,
        json_extract(line.value, '$[2]') AS window_start,
        json_extract(line.value, '$[3]') AS window_end,
        SUM(entries.posted) AS posted, SUM(entries.presumed) AS presumed,
        SUM(entries.held) AS held, SUM(entries.in_doubt) AS in_doubt
    FROM entries
    JOIN attempts ON attempts.id = entries.attempt_id, json_each(attempts.windows) AS line
    GROUP BY 1, 2, 3, 4
)
SELECT
    COALESCE(balances.budget, moves.budget) AS budget,
    COALESCE(balances.scope, moves.scope) AS scope,
    ABS(COALESCE(balances.posted, 0) - COALESCE(moves.posted, 0))
    + ABS(COALESCE(balances.presumed, 0) - COALESCE(moves.presumed, 0))
    + ABS(COALESCE(balances.held, 0) - COALESCE(moves.held, 0))
    + ABS(COALESCE(balances.in_doubt, 0) - COALESCE(moves.in_doubt, 0)) AS difference
FROM balances FULL OUTER JOIN moves USING (budget, scope, window_start, window_end)
WHERE difference <> 0;

-- name: attempts_out_of_balance
-- Attempts whose entries do not add up to what their row says. No rows: the books are right.
WITH moves AS (
    SELECT attempt_id, SUM(held) AS held, SUM(in_doubt) AS in_doubt,
           SUM(posted) AS posted, SUM(presumed) AS presumed
    FROM entries GROUP BY attempt_id
)
SELECT attempts.id AS id,
    ABS(COALESCE(moves.held, 0)
        - IIF(attempts.state IN ('held', 'dispatching', 'running'), attempts.quoted, 0))
    + ABS(COALESCE(moves.in_doubt, 0) - IIF(attempts.state = 'in_doubt', attempts.quoted, 0))
    + ABS(COALESCE(moves.posted, 0) - attempts.posted)
    + ABS(COALESCE(moves.presumed, 0)
        - IIF(attempts.state = 'posted_presumed', attempts.quoted, 0)) AS difference
FROM attempts LEFT JOIN moves ON moves.attempt_id = attempts.id
WHERE difference <> 0;

-- name: hours_out_of_balance
-- Hours that are not the sum of what was charged in them. No rows: the books are right.
WITH moves AS (
    SELECT
        json_extract(line.value, '$[0]') AS budget, json_extract(line.value, '$[1]') AS scope,
        substr(entries.at, 1, 13) || ':00:00.000000Z' AS hour,
        SUM(entries.posted + entries.presumed) AS charged
    FROM entries
    JOIN attempts ON attempts.id = entries.attempt_id,
        json_each(attempts.windows) AS line
    GROUP BY 1, 2, 3
), differences AS (
    SELECT ABS(COALESCE(budget_hours.charged, 0) - COALESCE(moves.charged, 0)) AS difference
    FROM budget_hours FULL OUTER JOIN moves USING (budget, scope, hour)
)
SELECT difference FROM differences WHERE difference <> 0;
