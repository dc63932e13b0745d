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

-- name: get_account_events
SELECT account_events.* FROM account_events
JOIN unnest(:provider::text[]) AS wanted (provider) USING (provider);

-- name: get_periods
SELECT periods.* FROM periods
JOIN unnest(:provider::text[]) AS wanted (provider) USING (provider);

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

-- name: part_told
-- Tags as they are told: none, all, or those of one key, each written as a row's tags are. Most
-- values stand there as they are; with a backslash after it, one is read as JSON.
CASE
    WHEN :tags::bigint = 0 THEN '[]'
    WHEN :tags::bigint = 1 THEN tags
    WHEN strpos(tags, :mark::text) = 0 THEN '[]'
    WHEN strpos({rest}, '\') = 0 THEN
        '[' || :mark::text || substr({rest}, 1, strpos({rest}, '"')) || ']]'
    ELSE '[' || :mark::text || substr((
                SELECT to_json(pair ->> 1)::text FROM jsonb_array_elements(tags::jsonb) AS pair
                WHERE pair ->> 0 = :key::text
            ), 2) || ']]'
END

-- name: part_rest
-- A row's tags from the value of that key on.
substr(tags, strpos(tags, :mark::text) + length(:mark::text))

-- name: part_meant
-- Whether a row is meant.
(:tenant::text = '' OR tenant = :tenant) AND (:provider::text = '' OR provider = :provider)
    AND (:model::text = '' OR model = :model)
    AND (:resolution::text = '' OR resolution = :resolution)
    AND (:tag::text = '' OR strpos(tags, :tag::text) > 0)

-- name: spending
-- Money and counts of a time that is cut into pieces, each of a day, or of a longer time, that is
-- named. A span of sums that begins too early or ends too late is mended by others, which are added
-- or, with a negative sign, taken away. Open money stands where its hold was placed.
WITH pieces AS MATERIALIZED (
    SELECT
        (piece ->> 0) COLLATE "C" AS day, piece ->> 1 AS span, (piece ->> 2)::bigint AS sign,
        piece ->> 3 AS since, piece ->> 4 AS until
    FROM jsonb_array_elements(:pieces::text::jsonb) AS piece
), summed AS (
    -- Most rows are these, and are added up by themselves before others come to them.
    SELECT
        day, provider, model, resolution,
        CASE WHEN :tenants::bigint = 1 THEN tenant ELSE '' END AS tenant,
        {told} AS tags,
        CASE WHEN :keys::bigint = 1 THEN key_id ELSE '' END AS key_id,
        SUM(sign * entries) AS entries, SUM(sign * attempts) AS attempts,
        SUM(sign * delivered) AS delivered, SUM(sign * posted) AS posted,
        SUM(sign * presumed) AS presumed, SUM(sign * list_cost) AS list_cost,
        SUM(sign * avoided) AS avoided, SUM(sign * missed) AS missed,
        SUM(sign * refunded) AS refunded, SUM(sign * over) AS over, SUM(sign * under) AS under,
        SUM(sign * drifted) AS drifted
    FROM pieces JOIN spending ON spending.span = pieces.span
        AND spending.bucket >= pieces.since AND spending.bucket < pieces.until
    WHERE {meant}
        AND (:chosen::bigint = 0 OR {told} IN (
            SELECT one FROM jsonb_array_elements_text(:among::text::jsonb) AS one
        ))
    GROUP BY 1, 2, 3, 4, 5, 6, 7
), parts AS (
    SELECT summed.*, 0 AS held, 0 AS in_doubt, 0 AS in_doubt_attempts FROM summed
    UNION ALL
    SELECT
        day, provider, model, resolution,
        CASE WHEN :tenants::bigint = 1 THEN tenant ELSE '' END,
        {told},
        CASE WHEN :keys::bigint = 1 THEN key_id ELSE '' END,
        sign * entries, sign * attempts, sign * delivered, sign * posted, sign * presumed,
        sign * list_cost, sign * avoided, sign * missed, sign * refunded, sign * over,
        sign * under, sign * drifted,
        0, 0, 0
    FROM pieces JOIN flows ON flows.at >= pieces.since AND flows.at < pieces.until
    WHERE pieces.span = 'entry' AND {meant}
    UNION ALL
    SELECT
        day, provider, model, resolution,
        CASE WHEN :tenants::bigint = 1 THEN tenant ELSE '' END,
        {told},
        CASE WHEN :keys::bigint = 1 THEN key_id ELSE '' END,
        1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        CASE WHEN state = 'in_doubt' THEN 0 ELSE quoted END,
        CASE WHEN state = 'in_doubt' THEN quoted ELSE 0 END,
        CASE WHEN state = 'in_doubt' THEN 1 ELSE 0 END
    FROM pieces JOIN attempts
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
WHERE :chosen::bigint = 0 OR tags IN (
    SELECT one FROM jsonb_array_elements_text(:among::text::jsonb) AS one
)
GROUP BY 1, 2, 3, 4, 5, 6, 7
HAVING SUM(entries) <> 0
ORDER BY 1, 2, 3, 4, 5, 6, 7
LIMIT :most;

-- name: dearest_tags
-- The values of a tag for which the most was posted, each written as a row's tags are.
WITH pieces AS MATERIALIZED (
    SELECT
        (piece ->> 0) COLLATE "C" AS day, piece ->> 1 AS span, (piece ->> 2)::bigint AS sign,
        piece ->> 3 AS since, piece ->> 4 AS until
    FROM jsonb_array_elements(:pieces::text::jsonb) AS piece
), told AS (
    SELECT {told} AS tags, sign * posted AS posted
    FROM pieces JOIN spending ON spending.span = pieces.span
        AND spending.bucket >= pieces.since AND spending.bucket < pieces.until
    WHERE {meant}
)
SELECT tags FROM told GROUP BY tags ORDER BY SUM(posted) DESC, tags LIMIT :most;

-- name: tags_offered
-- Some values of each tag, of the latest of a time's sums: however many there are, few are read.
WITH days AS MATERIALIZED (
    SELECT DISTINCT bucket, provider, model, resolution, tenant FROM spending
    WHERE span = 'day' AND bucket >= :since AND bucket < :until
        AND (:tenant::text = '' OR tenant = :tenant)
    ORDER BY bucket DESC
), latest AS MATERIALIZED (
    SELECT tagged.tags FROM days JOIN spending AS tagged
        ON tagged.span = 'tagged_day' AND tagged.bucket = days.bucket
        AND tagged.provider = days.provider AND tagged.model = days.model
        AND tagged.resolution = days.resolution AND tagged.tenant = days.tenant
    LIMIT :within
), pairs AS (
    SELECT DISTINCT pair ->> 0 AS tag, pair ->> 1 AS value
    FROM latest, jsonb_array_elements(latest.tags::jsonb) AS pair
), placed AS (
    SELECT tag, value,
        ROW_NUMBER() OVER (PARTITION BY tag ORDER BY value COLLATE "C") AS place
    FROM pairs
)
SELECT tag, value FROM placed ORDER BY place, tag COLLATE "C", value COLLATE "C" LIMIT :most;

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
    request::jsonb ->> 'aspect_ratio' AS aspect_ratio,
    request::jsonb ->> 'output_format' AS output_format,
    request::jsonb ->> 'price_max' AS price_max,
    request::jsonb ->> 'key_name' AS key_name,
    request::jsonb ->> 'key_budget' AS key_budget,
    COALESCE(jsonb_array_length(request::jsonb -> 'images'), 0) AS images,
    decision, evidence, policy_hash, state, created_at, ended_at, error_code, batch
FROM jobs
WHERE id > :after AND id <= :upto AND created_at >= :since AND created_at < :until
ORDER BY id;
