-- Environments, key ids, users and the outbox of the audit log. games and keys are built anew: SQLite adds neither
-- a random default nor a constraint to a table that exists.
PRAGMA defer_foreign_keys = on;

CREATE TABLE games_2 (
  game_id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  time_zone TEXT NOT NULL DEFAULT 'UTC',
  game_type TEXT NOT NULL DEFAULT '',
  event_mode TEXT NOT NULL DEFAULT 'strict' CHECK (event_mode IN ('strict', 'open')),
  -- JSON: customEventsSchema of src/event/game-profile.ts
  custom_events TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(custom_events)),
  -- JSON list of origins whose pages may send events; "*" allows every one
  allowed_origins TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(allowed_origins)),
  pseudonymize INTEGER NOT NULL DEFAULT 0 CHECK (pseudonymize IN (0, 1)),
  -- 256 bits in hex; another one would make other pseudonyms of the same users
  pseudonym_secret TEXT NOT NULL DEFAULT (lower(hex(randomblob(32)))),
  -- JSON list of names of properties whose values are never stored
  masked_properties TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(masked_properties)),
  created_time TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  archived_time TEXT
) WITHOUT ROWID;

INSERT INTO games_2 (game_id, name, time_zone, pseudonym_secret, created_time)
SELECT game_id, name, time_zone, lower(hex(randomblob(32))), created_time FROM games;

CREATE TABLE environments (
  game_id TEXT NOT NULL REFERENCES games_2 (game_id),
  env TEXT NOT NULL,
  created_time TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  PRIMARY KEY (game_id, env)
) WITHOUT ROWID;

INSERT INTO environments (game_id, env, created_time)
SELECT game_id, env, min(created_time) FROM keys GROUP BY game_id, env;

CREATE TABLE keys_2 (
  -- Public: it names the key in lists, logs and signed requests
  key_id TEXT PRIMARY KEY DEFAULT ('k_' || lower(hex(randomblob(8)))),
  key_hash TEXT NOT NULL UNIQUE,
  game_id TEXT NOT NULL,
  env TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('write', 'server', 'read')),
  label TEXT NOT NULL DEFAULT '',
  created_time TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  -- Set when the key was replaced: until then both work
  expires_time TEXT,
  revoked_time TEXT,
  FOREIGN KEY (game_id, env) REFERENCES environments (game_id, env)
) WITHOUT ROWID;

INSERT INTO keys_2 (key_id, key_hash, game_id, env, kind, label, created_time, revoked_time)
SELECT 'k_' || lower(hex(randomblob(8))), key_hash, game_id, env, kind, label, created_time, revoked_time
FROM keys;

DROP TABLE keys;
DROP TABLE games;
ALTER TABLE games_2 RENAME TO games;
ALTER TABLE keys_2 RENAME TO keys;
CREATE INDEX keys_by_game ON keys (game_id, env);

CREATE TABLE users (
  user_id TEXT PRIMARY KEY,
  -- A role of configs/rbac.json
  role TEXT NOT NULL,
  -- JSON list of game ids, or * for all
  games TEXT NOT NULL CHECK (games = '*' OR json_valid(games)),
  -- Part of every token: raising it withdraws the tokens that were made before
  token_version INTEGER NOT NULL DEFAULT 1,
  created_time TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  disabled_time TEXT
) WITHOUT ROWID;

-- Lines of audit_log that were committed with the change they tell of and wait to be sent. AUTOINCREMENT: an id
-- that was used again could be removed by a call that had sent its predecessor.
CREATE TABLE audit_outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  row TEXT NOT NULL,
  created_time TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
