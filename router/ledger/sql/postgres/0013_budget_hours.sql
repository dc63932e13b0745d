-- What a budget's accounts were charged in each hour of UTC, presumed charges included: the pace
-- that forecasts go by. The sum of the journal's moves by the hour of their entry, in each account
-- that their attempt counts against; what there is, is added up from the journal.

CREATE TABLE budget_hours (
    budget  TEXT COLLATE "C" NOT NULL,
    scope   TEXT COLLATE "C" NOT NULL,
    hour    TEXT COLLATE "C" NOT NULL,
    charged BIGINT NOT NULL, -- negative where more was given back than taken
    PRIMARY KEY (budget, scope, hour)
);
-- The hours of late are few among those of all time.
CREATE INDEX budget_hours_by_hour ON budget_hours (hour);
INSERT INTO budget_hours
SELECT
    line ->> 0, line ->> 1,
    substr(entries.at, 1, 13) || ':00:00.000000Z',
    SUM(entries.posted + entries.presumed)
FROM entries
JOIN attempts ON attempts.id = entries.attempt_id,
    jsonb_array_elements(attempts.windows::jsonb) AS line
WHERE entries.posted + entries.presumed <> 0
GROUP BY 1, 2, 3;
