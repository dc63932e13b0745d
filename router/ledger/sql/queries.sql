-- Queries that both back ends share. Parameters are named; a row's columns are its fields.

-- name: put_jobs
-- Store a job as it now stands.
INSERT INTO jobs (
    id, tenant, key_id, model, resolution, tags, request, decision, policy_hash, state,
    created_at, deadline_at, called_off_at, ended_at, error_code, error_detail, images,
    images_expire_at, delivered_by, fingerprint, batch
) VALUES (
    :id, :tenant, :key_id, :model, :resolution, :tags, :request, :decision, :policy_hash,
    :state, :created_at, :deadline_at, :called_off_at, :ended_at, :error_code, :error_detail,
    :images, :images_expire_at, :delivered_by, :fingerprint, :batch
)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state,
    called_off_at = excluded.called_off_at,
    ended_at = excluded.ended_at,
    error_code = excluded.error_code,
    error_detail = excluded.error_detail,
    images = excluded.images,
    images_expire_at = excluded.images_expire_at,
    delivered_by = excluded.delivered_by;

-- name: put_attempts
-- Store an attempt as it now stands.
INSERT INTO attempts (
    id, job_id, number, tenant, tags, provider, model, slug, resolution, aspect_ratio, state,
    quoted, list_price, dearest, price_from, windows, callback_token, created_at, horizon_at,
    provider_ref, quote_raw, quote_amount, reported_raw, reported_source, reported_amount,
    reported_at, posted, outcome, detail, dispatched_at, accepted_at, ended_at, queue_s, execution_s
) VALUES (
    :id, :job_id, :number, :tenant, :tags, :provider, :model, :slug, :resolution, :aspect_ratio,
    :state, :quoted, :list_price, :dearest, :price_from, :windows, :callback_token, :created_at,
    :horizon_at, :provider_ref, :quote_raw, :quote_amount, :reported_raw, :reported_source,
    :reported_amount,
    :reported_at, :posted, :outcome, :detail, :dispatched_at, :accepted_at, :ended_at, :queue_s,
    :execution_s
)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state,
    horizon_at = excluded.horizon_at,
    provider_ref = excluded.provider_ref,
    quote_raw = excluded.quote_raw,
    quote_amount = excluded.quote_amount,
    reported_raw = excluded.reported_raw,
    reported_source = excluded.reported_source,
    reported_amount = excluded.reported_amount,
    reported_at = excluded.reported_at,
    posted = excluded.posted,
    outcome = excluded.outcome,
    detail = excluded.detail,
    dispatched_at = excluded.dispatched_at,
    accepted_at = excluded.accepted_at,
    ended_at = excluded.ended_at,
    queue_s = excluded.queue_s,
    execution_s = excluded.execution_s;

-- name: put_balances
-- Store a balance as it now stands.
INSERT INTO balances (
    budget, scope, window_start, window_end, posted, presumed, held, in_doubt
) VALUES (
    :budget, :scope, :window_start, :window_end, :posted, :presumed, :held, :in_doubt
)
ON CONFLICT (budget, scope, window_start, window_end) DO UPDATE SET
    posted = excluded.posted,
    presumed = excluded.presumed,
    held = excluded.held,
    in_doubt = excluded.in_doubt;

-- name: put_entries
-- Add a fact to the journal.
INSERT INTO entries (
    at, attempt_id, kind, posted, presumed, held, in_doubt, who, reason
) VALUES (
    :at, :attempt_id, :kind, :posted, :presumed, :held, :in_doubt, :who, :reason
);

-- name: put_idempotency
-- Remember a key's job; the first one stays.
INSERT INTO idempotency (
    tenant, idempotency_key, fingerprint, job_id, created_at
) VALUES (
    :tenant, :idempotency_key, :fingerprint, :job_id, :created_at
);

-- name: put_refusals
-- Store the count of an hour.
INSERT INTO refusals (
    budget, scope, hour, jobs, amount
) VALUES (
    :budget, :scope, :hour, :jobs, :amount
)
ON CONFLICT (budget, scope, hour) DO UPDATE SET
    jobs = excluded.jobs,
    amount = excluded.amount;

