-- What a decision saw is kept with its job, and every policy that was in force under its hash: both
-- together tell why a job went where it went, for as long as the ledger is kept.

-- Of jobs that were taken before, it is not known.
ALTER TABLE jobs ADD COLUMN evidence TEXT COLLATE "C";

CREATE TABLE policies (
    hash   TEXT COLLATE "C" PRIMARY KEY,
    name   TEXT COLLATE "C" NOT NULL,
    at     TEXT COLLATE "C" NOT NULL, -- since when it has been known here
    bundle TEXT COLLATE "C" NOT NULL  -- all of its files, as JSON
);
CREATE TRIGGER policies_are_facts BEFORE UPDATE OR DELETE OR TRUNCATE ON policies
    FOR EACH STATEMENT EXECUTE FUNCTION an_entry_is_a_fact();

-- The alerts of now are few among those of all time.
CREATE INDEX alerts_by_end ON alerts (window_end);
