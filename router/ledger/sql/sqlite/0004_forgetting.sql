-- Since when what a client sent is no longer kept. What stands in a request does not say so: a
-- prompt may have been empty from the start.

ALTER TABLE jobs ADD COLUMN prompt_forgotten_at TEXT;
ALTER TABLE jobs ADD COLUMN images_forgotten_at TEXT;
-- Jobs that still have something are few among all, where a policy says for how long.
CREATE INDEX jobs_with_prompt ON jobs (created_at, id) WHERE prompt_forgotten_at IS NULL;
CREATE INDEX jobs_with_images ON jobs (created_at, id) WHERE images_forgotten_at IS NULL;
