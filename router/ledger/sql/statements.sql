-- Queries about providers' accounts, which both back ends share.

-- name: put_statements
-- Record a statement; the same one again is there already.
INSERT INTO statements (
    id, provider, name, since, until, complete, line_count, total, recorded_at, who
) VALUES (
    :id, :provider, :name, :since, :until, :complete, :line_count, :total, :recorded_at, :who
) ON CONFLICT (id) DO NOTHING;

-- name: put_statement_lines
-- Record a line of a statement.
INSERT INTO statement_lines (
    id, statement_id, number, provider, provider_ref, amount, billed_at
) VALUES (
    :id, :statement_id, :number, :provider, :provider_ref, :amount, :billed_at
) ON CONFLICT (statement_id, id) DO NOTHING;

-- name: put_statement_outcomes
-- Record what became of what a statement says.
INSERT INTO statement_outcomes (
    statement_id, subject, kind, attempt_id, billed, posted, applied, recorded_at, who
) VALUES (
    :statement_id, :subject, :kind, :attempt_id, :billed, :posted, :applied, :recorded_at, :who
) ON CONFLICT (statement_id, subject, kind, applied) DO NOTHING;

-- name: put_statement_withdrawals
-- Record that a statement was taken back; the first time counts.
INSERT INTO statement_withdrawals (statement_id, reason, recorded_at, who)
VALUES (:statement_id, :reason, :recorded_at, :who)
ON CONFLICT (statement_id) DO NOTHING;

-- name: put_balance_readings
-- Record how much credit there was; of one instant the first word counts.
INSERT INTO balance_readings (provider, at, amount, posted_before, recorded_at, who)
VALUES (:provider, :at, :amount, :posted_before, :recorded_at, :who)
ON CONFLICT (provider, at) DO NOTHING;

-- name: statements
-- All statements, the latest first.
SELECT * FROM statements ORDER BY recorded_at DESC, id;

-- name: statement_withdrawals
-- Which statements were taken back.
SELECT * FROM statement_withdrawals ORDER BY recorded_at, statement_id;

-- name: sent_between
-- A page of a provider's attempts by when their first byte left, after a given one.
SELECT id, provider_ref, resolution, state, quoted, posted, dispatched_at, ended_at, horizon_at
FROM attempts
WHERE provider = :provider AND id > :after
    AND dispatched_at >= :since AND dispatched_at < :until
ORDER BY id LIMIT :most;

-- name: sent_as
-- The attempt that a provider knows by an id.
SELECT id, provider_ref, resolution, state, quoted, posted, dispatched_at, ended_at, horizon_at
FROM attempts
WHERE provider = :provider AND provider_ref = :ref AND dispatched_at IS NOT NULL;

-- name: lines_between
-- A page of what a provider billed within a time, after a given line; one that stands on two
-- statements may be there twice.
SELECT * FROM statement_lines
WHERE provider = :provider AND id > :after AND billed_at >= :since AND billed_at < :until
    AND statement_id NOT IN (SELECT statement_id FROM statement_withdrawals)
ORDER BY id, statement_id LIMIT :most;

-- name: lines_of
-- What a provider billed by one of its ids.
SELECT * FROM statement_lines WHERE provider = :provider AND provider_ref = :ref
    AND statement_id NOT IN (SELECT statement_id FROM statement_withdrawals)
ORDER BY billed_at, id, statement_id;

-- name: balance_readings
-- How much credit was read, by provider and instant.
SELECT * FROM balance_readings WHERE :provider = '' OR provider = :provider
ORDER BY provider, at;

-- name: posted_between
-- What was posted at a provider within a time: by the instant of each entry.
SELECT COALESCE(SUM(entries.posted), 0) AS amount
FROM entries JOIN attempts ON attempts.id = entries.attempt_id
WHERE attempts.provider = :provider AND entries.at >= :since AND entries.at < :until
    AND kind NOT IN ('hold', 'doubt');