-- name: put_api_keys
-- Store a key as it now stands. What was revoked stays so, whoever stores it at the same time.
INSERT INTO api_keys (
    id, digest, tenant, role, name, tags, created_at, expires_at, revoked_at, budget,
    predecessor, successor
) VALUES (
    :id, :digest, :tenant, :role, :name, :tags, :created_at, :expires_at, :revoked_at, :budget,
    :predecessor, :successor
)
ON CONFLICT (id) DO UPDATE SET
    role = excluded.role,
    name = excluded.name,
    tags = excluded.tags,
    expires_at = excluded.expires_at,
    revoked_at = COALESCE(api_keys.revoked_at, excluded.revoked_at),
    budget = excluded.budget,
    successor = COALESCE(excluded.successor, api_keys.successor);

-- name: put_raises
-- Add a fact: a raise is never changed.
INSERT INTO raises (
    id, budget, scope, amount, created_at, until, who, reason
) VALUES (
    :id, :budget, :scope, :amount, :created_at, :until, :who, :reason
);

-- name: put_alerts
-- Add a fact: a window's threshold is reached once.
INSERT INTO alerts (
    id, budget, scope, window_start, window_end, rolling, basis, percent, over_s, at, charged,
    limit_amount, amount
) VALUES (
    :id, :budget, :scope, :window_start, :window_end, :rolling, :basis, :percent, :over_s, :at,
    :charged, :limit_amount, :amount
);

-- name: put_alert_outbox
-- Store how far the telling of an alert is.
INSERT INTO alert_outbox (
    id, url, format, state, tries, last_status, created_at, tried_at, next_at
) VALUES (
    :id, :url, :format, :state, :tries, :last_status, :created_at, :tried_at, :next_at
)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state,
    tries = excluded.tries,
    last_status = excluded.last_status,
    tried_at = excluded.tried_at,
    next_at = excluded.next_at;

-- name: put_budget_hours
-- Add to what an account was charged in an hour.
INSERT INTO budget_hours (budget, scope, hour, charged) VALUES (:budget, :scope, :hour, :charged)
ON CONFLICT (budget, scope, hour) DO UPDATE SET
    charged = budget_hours.charged + excluded.charged;

-- name: put_outbox
-- Store how far a callback is. Its address stays as it is, for it may have been forgotten.
INSERT INTO outbox (
    job_id, tenant, url, dialect, state, tries, last_status, created_at, tried_at, next_at
) VALUES (
    :job_id, :tenant, :url, :dialect, :state, :tries, :last_status, :created_at, :tried_at, :next_at
)
ON CONFLICT (job_id) DO UPDATE SET
    state = excluded.state,
    tries = excluded.tries,
    last_status = excluded.last_status,
    tried_at = excluded.tried_at,
    next_at = excluded.next_at;

-- name: mark_batch
-- Note the batch in the batch's own transaction.
UPDATE last_batch SET batch = :batch WHERE only = 1;

-- name: last_batch
-- The last batch that is durable.
SELECT batch FROM last_batch WHERE only = 1;

-- name: promise
-- What a tenant's idempotency key stands for.
SELECT * FROM idempotency WHERE tenant = :tenant AND idempotency_key = :idempotency_key;

-- name: job
-- One job.
SELECT * FROM jobs WHERE id = :id;

-- name: jobs_of_a_tenant
-- A tenant's jobs, the newest first, after (older than) a given one.
SELECT * FROM jobs
WHERE tenant = :tenant AND id < :after AND (:state = '' OR state = :state)
ORDER BY id DESC LIMIT :most;

-- name: batch
-- The jobs that one request bought together, by the first of them, which comes first.
SELECT * FROM jobs WHERE batch = :id ORDER BY id <> batch, id;

-- name: jobs_like
-- What a key's holder has bought by the same request since an instant, each request once.
SELECT * FROM jobs
WHERE tenant = :tenant AND key_id = :key_id AND fingerprint = :fingerprint
    AND created_at >= :since AND (batch IS NULL OR batch = id)
ORDER BY id;

-- name: unfinished_jobs
-- Jobs that have not ended, the oldest first.
SELECT * FROM jobs WHERE state IN ('queued', 'running') ORDER BY id;

-- name: attempts_of_a_job
-- A job's attempts in their order.
SELECT * FROM attempts WHERE job_id = :job_id ORDER BY number;

-- name: attempt
-- One attempt.
SELECT * FROM attempts WHERE id = :id;

-- name: attempt_by_token
-- The attempt that a callback's token names.
SELECT * FROM attempts WHERE provider = :provider AND callback_token = :token;

-- name: open_attempts
-- Attempts whose money is held or in doubt, the oldest first.
SELECT * FROM attempts WHERE state IN ('held', 'dispatching', 'running', 'in_doubt') ORDER BY id;

