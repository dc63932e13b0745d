-- What the pages need: sessions that people ended, and quick ways to what should be looked at.

-- A session that was signed out of, until it would have ended by itself.
CREATE TABLE ended_sessions (
    id      TEXT PRIMARY KEY,
    ends_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- They are few among all attempts.
CREATE INDEX attempts_presumed ON attempts (id) WHERE state = 'posted_presumed';
