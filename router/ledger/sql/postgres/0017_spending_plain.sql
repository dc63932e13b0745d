-- What was spent, summed without regard to tags beside what is told apart by them. Where each edit
-- has a tag value of its own, as an order's number, the latter are as many as edits: whoever does
-- not ask for tags reads none of them. They are kept by day and by quarter of an hour alone.

CREATE TABLE spending_by_span (
    span       TEXT COLLATE "C" NOT NULL CHECK (span IN (
        'quarter', 'hour', 'day', 'ever', 'tagged_quarter', 'tagged_day'
    )),
    bucket     TEXT COLLATE "C" NOT NULL, -- when the time begins
    provider   TEXT COLLATE "C" NOT NULL,
    model      TEXT COLLATE "C" NOT NULL,
    resolution TEXT COLLATE "C" NOT NULL,
    tenant     TEXT COLLATE "C" NOT NULL,
    tags       TEXT COLLATE "C" NOT NULL, -- none but where the span is tagged
    key_id     TEXT COLLATE "C" NOT NULL,
    entries    BIGINT NOT NULL,
    attempts   BIGINT NOT NULL,
    delivered  BIGINT NOT NULL,
    posted     BIGINT NOT NULL,
    presumed   BIGINT NOT NULL,
    list_cost  BIGINT NOT NULL,
    avoided    BIGINT NOT NULL,
    missed     BIGINT NOT NULL,
    refunded   BIGINT NOT NULL,
    over       BIGINT NOT NULL,
    under      BIGINT NOT NULL,
    drifted    BIGINT NOT NULL,
    PRIMARY KEY (span, bucket, provider, model, resolution, tenant, tags, key_id)
);
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
    day    TEXT COLLATE "C" NOT NULL, -- when it begins
    tenant TEXT COLLATE "C" NOT NULL,
    tag    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (day, tenant, tag)
);
INSERT INTO tag_keys
SELECT DISTINCT bucket, tenant, pair ->> 0
FROM spending, jsonb_array_elements(tags::jsonb) AS pair
WHERE span = 'tagged_day';
