-- What the pages need: sessions that people ended, and quick ways to what should be looked at.

-- A session that was signed out of, until it would have ended by itself.
CREATE TABLE ended_sessions (
    id      TEXT COLLATE "C" PRIMARY KEY,
    ends_at TEXT COLLATE "C" NOT NULL
);

-- They are few among all attempts.
CREATE INDEX attempts_presumed ON attempts (id) WHERE state = 'posted_presumed';