-- name: latest_posted
-- The two attempts posted last of each offer at each of its prices, the oldest first.
SELECT * FROM (
    SELECT attempts.*, ROW_NUMBER() OVER (
        PARTITION BY provider, slug, resolution, price_from ORDER BY ended_at DESC, id DESC
    ) AS place
    FROM attempts WHERE state = 'posted'
) AS placed
WHERE place <= 2 ORDER BY ended_at, id;

-- name: timed
-- Of each offer, the attempts that ended last or are in doubt, and what they tell of time; the
-- oldest first.
SELECT * FROM (
    SELECT provider, slug, resolution, outcome, dispatched_at, accepted_at, ended_at, queue_s,
        execution_s, id,
        ROW_NUMBER() OVER (
            PARTITION BY provider, slug, resolution
            ORDER BY COALESCE(ended_at, dispatched_at) DESC, id DESC
        ) AS place
    FROM attempts
    WHERE dispatched_at IS NOT NULL
        AND (ended_at >= :since OR (state = 'in_doubt' AND dispatched_at >= :since))
) AS placed
WHERE place <= :most ORDER BY COALESCE(ended_at, dispatched_at), id;

-- name: undelivered
-- Attempts that were billed and not delivered, the oldest first.
SELECT * FROM attempts
WHERE state = 'posted' AND posted > 0 AND COALESCE(outcome, '') <> 'delivered'
    AND ended_at >= :since AND ended_at < :until
ORDER BY ended_at, id;

-- name: balances_at
-- Balances of the windows that an instant lies in.
SELECT * FROM balances WHERE window_start <= :at AND :at < window_end
ORDER BY budget, scope, window_start, window_end;

-- name: raises_at
-- The raises that an instant lies in, and their ends if any; the first to end first.
SELECT * FROM raises WHERE created_at <= :at AND :at < until ORDER BY until, id;

-- name: raises_between
-- The raises and the ends of raises that were made within a time.
SELECT * FROM raises WHERE created_at >= :since AND created_at < :until ORDER BY created_at, id;

-- name: alerts_between
-- The thresholds that were told of within a time.
SELECT * FROM alerts WHERE at >= :since AND at < :until
ORDER BY at, budget, scope, basis, percent;

-- name: alerts_at
-- The thresholds that were told of in the windows that an instant lies in, and of windows that roll
-- in those that end after an earlier one.
SELECT * FROM alerts
WHERE window_start <= :at AND (:at < window_end OR (rolling = 1 AND :since < window_end))
ORDER BY budget, scope, window_start, window_end, basis, percent;

-- name: alert
-- One alert.
SELECT * FROM alerts WHERE id = :id;

-- name: alert_letter
-- How far the telling of an alert is.
SELECT * FROM alert_outbox WHERE id = :id;

-- name: alert_letters_due
-- Alerts that are to be told before an instant, the first to be told first.
SELECT * FROM alert_outbox WHERE state = 'due' AND next_at < :before
ORDER BY next_at, id LIMIT :most;

-- name: alert_letters_between
-- How far the telling of the alerts of a time is.
SELECT * FROM alert_outbox WHERE created_at >= :since AND created_at < :until
ORDER BY created_at, id;

-- name: budget_hours
-- What one account was charged by the hour within a time, the oldest hour first.
SELECT * FROM budget_hours
WHERE budget = :budget AND scope = :scope AND hour >= :since AND hour < :until
ORDER BY hour;

-- name: budget_hours_since
-- What every account was charged by the hour since an instant, the oldest hour first.
SELECT * FROM budget_hours WHERE hour >= :since ORDER BY hour, budget, scope;

-- name: refusals_since
-- What each budget has refused since an instant. A count of none may stand there to be locked.
SELECT budget, scope, SUM(jobs) AS jobs, SUM(amount) AS amount FROM refusals
WHERE hour >= :since AND jobs > 0 GROUP BY budget, scope ORDER BY budget, scope;

-- name: key
-- One API key.
SELECT * FROM api_keys WHERE id = :id;

-- name: keys
-- All API keys, the oldest first.
SELECT * FROM api_keys ORDER BY created_at, id;

-- name: latest_instant
-- The last instant that the ledger knows.
SELECT MAX(at) AS at FROM (
    SELECT MAX(at) AS at FROM entries UNION ALL SELECT MAX(created_at) FROM jobs
) AS instants;

