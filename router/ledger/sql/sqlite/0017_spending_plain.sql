-- What was spent, summed without regard to tags beside what is told apart by them. Where each edit
-- has a tag value of its own, as an order's number, the latter are as many as edits: whoever does
-- not ask for tags reads none of them. They are kept by day and by quarter of an hour alone.

CREATE TABLE spending_by_span (
    span       TEXT NOT NULL CHECK (span IN (
        'quarter', 'hour', 'day', 'ever', 'tagged_quarter', 'tagged_day'
    )),
    bucket     TEXT NOT NULL, -- when the time begins
    provider   TEXT NOT NULL,
    model      TEXT NOT NULL,
    resolution TEXT NOT NULL,
    tenant     TEXT NOT NULL,
    tags       TEXT NOT NULL, -- none but where the span is tagged
    key_id     TEXT NOT NULL,
    entries    INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    delivered  INTEGER NOT NULL,
    posted     INTEGER NOT NULL,
    presumed   INTEGER NOT NULL,
    list_cost  INTEGER NOT NULL,
    avoided    INTEGER NOT NULL,
    missed     INTEGER NOT NULL,
    refunded   INTEGER NOT NULL,
    over       INTEGER NOT NULL,
    under      INTEGER NOT NULL,
    drifted    INTEGER NOT NULL,
    PRIMARY KEY (span, bucket, provider, model, resolution, tenant, tags, key_id)
) STRICT, WITHOUT ROWID;
INSERT INTO spending_by_span
SELECT
    span, bucket, provider, model, resolution, tenant, '[]', key_id, SUM(entries), SUM(attempts),
    SUM(delivered), SUM(posted), SUM(presumed), SUM(list_cost), SUM(avoided), SUM(missed),
    SUM(refunded), SUM(over), SUM(under), SUM(drifted)
FROM spending GROUP BY span, bucket, provider, model, resolution, tenant, key_id;
INSERT INTO spending_by_span
SELECT
    'tagged_' || span, bucket, provider, model, resolution, tenant, tags, key_id,
    entries, attempts, delivered, posted, presumed, list_cost, avoided, missed, refunded, over,
    under, drifted
FROM spending WHERE span IN ('day', 'quarter')
ORDER BY span, bucket, provider, model, resolution, tenant, tags, key_id;
DROP TABLE spending;
ALTER TABLE spending_by_span RENAME TO spending;

-- Which tags there were, whatever their values: what spend may be broken down by.
CREATE TABLE tag_keys (
    day    TEXT NOT NULL, -- when it begins
    tenant TEXT NOT NULL,
    tag    TEXT NOT NULL,
    PRIMARY KEY (day, tenant, tag)
) STRICT, WITHOUT ROWID;
INSERT INTO tag_keys
SELECT DISTINCT bucket, tenant, json_extract(pair.value, '$[0]')
FROM spending, json_each(tags) AS pair
WHERE span = 'tagged_day';
