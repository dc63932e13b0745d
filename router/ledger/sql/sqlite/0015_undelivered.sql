-- What was billed and not delivered is little among all, and is asked for with every look at the
-- page.

CREATE INDEX attempts_undelivered ON attempts (ended_at)
    WHERE state = 'posted' AND posted > 0 AND COALESCE(outcome, '') <> 'delivered';