-- name: spending
-- Money by day of settlement and everything that it is reported by; open money by day of hold.
SELECT
    substr(COALESCE(ended_at, created_at), 1, 10) AS day,
    provider, model, resolution, tenant, tags,
    COUNT(*) AS attempts,
    SUM(CASE WHEN outcome = 'delivered' THEN 1 ELSE 0 END) AS delivered,
    SUM(posted) AS posted,
    SUM(CASE WHEN state = 'posted_presumed' THEN quoted ELSE 0 END) AS presumed,
    SUM(CASE WHEN state IN ('held', 'dispatching', 'running') THEN quoted ELSE 0 END) AS held,
    SUM(CASE WHEN state = 'in_doubt' THEN quoted ELSE 0 END) AS in_doubt,
    SUM(CASE WHEN state = 'in_doubt' THEN 1 ELSE 0 END) AS in_doubt_attempts,
    SUM(CASE WHEN outcome = 'delivered' THEN dearest - posted ELSE 0 END) AS avoided,
    SUM(CASE WHEN state = 'posted' AND posted > quoted THEN posted - quoted ELSE 0 END) AS over,
    SUM(CASE WHEN state = 'posted' AND posted < quoted THEN quoted - posted ELSE 0 END) AS under,
    SUM(CASE WHEN state = 'posted' AND posted <> quoted THEN 1 ELSE 0 END) AS drifted
FROM attempts
WHERE COALESCE(ended_at, created_at) >= :since AND COALESCE(ended_at, created_at) < :until
GROUP BY day, provider, model, resolution, tenant, tags
ORDER BY day, provider, model, resolution, tenant, tags;

-- name: jobs_ended
-- How many jobs ended how.
SELECT model, resolution, COALESCE(error_code, state) AS outcome, COUNT(*) AS jobs
FROM jobs WHERE ended_at IS NOT NULL
GROUP BY model, resolution, outcome ORDER BY model, resolution, outcome;

-- name: double_spending
-- What was posted for jobs beyond their dearest posting: the price of asking twice.
SELECT COALESCE(SUM(total - most), 0) AS amount FROM (
    SELECT SUM(posted) AS total, MAX(posted) AS most
    FROM attempts WHERE state = 'posted' GROUP BY job_id HAVING COUNT(*) > 1
) AS paid;

-- name: forget_idempotency
-- Drop promises older than the published retention whose job has ended.
DELETE FROM idempotency WHERE created_at < :before AND job_id IN (
    SELECT id FROM jobs WHERE ended_at IS NOT NULL
);

-- name: prompt_kept
-- Jobs that have ended and whose prompt is not forgotten, the oldest first.
SELECT * FROM jobs
WHERE prompt_forgotten_at IS NULL AND created_at < :before AND state NOT IN ('queued', 'running')
ORDER BY created_at, id LIMIT :most;

-- name: images_kept
-- Jobs that have ended and whose images are not forgotten, the oldest first.
SELECT * FROM jobs
WHERE images_forgotten_at IS NULL AND created_at < :before AND state NOT IN ('queued', 'running')
ORDER BY created_at, id LIMIT :most;

-- name: forget_prompt
-- Keep a request without its prompt. Money is in the entries, untouched.
UPDATE jobs SET request = :request, prompt_forgotten_at = :at
WHERE id = :id AND state NOT IN ('queued', 'running');

-- name: forget_images
-- Keep a request without its images. Money is in the entries, untouched.
UPDATE jobs SET request = :request, images_forgotten_at = :at
WHERE id = :id AND state NOT IN ('queued', 'running');

-- name: callback_of_a_job
-- Whether and how far a job's client was told.
SELECT * FROM outbox WHERE job_id = :job_id;

-- name: callbacks_due
-- Callbacks that are due before an instant, the first to be told first.
SELECT * FROM outbox WHERE state = 'due' AND next_at < :before ORDER BY next_at, job_id LIMIT :most;

-- name: callbacks
-- All callbacks, those of the newest jobs first, after (older than) a given one.
SELECT * FROM outbox
WHERE job_id < :after AND (:state = '' OR state = :state)
ORDER BY job_id DESC LIMIT :most;

-- name: forget_addresses
-- Drop where clients were told, of jobs admitted before an instant.
UPDATE outbox SET url = ''
WHERE url <> '' AND state NOT IN ('waiting', 'due') AND created_at < :before;

-- name: secret
-- One secret.
SELECT value FROM secrets WHERE name = :name;

-- name: make_secret
-- Keep a new secret, unless there is one: whoever comes first has made it for all.
INSERT INTO secrets (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING;
