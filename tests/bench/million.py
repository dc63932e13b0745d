"""A ledger of a million jobs, written as an older version left it, and opened by this one."""

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import apsw

from router.ledger.sql import migrations

JOBS = 1_000_000
DAYS = 60
TENANTS = 20
TEAMS = 5
VERSION = 8
"""The last version that kept no sums: those of later ones are made when it is opened."""
_JOBS = """
INSERT INTO jobs (id, tenant, key_id, model, resolution, tags, request, decision, policy_hash,
    state, created_at, deadline_at, ended_at, images, fingerprint, delivered_by, error_code)
SELECT id, tenant, 'key-1', 'nano-banana-2-edit', resolution, tags, '{}', '{}', '5eed',
    CASE WHEN fate IN ('lost', 'presumed') THEN 'failed' ELSE 'succeeded' END, at, at, ended, '[]',
    '', CASE WHEN fate IN ('lost', 'presumed') THEN NULL
        ELSE id || CASE fate WHEN 'voided' THEN '.2' ELSE '.1' END END,
    CASE WHEN fate IN ('lost', 'presumed') THEN 'provider_failed' END
FROM made
"""
_TRIED = """
CREATE TEMP TABLE tried AS
SELECT id || '.1' AS id, id AS job_id, 1 AS number, tenant, tags, provider, resolution, price,
    windows, at, ended, fate FROM made
UNION ALL
SELECT id || '.2', id, 2, tenant, tags,
    CASE provider WHEN 'runpod' THEN 'shortapi' ELSE 'runpod' END, resolution, price + 17000000,
    windows, at, ended, 'delivered' FROM made WHERE fate IN ('voided', 'twice')
"""
_ATTEMPTS = """
INSERT INTO attempts (id, job_id, number, tenant, tags, provider, model, slug, resolution, state,
    quoted, list_price, dearest, price_from, windows, callback_token, created_at, horizon_at,
    posted, outcome, dispatched_at, ended_at)
SELECT id, job_id, number, tenant, tags, provider, 'nano-banana-2-edit', 'slug', resolution,
    CASE fate WHEN 'voided' THEN 'voided' WHEN 'presumed' THEN 'posted_presumed'
        ELSE 'posted' END,
    price, price, 175000000, '2026-01-01T00:00:00.000000Z', windows, id, at, at,
    CASE WHEN fate IN ('voided', 'presumed') THEN 0 WHEN fate = 'drifted' THEN price + 3000000
        ELSE price END,
    CASE fate WHEN 'voided' THEN 'provider_refused' WHEN 'presumed' THEN 'provider_in_doubt'
        WHEN 'lost' THEN 'provider_attempt_failed' ELSE 'delivered' END,
    at, ended FROM tried
"""
_ENTRIES = """
INSERT INTO entries (at, attempt_id, kind, posted, presumed, held, in_doubt, who)
SELECT at, id, 'hold', 0, 0, price, 0, 'farebox' FROM tried
UNION ALL
SELECT ended, id, 'void', 0, 0, -price, 0, 'farebox' FROM tried WHERE fate = 'voided'
UNION ALL
SELECT ended, id, 'doubt', 0, 0, -price, price, 'farebox' FROM tried WHERE fate = 'presumed'
UNION ALL
SELECT ended, id, 'presume', 0, price, 0, -price, 'farebox' FROM tried WHERE fate = 'presumed'
UNION ALL
SELECT ended, id, 'post', price, 0, -price, 0, 'farebox' FROM tried
WHERE fate NOT IN ('voided', 'presumed')
UNION ALL
SELECT ended, id, 'overage', 3000000, 0, 0, 0, 'farebox' FROM tried WHERE fate = 'drifted'
"""
_BALANCES = """
INSERT INTO balances
SELECT json_extract(line.value, '$[0]'), json_extract(line.value, '$[1]'),
    json_extract(line.value, '$[2]'), json_extract(line.value, '$[3]'), SUM(posted),
    SUM(CASE state WHEN 'posted_presumed' THEN quoted ELSE 0 END), 0, 0
FROM attempts, json_each(attempts.windows) AS line GROUP BY 1, 2, 3, 4
"""
_MADE = """
CREATE TEMP TABLE made AS
WITH RECURSIVE numbers (n) AS (
    SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :jobs
), times AS (
    SELECT n, :first + n * :step AS ms FROM numbers
), named AS (
    SELECT n, ms, 'tenant-' || (n * 7919 % :tenants) AS tenant,
        strftime('%Y-%m-%dT%H:%M:%S', ms / 1000, 'unixepoch') || '.000000Z' AS at,
        strftime('%Y-%m-%dT%H:%M:%S', ms / 1000 + 9, 'unixepoch') || '.000000Z' AS ended,
        strftime('%Y-%m-01T00:00:00', ms / 1000, 'unixepoch') || '.000000Z' AS month,
        strftime('%Y-%m-01T00:00:00', ms / 1000, 'unixepoch', 'start of month', '+1 month')
            || '.000000Z' AS next_month
    FROM times
)
SELECT n, tenant, at, ended,
    printf('%08x-%04x-7000-8000-%012x', ms >> 16, ms & 65535, n) AS id,
    CASE n % 3 WHEN 0 THEN 'runpod' ELSE 'shortapi' END AS provider,
    CASE n % 5 WHEN 0 THEN '4k' WHEN 1 THEN '2k' ELSE '1k' END AS resolution,
    40000000 + n % 3 * 1000001 AS price,
    -- One of twenty fails over; some are paid twice, dearer than priced, lost, or never proved.
    CASE WHEN n % 20 = 0 THEN 'voided' WHEN n % 500 = 1 THEN 'twice' WHEN n % 250 = 2 THEN 'drifted'
        WHEN n % 400 = 3 THEN 'lost' WHEN n % 2000 = 4 THEN 'presumed' ELSE 'delivered' END AS fate,
    '[' || CASE WHEN :orders = 1 THEN '["order", "' || (100000000 + n) || '"], ' ELSE '' END
        || '["team", "team-' || (n % :teams) || '"]]' AS tags,
    '[["each-tenant-monthly", "tenant:' || tenant || '", "' || month || '", "' || next_month
        || '"], ["everyone-monthly", "everyone", "' || month || '", "' || next_month || '"]]'
        AS windows
FROM named
"""


