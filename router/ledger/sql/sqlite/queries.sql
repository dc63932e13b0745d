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

-- name: get_account_events
SELECT * FROM account_events WHERE provider = :provider;

-- name: get_periods
SELECT * FROM periods WHERE provider = :provider;

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
-- Entries are added up by lists of windows first, of which there are few.
WITH moved AS (
    SELECT attempts.windows AS windows,
        SUM(entries.posted) AS posted, SUM(entries.presumed) AS presumed,
        SUM(entries.held) AS held, SUM(entries.in_doubt) AS in_doubt
    FROM entries JOIN attempts ON attempts.id = entries.attempt_id GROUP BY 1
), moves AS (
    SELECT
        json_extract(line.value, '$[0]') AS budget,
        json_extract(line.value, '$[1]') AS scope,
        json_extract(line.value, '$[2]') AS window_start,
        json_extract(line.value, '$[3]') AS window_end,
        moved.posted AS posted, moved.presumed AS presumed,
        moved.held AS held, moved.in_doubt AS in_doubt
    FROM moved, json_each(moved.windows) AS line
    UNION ALL
    SELECT budget, scope, window_start, window_end, -posted, -presumed, -held, -in_doubt
    FROM balances
)
SELECT budget, scope,
    ABS(SUM(posted)) + ABS(SUM(presumed)) + ABS(SUM(held)) + ABS(SUM(in_doubt)) AS difference
FROM moves GROUP BY budget, scope, window_start, window_end HAVING difference <> 0;

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
-- Both are one list: joined, each hour of one would be sought in all hours of the other.
WITH charged AS (
    SELECT
        attempts.windows AS windows, substr(entries.at, 1, 13) || ':00:00.000000Z' AS hour,
        SUM(entries.posted + entries.presumed) AS charged
    FROM entries JOIN attempts ON attempts.id = entries.attempt_id
    WHERE entries.posted <> 0 OR entries.presumed <> 0
    GROUP BY 1, 2
), moves AS (
    SELECT
        json_extract(line.value, '$[0]') AS budget, json_extract(line.value, '$[1]') AS scope,
        charged.hour AS hour, charged.charged AS charged
    FROM charged, json_each(charged.windows) AS line
    UNION ALL
    SELECT budget, scope, hour, -charged FROM budget_hours
)
SELECT ABS(SUM(charged)) AS difference
FROM moves GROUP BY budget, scope, hour HAVING difference <> 0;

