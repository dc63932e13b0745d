-- A client that wants a job no longer is obeyed after a crash as well.

ALTER TABLE jobs ADD COLUMN called_off_at TEXT;