-- name: booked_late
-- What was booked at a provider within a time, after its beginning, of attempts that were sent by
-- an instant.
SELECT COALESCE(SUM(entries.posted), 0) AS amount
FROM entries JOIN attempts ON attempts.id = entries.attempt_id
WHERE attempts.provider = :provider AND entries.at > :after AND entries.at <= :until
    AND COALESCE(attempts.dispatched_at, attempts.created_at) <= :sent_by
    AND kind NOT IN ('hold', 'doubt');

-- name: open_since
-- What may be charged by a provider for attempts that were sent after an instant.
SELECT COALESCE(SUM(quoted), 0) AS amount FROM attempts
WHERE provider = :provider AND dispatched_at > :sent_after
    -- Said as the index of open attempts says it.
    AND state IN ('held', 'dispatching', 'running', 'in_doubt') AND state <> 'held';

-- name: charges
-- Of each offer at each resolution the latest charges that are known, the newest first: what a bill
-- says counts before what was reported; what was given back again is no charge, and where some of
-- it was, the charge is what it was before. Equal lines of a bill are one charge, or several of one
-- price: they count once. What a bill changed that was withdrawn since stays what
-- it is in the sums, and is told apart.
SELECT * FROM (
    SELECT id, provider, model, slug, resolution, quoted, quote_amount, known AS reported_amount,
        CASE
            WHEN billed IS NOT NULL THEN 'statement'
            WHEN is_withdrawn = 1 AND (
                reported_source IS NULL OR reported_source = 'statement' OR known <> reported_amount
            ) THEN 'withdrawn'
            ELSE reported_source END AS reported_source,
        posted, dispatched_at,
        ROW_NUMBER() OVER (
            PARTITION BY provider, model, slug, resolution ORDER BY dispatched_at DESC, id DESC
        ) AS place
    FROM (
        SELECT billable.*,
            CASE
                WHEN billed IS NULL AND is_withdrawn = 1 THEN charged
                WHEN billed IS NULL THEN reported_amount
                WHEN billed = posted THEN charged
                ELSE billed END AS known
        FROM (
            SELECT attempts.*, (
                SELECT SUM(amount) FROM (
                    SELECT DISTINCT amount, billed_at FROM statement_lines
                    WHERE statement_lines.provider = attempts.provider
                        AND statement_lines.provider_ref = attempts.provider_ref
                        AND statement_id NOT IN (SELECT statement_id FROM statement_withdrawals)
                ) AS facts
            ) AS billed,
            CASE WHEN EXISTS (
                SELECT 1 FROM statement_lines
                WHERE statement_lines.provider = attempts.provider
                    AND statement_lines.provider_ref = attempts.provider_ref
                    AND statement_id IN (SELECT statement_id FROM statement_withdrawals)
            ) THEN 1 ELSE 0 END AS is_withdrawn
            FROM attempts
            WHERE state = 'posted' AND dispatched_at IS NOT NULL AND ended_at >= :since
        ) AS billable
    ) AS charged
    WHERE COALESCE(billed, known) > 0
) AS placed
WHERE place <= :most ORDER BY provider, model, slug, resolution, place;

-- name: named_prices
-- Of each offer at each resolution the latest prices that were named when an attempt was taken, the
-- newest first: of attempts of which neither an answer nor a bill has told a charge.
SELECT * FROM (
    SELECT id, provider, model, slug, resolution, quoted, quote_amount, dispatched_at,
        ROW_NUMBER() OVER (
            PARTITION BY provider, model, slug, resolution ORDER BY dispatched_at DESC, id DESC
        ) AS place
    FROM attempts
    WHERE (ended_at >= :since OR state IN ('dispatching', 'running', 'in_doubt'))
        AND dispatched_at IS NOT NULL AND quote_amount IS NOT NULL AND reported_amount IS NULL
        AND NOT EXISTS (
            SELECT 1 FROM statement_lines
            WHERE statement_lines.provider = attempts.provider
                AND statement_lines.provider_ref = attempts.provider_ref
                AND statement_id NOT IN (SELECT statement_id FROM statement_withdrawals)
        )
) AS placed
WHERE place <= :most ORDER BY provider, model, slug, resolution, place;