-- name: part_told
-- Tags as they are told: none, all, or those of one key, each written as a row's tags are. Most
-- values stand there as they are; with a backslash after it, one is read as JSON.
CASE
    WHEN :tags = 0 THEN '[]'
    WHEN :tags = 1 THEN tags
    WHEN instr(tags, :mark) = 0 THEN '[]'
    WHEN instr({rest}, '\') = 0 THEN
        '[' || :mark || substr({rest}, 1, instr({rest}, '"')) || ']]'
    ELSE '[' || :mark || substr((
                SELECT json_quote(json_extract(pair.value, '$[1]')) FROM json_each(tags) AS pair
                WHERE json_extract(pair.value, '$[0]') = :key
            ), 2) || ']]'
END

-- name: part_rest
-- A row's tags from the value of that key on.
substr(tags, instr(tags, :mark) + length(:mark))

-- name: part_meant
-- Whether a row is meant.
(:tenant = '' OR tenant = :tenant) AND (:provider = '' OR provider = :provider)
    AND (:model = '' OR model = :model) AND (:resolution = '' OR resolution = :resolution)
    AND (:tag = '' OR instr(tags, :tag) > 0)

-- name: spending
-- Money and counts of a time that is cut into pieces, each of a day, or of a longer time, that is
-- named. A span of sums that begins too early or ends too late is mended by others, which are added
-- or, with a negative sign, taken away. Open money stands where its hold was placed.
WITH pieces AS MATERIALIZED (
    SELECT
        json_extract(value, '$[0]') AS day, json_extract(value, '$[1]') AS span,
        json_extract(value, '$[2]') AS sign,
        json_extract(value, '$[3]') AS since, json_extract(value, '$[4]') AS until
    FROM json_each(:pieces)
), summed AS (
    -- Most rows are these, and are added up by themselves before others come to them.
    SELECT
        day, provider, model, resolution,
        CASE WHEN :tenants = 1 THEN tenant ELSE '' END AS tenant,
        {told} AS tags,
        CASE WHEN :keys = 1 THEN key_id ELSE '' END AS key_id,
        SUM(sign * entries) AS entries, SUM(sign * attempts) AS attempts,
        SUM(sign * delivered) AS delivered, SUM(sign * posted) AS posted,
        SUM(sign * presumed) AS presumed, SUM(sign * list_cost) AS list_cost,
        SUM(sign * avoided) AS avoided, SUM(sign * missed) AS missed,
        SUM(sign * refunded) AS refunded, SUM(sign * over) AS over, SUM(sign * under) AS under,
        SUM(sign * drifted) AS drifted
    FROM pieces CROSS JOIN spending ON spending.span = pieces.span
        AND spending.bucket >= pieces.since AND spending.bucket < pieces.until
    WHERE {meant}
        AND (:chosen = 0 OR {told} IN (
            SELECT value FROM json_each(:among)
        ))
    GROUP BY 1, 2, 3, 4, 5, 6, 7
), parts AS (
    SELECT summed.*, 0 AS held, 0 AS in_doubt, 0 AS in_doubt_attempts FROM summed
    UNION ALL
    SELECT
        day, provider, model, resolution,
        CASE WHEN :tenants = 1 THEN tenant ELSE '' END,
        {told},
        CASE WHEN :keys = 1 THEN key_id ELSE '' END,
        sign * entries, sign * attempts, sign * delivered, sign * posted, sign * presumed,
        sign * list_cost, sign * avoided, sign * missed, sign * refunded, sign * over,
        sign * under, sign * drifted,
        0, 0, 0
    FROM pieces CROSS JOIN flows ON flows.at >= pieces.since AND flows.at < pieces.until
    WHERE pieces.span = 'entry' AND {meant}
    UNION ALL
    SELECT
        day, provider, model, resolution,
        CASE WHEN :tenants = 1 THEN tenant ELSE '' END,
        {told},
        CASE WHEN :keys = 1 THEN key_id ELSE '' END,
        1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        CASE WHEN state = 'in_doubt' THEN 0 ELSE quoted END,
        CASE WHEN state = 'in_doubt' THEN quoted ELSE 0 END,
        CASE WHEN state = 'in_doubt' THEN 1 ELSE 0 END
    FROM pieces CROSS JOIN attempts
        ON attempts.created_at >= pieces.since AND attempts.created_at < pieces.until
    WHERE pieces.span = 'open' AND state IN ('held', 'dispatching', 'running', 'in_doubt')
        AND {meant}
)
SELECT
    day, provider, model, resolution, tenant, tags, key_id,
    SUM(attempts) AS attempts, SUM(delivered) AS delivered, SUM(posted) AS posted,
    SUM(presumed) AS presumed, SUM(list_cost) AS list_cost, SUM(avoided) AS avoided,
    SUM(missed) AS missed, SUM(refunded) AS refunded, SUM(over) AS over, SUM(under) AS under,
    SUM(drifted) AS drifted, SUM(held) AS held, SUM(in_doubt) AS in_doubt,
    SUM(in_doubt_attempts) AS in_doubt_attempts
FROM parts
WHERE :chosen = 0 OR tags IN (
    SELECT value FROM json_each(:among)
)
GROUP BY 1, 2, 3, 4, 5, 6, 7
HAVING SUM(entries) <> 0
ORDER BY 1, 2, 3, 4, 5, 6, 7
LIMIT :most;

-- name: dearest_tags
-- The values of a tag for which the most was posted, each written as a row's tags are.
WITH pieces AS MATERIALIZED (
    SELECT
        json_extract(value, '$[0]') AS day, json_extract(value, '$[1]') AS span,
        json_extract(value, '$[2]') AS sign,
        json_extract(value, '$[3]') AS since, json_extract(value, '$[4]') AS until
    FROM json_each(:pieces)
), told AS (
    SELECT {told} AS tags, sign * posted AS posted
    FROM pieces CROSS JOIN spending ON spending.span = pieces.span
        AND spending.bucket >= pieces.since AND spending.bucket < pieces.until
    WHERE {meant}
)
SELECT tags FROM told GROUP BY tags ORDER BY SUM(posted) DESC, tags LIMIT :most;

-- name: tags_offered
-- Some values of each tag, of the latest of a time's sums: however many there are, few are read.
WITH days AS MATERIALIZED (
    SELECT DISTINCT bucket, provider, model, resolution, tenant FROM spending
    WHERE span = 'day' AND bucket >= :since AND bucket < :until
        AND (:tenant = '' OR tenant = :tenant)
    ORDER BY bucket DESC
), latest AS MATERIALIZED (
    SELECT tagged.tags FROM days CROSS JOIN spending AS tagged
        ON tagged.span = 'tagged_day' AND tagged.bucket = days.bucket
        AND tagged.provider = days.provider AND tagged.model = days.model
        AND tagged.resolution = days.resolution AND tagged.tenant = days.tenant
    LIMIT :within
), pairs AS (
    SELECT DISTINCT
        json_extract(pair.value, '$[0]') AS tag, json_extract(pair.value, '$[1]') AS value
    FROM latest, json_each(latest.tags) AS pair
), placed AS (
    SELECT tag, value, ROW_NUMBER() OVER (PARTITION BY tag ORDER BY value) AS place FROM pairs
)
SELECT tag, value FROM placed ORDER BY place, tag, value LIMIT :most;

-- name: spending_out_of_balance
-- Sums of what was spent that are not the journal's; counts among them count as nano-dollars. No
-- rows: they are right.
WITH tagged_quarters AS (
    SELECT
        substr(at, 1, 14) || CASE
        WHEN substr(at, 15, 2) < '15' THEN '00'
        WHEN substr(at, 15, 2) < '30' THEN '15'
        WHEN substr(at, 15, 2) < '45' THEN '30'
        ELSE '45' END || ':00.000000Z' AS bucket,
        provider, model, resolution, tenant, tags, key_id,
        SUM(entries) AS entries, SUM(attempts) AS attempts, SUM(delivered) AS delivered,
        SUM(posted) AS posted, SUM(presumed) AS presumed, SUM(list_cost) AS list_cost,
        SUM(avoided) AS avoided, SUM(missed) AS missed, SUM(refunded) AS refunded,
        SUM(over) AS over, SUM(under) AS under, SUM(drifted) AS drifted
    FROM flows GROUP BY 1, 2, 3, 4, 5, 6, 7
), tagged_days AS (
    SELECT
        substr(bucket, 1, 11) || '00:00:00.000000Z' AS bucket,
        provider, model, resolution, tenant, tags, key_id,
        SUM(entries) AS entries, SUM(attempts) AS attempts, SUM(delivered) AS delivered,
        SUM(posted) AS posted, SUM(presumed) AS presumed, SUM(list_cost) AS list_cost,
        SUM(avoided) AS avoided, SUM(missed) AS missed, SUM(refunded) AS refunded,
        SUM(over) AS over, SUM(under) AS under, SUM(drifted) AS drifted
    FROM tagged_quarters GROUP BY 1, 2, 3, 4, 5, 6, 7
), quarters AS (
    SELECT
        bucket, provider, model, resolution, tenant, '[]' AS tags, key_id,
        SUM(entries) AS entries, SUM(attempts) AS attempts, SUM(delivered) AS delivered,
        SUM(posted) AS posted, SUM(presumed) AS presumed, SUM(list_cost) AS list_cost,
        SUM(avoided) AS avoided, SUM(missed) AS missed, SUM(refunded) AS refunded,
        SUM(over) AS over, SUM(under) AS under, SUM(drifted) AS drifted
    FROM tagged_quarters GROUP BY bucket, provider, model, resolution, tenant, key_id
), hours AS (
    SELECT
        substr(bucket, 1, 14) || '00:00.000000Z' AS bucket,
        provider, model, resolution, tenant, tags, key_id,
        SUM(entries) AS entries, SUM(attempts) AS attempts, SUM(delivered) AS delivered,
        SUM(posted) AS posted, SUM(presumed) AS presumed, SUM(list_cost) AS list_cost,
        SUM(avoided) AS avoided, SUM(missed) AS missed, SUM(refunded) AS refunded,
        SUM(over) AS over, SUM(under) AS under, SUM(drifted) AS drifted
    FROM quarters GROUP BY 1, 2, 3, 4, 5, 6, 7
), days AS (
    SELECT
        substr(bucket, 1, 11) || '00:00:00.000000Z' AS bucket,
        provider, model, resolution, tenant, tags, key_id,
        SUM(entries) AS entries, SUM(attempts) AS attempts, SUM(delivered) AS delivered,
        SUM(posted) AS posted, SUM(presumed) AS presumed, SUM(list_cost) AS list_cost,
        SUM(avoided) AS avoided, SUM(missed) AS missed, SUM(refunded) AS refunded,
        SUM(over) AS over, SUM(under) AS under, SUM(drifted) AS drifted
    FROM hours GROUP BY 1, 2, 3, 4, 5, 6, 7
), changes AS (
    SELECT 'tagged_quarter' AS span, tagged_quarters.* FROM tagged_quarters
    UNION ALL
    SELECT 'tagged_day', tagged_days.* FROM tagged_days
    UNION ALL
    SELECT 'quarter', quarters.* FROM quarters
    UNION ALL
    SELECT 'hour', hours.* FROM hours
    UNION ALL
    SELECT 'day', days.* FROM days
    UNION ALL
    SELECT
        'ever', '1970-01-01T00:00:00.000000Z',
        provider, model, resolution, tenant, tags, key_id, SUM(entries), SUM(attempts),
        SUM(delivered), SUM(posted), SUM(presumed), SUM(list_cost), SUM(avoided), SUM(missed),
        SUM(refunded), SUM(over), SUM(under), SUM(drifted)
    FROM days GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    UNION ALL
    SELECT
        span, bucket,
        provider, model, resolution, tenant, tags, key_id, -entries, -attempts, -delivered,
        -posted, -presumed, -list_cost, -avoided, -missed, -refunded, -over, -under, -drifted
    FROM spending
), differences AS (
    SELECT ABS(SUM(entries))
    + ABS(SUM(attempts))
    + ABS(SUM(delivered))
    + ABS(SUM(posted))
    + ABS(SUM(presumed))
    + ABS(SUM(list_cost))
    + ABS(SUM(avoided))
    + ABS(SUM(missed))
    + ABS(SUM(refunded))
    + ABS(SUM(over))
    + ABS(SUM(under))
    + ABS(SUM(drifted)) AS difference
    FROM changes GROUP BY span, bucket, provider, model, resolution, tenant, tags, key_id
)
SELECT difference FROM differences WHERE difference <> 0;

-- name: past_jobs
-- A page of jobs, as far as they can be planned again: without prompts and pictures.
SELECT
    id, tenant, key_id, model, resolution, tags,
    json_extract(request, '$.aspect_ratio') AS aspect_ratio,
    json_extract(request, '$.output_format') AS output_format,
    json_extract(request, '$.price_max') AS price_max,
    json_extract(request, '$.key_name') AS key_name,
    json_extract(request, '$.key_budget') AS key_budget,
    COALESCE(json_array_length(request, '$.images'), 0) AS images,
    decision, evidence, policy_hash, state, created_at, ended_at, error_code, batch
FROM jobs
WHERE id > :after AND id <= :upto AND created_at >= :since AND created_at < :until
ORDER BY id;
