-- What a decision saw is kept with its job, and every policy that was in force under its hash: both
-- together tell why a job went where it went, for as long as the ledger is kept.

-- Of jobs that were taken before, it is not known.
ALTER TABLE jobs ADD COLUMN evidence TEXT;

CREATE TABLE policies (
    hash   TEXT PRIMARY KEY,
    name   TEXT NOT NULL,
    at     TEXT NOT NULL, -- since when it has been known here
    bundle TEXT NOT NULL  -- all of its files, as JSON
) STRICT, WITHOUT ROWID;
CREATE TRIGGER policies_are_facts_not_changed BEFORE UPDATE ON policies
    BEGIN SELECT RAISE(ABORT, 'a policy that was in force is a fact: it is never changed'); END;
CREATE TRIGGER policies_are_facts_not_removed BEFORE DELETE ON policies
    BEGIN SELECT RAISE(ABORT, 'a policy that was in force is a fact: it is never removed'); END;

-- The alerts of now are few among those of all time.
CREATE INDEX alerts_by_end ON alerts (window_end);
