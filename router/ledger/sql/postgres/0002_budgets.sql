-- Budgets of every window. Two windows may begin at one instant, as a month and its first day do,
-- so a balance is known by both its ends; what there is, is added up anew from the journal.

ALTER TABLE balances DROP CONSTRAINT balances_pkey;
ALTER TABLE balances ADD PRIMARY KEY (budget, scope, window_start, window_end);
DELETE FROM balances;
INSERT INTO balances
SELECT
    line ->> 0, line ->> 1, line ->> 2, line ->> 3,
    SUM(entries.posted), SUM(entries.presumed), SUM(entries.held), SUM(entries.in_doubt)
FROM entries
JOIN attempts ON attempts.id = entries.attempt_id,
    jsonb_array_elements(attempts.windows::jsonb) AS line
GROUP BY 1, 2, 3, 4;
-- The windows of now are few among those of all time, and are asked for often.
CREATE INDEX balances_by_end ON balances (window_end);

-- Raises of a budget's limit by people, each until an instant. Facts, as entries are.
CREATE TABLE raises (
    id         TEXT COLLATE "C" PRIMARY KEY,
    budget     TEXT COLLATE "C" NOT NULL,
    scope      TEXT COLLATE "C" NOT NULL, -- one account's, or of none in particular when empty
    amount     BIGINT NOT NULL CHECK (amount > 0),
    created_at TEXT COLLATE "C" NOT NULL,
    until      TEXT COLLATE "C" NOT NULL,
    who        TEXT COLLATE "C" NOT NULL,
    reason     TEXT COLLATE "C" NOT NULL,
    CHECK (created_at < until)
);
CREATE INDEX raises_of_a_budget ON raises (budget);

-- Thresholds that a budget's window has reached, each once. Facts too.
CREATE TABLE alerts (
    budget       TEXT COLLATE "C" NOT NULL,
    scope        TEXT COLLATE "C" NOT NULL,
    window_start TEXT COLLATE "C" NOT NULL,
    window_end   TEXT COLLATE "C" NOT NULL,
    rolling      BIGINT NOT NULL CHECK (rolling IN (0, 1)),
    percent      BIGINT NOT NULL,
    at           TEXT COLLATE "C" NOT NULL,
    charged      BIGINT NOT NULL,
    limit_amount BIGINT NOT NULL,
    PRIMARY KEY (budget, scope, window_start, window_end, percent)
);
CREATE TRIGGER raises_are_facts BEFORE UPDATE OR DELETE OR TRUNCATE ON raises
    FOR EACH STATEMENT EXECUTE FUNCTION an_entry_is_a_fact();
CREATE TRIGGER alerts_are_facts BEFORE UPDATE OR DELETE OR TRUNCATE ON alerts
    FOR EACH STATEMENT EXECUTE FUNCTION an_entry_is_a_fact();

-- What a key may spend itself, as `$20.00 per month`.
ALTER TABLE api_keys ADD COLUMN budget TEXT COLLATE "C";
