-- In whose place a key was put, and which was put in its own: of these no more than two work. Of a
-- key that was rotated before, neither is known.

ALTER TABLE api_keys ADD COLUMN predecessor TEXT COLLATE "C";
ALTER TABLE api_keys ADD COLUMN successor TEXT COLLATE "C";