def write_million(path: Path, now: datetime, *, jobs: int = JOBS, orders: bool = False) -> None:
    """
    Write the ledger.

    Args:
        path: Of the file, which is not there yet.
        now: When the last job ended; the others did in the `DAYS` before.
        jobs: How many.
        orders: Whether each has the number of an order as a tag, beside its team.
    """
    with closing(apsw.Connection(str(path))) as database:
        database.pragma("journal_mode", "off")
        database.pragma("synchronous", "off")
        for number, script in migrations("sqlite"):
            if number <= VERSION:
                database.execute(script)
        database.pragma("user_version", VERSION)
        first = int((now - timedelta(days=DAYS)).timestamp() * 1000)
        parameters = {
            "jobs": jobs,
            "first": first,
            "step": DAYS * 86_400_000 // jobs,
            "tenants": TENANTS,
            "teams": TEAMS,
            "orders": int(orders),
        }
        database.execute(_MADE, parameters)
        with database:
            for statement in (_JOBS, _TRIED, _ATTEMPTS, _ENTRIES, _BALANCES):
                database.execute(statement)


POLICY = """\
policy: bench
summary: The cheapest that is up.
prefer: lowest_price
failover: {providers_max: 2, double_spend_max: $3.00 per day}
prices: prices.yaml
budgets:
  - {name: everyone-monthly, who: everyone, limit: $900000.00, per: month}
  - {name: each-tenant-monthly, who: each_tenant, limit: $90000.00, per: month}
examples:
  - {job: 1k, expect: shortapi at $0.04}
"""
