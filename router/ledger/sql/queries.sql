-- Queries that both back ends share. Parameters are named; a row's columns are its fields.

-- name: put_jobs
-- Store a job as it now stands.
INSERT INTO jobs (
    id, tenant, key_id, model, resolution, tags, request, decision, policy_hash, state,
    created_at, deadline_at, called_off_at, ended_at, error_code, error_detail, images,
    images_expire_at, delivered_by, fingerprint, batch, evidence
) VALUES (
    :id, :tenant, :key_id, :model, :resolution, :tags, :request, :decision, :policy_hash,
    :state, :created_at, :deadline_at, :called_off_at, :ended_at, :error_code, :error_detail,
    :images, :images_expire_at, :delivered_by, :fingerprint, :batch, :evidence
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
    id, job_id, number, tenant, key_id, tags, provider, model, slug, resolution, aspect_ratio,
    state, quoted, list_price, dearest, cheapest, price_from, windows, callback_token, created_at,
    horizon_at, provider_ref, quote_raw, quote_amount, reported_raw, reported_source,
    reported_amount, reported_at, posted, charged, outcome, detail, dispatched_at, accepted_at,
    ended_at, queue_s, execution_s
) VALUES (
    :id, :job_id, :number, :tenant, :key_id, :tags, :provider, :model, :slug, :resolution,
    :aspect_ratio, :state, :quoted, :list_price, :dearest, :cheapest, :price_from, :windows,
    :callback_token, :created_at, :horizon_at, :provider_ref, :quote_raw, :quote_amount,
    :reported_raw, :reported_source, :reported_amount, :reported_at, :posted, :charged, :outcome,
    :detail, :dispatched_at, :accepted_at, :ended_at, :queue_s, :execution_s
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
    charged = excluded.charged,
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
    at, attempt_id, kind, posted, presumed, held, in_doubt, who, reason, source
) VALUES (
    :at, :attempt_id, :kind, :posted, :presumed, :held, :in_doubt, :who, :reason, :source
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

-- name: put_account_events
-- Add a fact: a reference is booked once.
INSERT INTO account_events (
    id, provider, kind, amount, at, reference, created_at, who, reason
) VALUES (
    :id, :provider, :kind, :amount, :at, :reference, :created_at, :who, :reason
);

-- name: put_periods
-- Add a fact: a month is closed once.
INSERT INTO periods (
    provider, month, closed_at, who, reason, account, posted, billed, topped_up, credited,
    left_open, left_open_attempts, charge_rows, sha256_focus_1_2, sha256_focus_1_4
) VALUES (
    :provider, :month, :closed_at, :who, :reason, :account, :posted, :billed, :topped_up, :credited,
    :left_open, :left_open_attempts, :charge_rows, :sha256_focus_1_2, :sha256_focus_1_4
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
SELECT * FROM attempts WHERE state IN ('held', 'dispatching', 'running', 'in_doubt')
ORDER BY created_at, id;

-- name: latest_posted
-- Of each offer at each of its prices the ten attempts posted last of which a provider has said
-- what it charged, the oldest first.
SELECT * FROM (
    SELECT attempts.*, ROW_NUMBER() OVER (
        PARTITION BY provider, slug, resolution, price_from ORDER BY ended_at DESC, id DESC
    ) AS place
    FROM attempts WHERE state = 'posted' AND reported_amount IS NOT NULL
) AS placed
WHERE place <= 10 ORDER BY ended_at, id;

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

-- name: budget_hours_between
-- What every account was charged by the hour within a time, the oldest hour first.
SELECT * FROM budget_hours WHERE hour >= :since AND hour < :until ORDER BY hour;

-- name: spent_hours
-- What was charged by the hour within a time, of all that is meant; presumed charges included.
SELECT
    substr(bucket, 1, 14) || '00:00.000000Z' AS hour, SUM(posted) + SUM(presumed) AS charged
FROM spending
WHERE span = CASE WHEN :tag = '' THEN 'hour' ELSE 'tagged_quarter' END
    AND bucket >= :since AND bucket < :until
    AND (:provider = '' OR provider = :provider) AND (:tenant = '' OR tenant = :tenant)
    AND (:resolution = '' OR resolution = :resolution) AND (:model = '' OR model = :model)
    AND (:tag = '' OR REPLACE(tags, :tag, '') <> tags)
GROUP BY 1 ORDER BY 1;

-- name: refusals_since
-- What each budget has refused since an instant. A count of none may stand there to be locked.
SELECT budget, scope, SUM(jobs) AS jobs, SUM(amount) AS amount FROM refusals
WHERE hour >= :since AND jobs > 0 GROUP BY budget, scope ORDER BY budget, scope;

-- name: refused_between
-- What each budget has refused in the hours of a time.
SELECT budget, scope, SUM(jobs) AS jobs, SUM(amount) AS amount FROM refusals
WHERE hour >= :since AND hour < :until AND jobs > 0
GROUP BY budget, scope ORDER BY budget, scope;

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

-- name: put_spending
-- Add to what was spent within a time.
INSERT INTO spending (
    span, bucket, provider, model, resolution, tenant, tags, key_id,
    entries, attempts, delivered, posted, presumed, list_cost, avoided, missed, refunded, over,
    under, drifted
) VALUES (
    :span, :bucket, :provider, :model, :resolution, :tenant, :tags, :key_id,
    :entries, :attempts, :delivered, :posted, :presumed, :list_cost, :avoided, :missed, :refunded,
    :over, :under, :drifted
)
ON CONFLICT (span, bucket, provider, model, resolution, tenant, tags, key_id) DO UPDATE SET
    entries = spending.entries + excluded.entries,
    attempts = spending.attempts + excluded.attempts,
    delivered = spending.delivered + excluded.delivered,
    posted = spending.posted + excluded.posted,
    presumed = spending.presumed + excluded.presumed,
    list_cost = spending.list_cost + excluded.list_cost,
    avoided = spending.avoided + excluded.avoided,
    missed = spending.missed + excluded.missed,
    refunded = spending.refunded + excluded.refunded,
    over = spending.over + excluded.over,
    under = spending.under + excluded.under,
    drifted = spending.drifted + excluded.drifted;

-- name: put_tag_keys
-- Note that a tag was there; again is as once.
INSERT INTO tag_keys (day, tenant, tag) VALUES (:day, :tenant, :tag)
ON CONFLICT (day, tenant, tag) DO NOTHING;

-- name: put_endings
-- Count how jobs ended.
INSERT INTO endings (model, resolution, outcome, jobs)
VALUES (:model, :resolution, :outcome, :jobs)
ON CONFLICT (model, resolution, outcome) DO UPDATE SET jobs = endings.jobs + excluded.jobs;

-- name: spending_bounds
-- When the first and the last days begin that anything was spent on, or is held since.
SELECT MIN(at) AS first, MAX(at) AS last FROM (
    SELECT MIN(bucket) AS at FROM spending WHERE span = 'day'
    UNION ALL
    SELECT MAX(bucket) FROM spending WHERE span = 'day'
    UNION ALL
    SELECT MIN(created_at) FROM attempts
    WHERE state IN ('held', 'dispatching', 'running', 'in_doubt')
    UNION ALL
    SELECT MAX(created_at) FROM attempts
    WHERE state IN ('held', 'dispatching', 'running', 'in_doubt')
) AS bounds;

-- name: began
-- When the first hold was placed.
SELECT at FROM entries ORDER BY seq LIMIT 1;

-- name: names_offered
-- Some of the names that anything was spent under within days: those that come first.
SELECT * FROM (
    SELECT DISTINCT 'provider' AS kind, provider AS name FROM spending
    WHERE span = 'day' AND bucket >= :since AND bucket < :until
        AND (:tenant = '' OR tenant = :tenant)
    ORDER BY name LIMIT :most
) AS providers
UNION ALL
SELECT * FROM (
    SELECT DISTINCT 'model' AS kind, model AS name FROM spending
    WHERE span = 'day' AND bucket >= :since AND bucket < :until
        AND (:tenant = '' OR tenant = :tenant)
    ORDER BY name LIMIT :most
) AS models
UNION ALL
SELECT * FROM (
    SELECT DISTINCT 'resolution' AS kind, resolution AS name FROM spending
    WHERE span = 'day' AND bucket >= :since AND bucket < :until
        AND (:tenant = '' OR tenant = :tenant)
    ORDER BY name LIMIT :most
) AS resolutions
UNION ALL
SELECT * FROM (
    SELECT DISTINCT 'tenant' AS kind, tenant AS name FROM spending
    WHERE span = 'day' AND bucket >= :since AND bucket < :until
        AND (:tenant = '' OR tenant = :tenant)
    ORDER BY name LIMIT :most
) AS tenants
UNION ALL
SELECT * FROM (
    SELECT DISTINCT 'tag' AS kind, tag AS name FROM tag_keys
    WHERE day >= :since AND day < :until AND (:tenant = '' OR tenant = :tenant)
    ORDER BY name LIMIT :most
) AS tags;

-- name: names
-- Providers and models that anything was ever spent, held or closed under; of a tenant its own.
WITH used AS (
    SELECT DISTINCT provider, model FROM spending
    WHERE span = 'ever' AND (:tenant = '' OR tenant = :tenant)
    UNION
    SELECT provider, model FROM attempts
    WHERE state IN ('held', 'dispatching', 'running', 'in_doubt')
        AND (:tenant = '' OR tenant = :tenant)
)
SELECT 'provider' AS kind, provider AS name FROM used
UNION SELECT 'model', model FROM used
UNION SELECT 'model', model FROM endings WHERE :tenant = ''
UNION SELECT 'provider', provider FROM account_events WHERE :tenant = ''
UNION SELECT 'provider', provider FROM periods WHERE :tenant = ''
UNION SELECT 'provider', provider FROM balance_readings WHERE :tenant = ''
UNION SELECT 'provider', provider FROM statements WHERE :tenant = '';

-- name: jobs_ended
-- How many jobs ended how.
SELECT model, resolution, outcome, jobs FROM endings
WHERE jobs <> 0 ORDER BY model, resolution, outcome;

-- name: endings_out_of_balance
-- Counts of ends that are not the jobs'; each counts as a nano-dollar. No rows: they are right.
SELECT ABS(SUM(jobs)) AS difference FROM (
    SELECT model, resolution, outcome, jobs FROM endings
    UNION ALL
    SELECT model, resolution, COALESCE(error_code, state), -1 FROM jobs WHERE ended_at IS NOT NULL
) AS counts GROUP BY model, resolution, outcome HAVING SUM(jobs) <> 0;

-- name: double_spending
-- What was posted for jobs beyond their dearest posting: the price of asking twice.
SELECT COALESCE(SUM(total - most), 0) AS amount FROM (
    SELECT SUM(posted) AS total, MAX(posted) AS most FROM attempts
    WHERE state = 'posted' AND job_id IN (
        SELECT job_id FROM attempts WHERE number > 1 AND state = 'posted'
    )
    GROUP BY job_id
) AS paid;

-- name: paid_again
-- All that was ever posted, until an instant, for jobs that several attempts were paid for, and
-- something of that within a time. Those jobs are few: SQLite begins there where joins are called
-- cross joins, whose order it keeps.
WITH again AS (
    SELECT DISTINCT attempts.job_id AS job_id
    FROM attempts CROSS JOIN attempts AS other
    WHERE attempts.number > 1 AND attempts.state = 'posted' AND other.job_id = attempts.job_id
        AND other.id <> attempts.id AND other.state = 'posted'
        AND (:tenant = '' OR attempts.tenant = :tenant)
)
SELECT
    entries.at AS at, attempts.job_id AS job_id, attempts.id AS attempt_id,
    attempts.provider AS provider, attempts.model AS model, attempts.resolution AS resolution,
    attempts.tenant AS tenant, attempts.tags AS tags, entries.posted AS amount
FROM again CROSS JOIN attempts CROSS JOIN entries
WHERE attempts.job_id = again.job_id AND entries.attempt_id = attempts.id
    AND entries.posted <> 0 AND entries.at < :until AND EXISTS (
    SELECT 1 FROM attempts AS tried JOIN entries AS late ON late.attempt_id = tried.id
    WHERE tried.job_id = again.job_id AND late.posted <> 0
        AND late.at >= :since AND late.at < :until
)
ORDER BY attempts.job_id, entries.seq;

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

-- name: ended_session
-- A session that was signed out of.
SELECT ends_at FROM ended_sessions WHERE id = :id;

-- name: end_session
-- Remember that a session was signed out of; again is as once.
INSERT INTO ended_sessions (id, ends_at) VALUES (:id, :ends_at) ON CONFLICT (id) DO NOTHING;

-- name: forget_sessions
-- Drop what has ended by itself.
DELETE FROM ended_sessions WHERE ends_at <= :before;

-- name: policy
-- The files of a policy that was in force once.
SELECT bundle FROM policies WHERE hash = :hash;

-- name: bundles_in_use
-- The files of policies that unfinished jobs began under, or jobs with money held or in doubt.
SELECT bundle FROM policies WHERE hash IN (
    SELECT policy_hash FROM jobs WHERE state IN ('queued', 'running')
    UNION SELECT policy_hash FROM jobs JOIN attempts ON attempts.job_id = jobs.id
    WHERE attempts.state IN ('held', 'dispatching', 'running', 'in_doubt')
) ORDER BY at, hash;

-- name: keep_policy
-- Keep a policy's files; what is known by that hash already is the same.
INSERT INTO policies (hash, name, at, bundle) VALUES (:hash, :name, :at, :bundle)
ON CONFLICT (hash) DO NOTHING;

-- name: account_events
-- What passed between us and a provider, or all of them, within a time.
SELECT * FROM account_events
WHERE (:provider = '' OR provider = :provider) AND at >= :since AND at < :until
ORDER BY at, id;

-- name: came_in
-- What of one kind has come onto a provider's account since an instant.
SELECT COALESCE(SUM(amount), 0) AS amount FROM account_events
WHERE provider = :provider AND kind = :kind AND at >= :since;

-- name: periods
-- All months that are closed, the oldest first.
SELECT * FROM periods ORDER BY month, provider;

-- name: unsettled
-- How many of a provider's attempts of a time may still cost something, and how much.
SELECT COUNT(*) AS attempts, COALESCE(SUM(quoted), 0) AS amount FROM attempts
WHERE provider = :provider AND created_at >= :since AND created_at < :until
    AND state IN ('held', 'dispatching', 'running', 'in_doubt', 'posted_presumed');

-- name: bookings
-- A page of what was booked within a time, after a given entry: each with its overage, what of the
-- attempt was posted before, and since when. Money that is presumed is not booked.
SELECT
    entries.seq AS seq, entries.at AS at, entries.who AS who,
    entries.posted + CASE WHEN entries.kind = 'post' OR entries.presumed <> 0 THEN COALESCE(
        (SELECT SUM(beyond.posted) FROM entries AS beyond
         WHERE beyond.attempt_id = entries.attempt_id AND beyond.kind = 'overage'), 0)
    ELSE 0 END AS amount,
    (SELECT COALESCE(SUM(earlier.posted), 0) FROM entries AS earlier
     WHERE earlier.attempt_id = entries.attempt_id AND earlier.seq < entries.seq) AS so_far,
    (SELECT MIN(earlier.at) FROM entries AS earlier
     WHERE earlier.attempt_id = entries.attempt_id AND earlier.seq < entries.seq
         AND earlier.posted <> 0) AS first_at,
    attempts.id AS attempt_id, attempts.job_id AS job_id, attempts.tenant AS tenant,
    attempts.tags AS tags, attempts.provider AS provider, attempts.model AS model,
    attempts.slug AS slug, attempts.resolution AS resolution, attempts.quoted AS quoted,
    attempts.list_price AS list_price, attempts.dearest AS dearest,
    COALESCE(attempts.dispatched_at, attempts.created_at) AS began_at,
    attempts.reported_amount AS reported_amount,
    jobs.decision AS decision, jobs.policy_hash AS policy_hash
FROM entries
JOIN attempts ON attempts.id = entries.attempt_id
JOIN jobs ON jobs.id = attempts.job_id
WHERE entries.kind IN ('post', 'adjust')
    AND entries.at >= :after_at AND entries.at < :until
    AND (entries.at > :after_at OR entries.seq > :after_seq)
    AND (:tenant = '' OR attempts.tenant = :tenant)
    AND (:provider = '' OR attempts.provider = :provider)
ORDER BY entries.at, entries.seq LIMIT :most;

-- name: refusals_between
-- What each budget has refused, by hour.
SELECT * FROM refusals WHERE hour >= :since AND hour < :until AND jobs > 0
ORDER BY hour, budget, scope;

-- name: past_jobs_count
-- How many jobs were admitted within a time.
SELECT COUNT(*) AS jobs FROM jobs WHERE created_at >= :since AND created_at < :until;

-- name: last_job
-- The youngest job.
SELECT MAX(id) AS id FROM jobs;

-- name: job_after
-- Where a page of jobs ends that begins after a job.
SELECT id FROM jobs WHERE id > :after ORDER BY id LIMIT 1 OFFSET :skipped;

-- name: past_attempts
-- The attempts of a page of jobs, as far as money and time go.
SELECT
    job_id, provider, resolution, state, quoted, posted, outcome, created_at, ended_at
FROM attempts WHERE job_id > :after AND job_id <= :upto ORDER BY job_id, number;

-- name: browse
-- Of the next so many jobs before a given one, the newest first, those that are meant.
SELECT * FROM (
    SELECT * FROM jobs WHERE id < :after AND id >= :low ORDER BY id DESC LIMIT :within
) AS looked
WHERE (:model = '' OR model = :model) AND (:resolution = '' OR resolution = :resolution)
    AND (:tag = '' OR REPLACE(tags, :tag, '') <> tags)
    AND (:provider = '' OR EXISTS (
        SELECT 1 FROM attempts WHERE job_id = looked.id AND provider = :provider
    ))
    AND (:money = '' OR EXISTS (
        SELECT 1 FROM attempts WHERE job_id = looked.id AND (
            state = :money
            OR (:money = 'held' AND state IN ('dispatching', 'running'))
            OR (:money = 'drifted' AND charged > 0 AND charged <> quoted)
            OR (:money = 'paid_twice' AND number > 1 AND posted > 0 AND EXISTS (
                SELECT 1 FROM attempts AS other
                WHERE other.job_id = looked.id AND other.id <> attempts.id AND other.posted > 0
            ))
            OR (:money = 'undelivered' AND state = 'posted' AND posted > 0
                AND COALESCE(outcome, '') <> 'delivered')
        )
    ))
ORDER BY id DESC LIMIT :most;

-- name: browse_tenant
-- The same of one tenant's jobs.
SELECT * FROM (
    SELECT * FROM jobs WHERE tenant = :tenant AND id < :after AND id >= :low
    ORDER BY id DESC LIMIT :within
) AS looked
WHERE (:model = '' OR model = :model) AND (:resolution = '' OR resolution = :resolution)
    AND (:tag = '' OR REPLACE(tags, :tag, '') <> tags)
    AND (:provider = '' OR EXISTS (
        SELECT 1 FROM attempts WHERE job_id = looked.id AND provider = :provider
    ))
    AND (:money = '' OR EXISTS (
        SELECT 1 FROM attempts WHERE job_id = looked.id AND (
            state = :money
            OR (:money = 'held' AND state IN ('dispatching', 'running'))
            OR (:money = 'drifted' AND charged > 0 AND charged <> quoted)
            OR (:money = 'paid_twice' AND number > 1 AND posted > 0 AND EXISTS (
                SELECT 1 FROM attempts AS other
                WHERE other.job_id = looked.id AND other.id <> attempts.id AND other.posted > 0
            ))
            OR (:money = 'undelivered' AND state = 'posted' AND posted > 0
                AND COALESCE(outcome, '') <> 'delivered')
        )
    ))
ORDER BY id DESC LIMIT :most;

-- name: looked_to
-- The last of the next so many jobs, if there are as many.
SELECT id FROM jobs WHERE id < :after AND id >= :low ORDER BY id DESC LIMIT 1 OFFSET :before;

-- name: looked_to_tenant
-- The same of one tenant's jobs.
SELECT id FROM jobs WHERE tenant = :tenant AND id < :after AND id >= :low
ORDER BY id DESC LIMIT 1 OFFSET :before;

-- name: open_money
-- What is held and in doubt now, and since when the oldest of it.
SELECT
    provider, model, resolution, tenant, tags,
    CASE WHEN state = 'in_doubt' THEN 'in_doubt' ELSE 'held' END AS money,
    COUNT(*) AS attempts, SUM(quoted) AS amount, MIN(created_at) AS oldest
FROM attempts WHERE state IN ('held', 'dispatching', 'running', 'in_doubt')
GROUP BY provider, model, resolution, tenant, tags, money
ORDER BY provider, model, resolution, tenant, tags, money;

-- name: presumed_money
-- What is presumed charged now, and since when the oldest of it was held.
SELECT
    provider, model, resolution, tenant, tags, 'posted_presumed' AS money,
    COUNT(*) AS attempts, SUM(quoted) AS amount, MIN(created_at) AS oldest
FROM attempts WHERE state = 'posted_presumed'
GROUP BY provider, model, resolution, tenant, tags
ORDER BY provider, model, resolution, tenant, tags;

-- name: presumed
-- The attempts that are presumed charged now, the oldest first.
SELECT * FROM attempts WHERE state = 'posted_presumed' ORDER BY id;

-- name: drifted
-- Attempts that came to be charged what was not their price within a time, and how much above it:
-- of those that are meant, the first ones.
WITH moved AS (
    SELECT attempt_id, SUM(over) - SUM(under) AS above, SUM(drifted) AS charges FROM flows
    WHERE at >= :since AND at < :until AND (over <> 0 OR under <> 0 OR drifted <> 0)
    GROUP BY attempt_id
)
SELECT attempts.*, moved.above AS above, moved.charges AS charges
FROM moved JOIN attempts ON attempts.id = moved.attempt_id
WHERE (:provider = '' OR provider = :provider) AND (:tenant = '' OR tenant = :tenant)
    AND (:resolution = '' OR resolution = :resolution) AND (:model = '' OR model = :model)
    AND (:tag = '' OR REPLACE(tags, :tag, '') <> tags)
ORDER BY attempts.ended_at, attempts.id LIMIT :most;

-- name: ended_lately
-- The last attempts that ended since an instant, the newest first.
SELECT provider, slug, resolution, outcome, dispatched_at, accepted_at, ended_at, queue_s,
    execution_s
FROM attempts WHERE ended_at >= :since ORDER BY ended_at DESC LIMIT :most;
