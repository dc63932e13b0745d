-- A request that is sent again without an idempotency key is known by its fingerprint; and one
-- request may buy several jobs, which are held for together.

ALTER TABLE jobs ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN batch TEXT;
CREATE INDEX jobs_by_fingerprint ON jobs (tenant, fingerprint, created_at) WHERE fingerprint <> '';
CREATE INDEX jobs_of_a_batch ON jobs (batch) WHERE batch IS NOT NULL;
