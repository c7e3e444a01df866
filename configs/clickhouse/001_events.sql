-- Every accepted event, once.
--
-- The sorting key and the partition must not depend on anything that changes between two attempts to send
-- the same event: the receive time does, and so does event_time, which is corrected with it. They are built
-- from what the client repeats: game, environment, event name, the client's own time, user and event_id.
-- Of two attempts the first one received is kept (row_version falls as received_time rises), so a late
-- retry never moves a figure.
CREATE TABLE IF NOT EXISTS events
(
    event_time DateTime64(3, 'UTC') COMMENT 'When it happened: the client time after correction; the time that every metric uses',
    game_id LowCardinality(String) COMMENT 'The tenant',
    env LowCardinality(String) COMMENT 'Environment of the game: prod, staging, ...',
    user_id String COMMENT 'The counted identity, pseudonymous',
    session_id String COMMENT 'Session of the client; empty where the event has none',
    event LowCardinality(String) COMMENT 'Canonical dotted name from the catalog, such as session.start',
    channel LowCardinality(String) COMMENT 'Store or acquisition channel',
    platform LowCardinality(String) COMMENT 'ios, android, windows, macos, linux, web, ps, xbox or switch; empty if unknown',
    country LowCardinality(String) COMMENT 'ISO 3166-1 alpha-2 as sent; empty if unknown',
    app_version LowCardinality(String) COMMENT 'Version of the game client',
    event_id String COMMENT 'Idempotency key: sent by the client, or derived from the body and the index',
    props_json String COMMENT 'Properties of the event as a JSON object' CODEC(ZSTD(3)),
    device_id String COMMENT 'Device, pseudonymous; empty if not sent',
    region LowCardinality(String) COMMENT 'Geographic or server region',
    city LowCardinality(String) COMMENT 'City; empty if unknown',
    build_number LowCardinality(String) COMMENT 'Build of the game client',
    server LowCardinality(String) COMMENT 'Game server or shard',
    game_type LowCardinality(String) COMMENT 'Id from game_types.yaml',
    genre_code LowCardinality(String) COMMENT 'Code from taxonomy.yaml',
    client_time DateTime64(3, 'UTC') COMMENT 'The time that the client gave; may be wrong; part of the row identity',
    sent_time DateTime64(3, 'UTC') COMMENT 'When the client sent the batch, by its clock; 1970-01-01 if not sent',
    received_time DateTime64(3, 'UTC') COMMENT 'When the edge received the batch',
    skew_ms Int64 COMMENT 'event_time minus client_time, in milliseconds',
    time_method LowCardinality(String) COMMENT 'How event_time was found: client (as sent), sent_at (shifted by received_time - sent_time) or clamped (set to received_time)',
    row_version UInt64 DEFAULT 18446744073709551615 - toUInt64(toUnixTimestamp64Milli(received_time)) COMMENT 'The row received first has the highest version and is kept',
    INDEX event_time_range event_time TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(row_version)
-- One partition a month of client time; clocks outside 2020..2049 share one, so that no clock can open
-- more than 361 of them.
PARTITION BY if(client_time >= toDateTime64('2020-01-01 00:00:00', 3, 'UTC') AND client_time < toDateTime64('2050-01-01 00:00:00', 3, 'UTC'), toYYYYMM(client_time), 0)
PRIMARY KEY (game_id, env, event, toDate(client_time))
ORDER BY (game_id, env, event, toDate(client_time), user_id, event_id)
-- First layer against redelivery: the insert token. It must outlive the queue's retention (14 days).
-- A partition at rest for a day becomes one part, which FINAL reads several times as fast.
-- Retention drops whole months; deleting rows one by one would rewrite every part again and again.
SETTINGS non_replicated_deduplication_window = 10000,
    replicated_deduplication_window = 10000,
    replicated_deduplication_window_seconds = 1209600,
    min_age_to_force_merge_seconds = 86400,
    min_age_to_force_merge_on_partition_only = 1,
    ttl_only_drop_parts = 1
COMMENT 'Every accepted event; de-duplicated by row identity, read with FINAL or by unique counts';
