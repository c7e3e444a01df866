-- Games and their keys. Only SHA-256 digests of keys are stored; a leaked table opens nothing.
CREATE TABLE games (
  game_id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  time_zone TEXT NOT NULL DEFAULT 'UTC',
  created_time TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) WITHOUT ROWID;

CREATE TABLE keys (
  key_hash TEXT PRIMARY KEY,
  game_id TEXT NOT NULL REFERENCES games (game_id),
  env TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('write', 'read')),
  label TEXT NOT NULL DEFAULT '',
  created_time TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  revoked_time TEXT
) WITHOUT ROWID;

CREATE INDEX keys_by_game ON keys (game_id, env);
