-- Queries whose words differ between the back ends: here PostgreSQL's. Rows are locked as they are
-- read, in the order of their keys, so that two writers never wait for each other in a circle.

-- name: get_jobs
SELECT * FROM jobs WHERE id = :id FOR UPDATE;

-- name: get_attempts
SELECT * FROM attempts WHERE id = :id FOR UPDATE;

-- name: get_idempotency
SELECT * FROM idempotency
WHERE tenant = :tenant AND idempotency_key = :idempotency_key FOR UPDATE;

-- name: get_balances
SELECT * FROM balances
WHERE budget = :budget AND scope = :scope AND window_start = :window_start FOR UPDATE;

-- name: get_refusals
SELECT * FROM refusals WHERE budget = :budget AND scope = :scope AND hour = :hour FOR UPDATE;
