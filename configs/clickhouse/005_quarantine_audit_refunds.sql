-- What replaying a quarantined event needs: whether it may pass one day, and the clocks of the attempt.
ALTER TABLE events_rejected
    ADD COLUMN IF NOT EXISTS verdict LowCardinality(String) DEFAULT 'rejected' COMMENT 'quarantined: may pass after a change of the catalog; rejected: never as it is',
    ADD COLUMN IF NOT EXISTS door LowCardinality(String) DEFAULT 'events' COMMENT 'events or payments: which contract the payload was judged by',
    ADD COLUMN IF NOT EXISTS reported_by LowCardinality(String) DEFAULT 'client' COMMENT 'client or server: the kind of key that sent it',
    ADD COLUMN IF NOT EXISTS sent_time DateTime64(3, 'UTC') COMMENT 'When the client sent the batch, by its clock; 1970-01-01 if not sent',
    ADD COLUMN IF NOT EXISTS sent_uptime_ms Nullable(UInt64) COMMENT 'Monotonic clock of the client when it sent the batch; null if not sent',
    ADD COLUMN IF NOT EXISTS origin String COMMENT 'JSON: country, region, city and platform that the connection told, and isBot; empty for a server',
    ADD COLUMN IF NOT EXISTS replayed_time DateTime64(3, 'UTC') COMMENT 'When it passed a replay; 1970-01-01 if it has not';

-- Where a value comes from that the client did not send, and what share of such events is stored.
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS enriched Array(LowCardinality(String)) COMMENT 'Columns that the edge filled in: country, region, city, platform',
    ADD COLUMN IF NOT EXISTS is_bot Bool DEFAULT false COMMENT 'The user agent was that of a known robot',
    ADD COLUMN IF NOT EXISTS sample_percent Float32 DEFAULT 100 COMMENT 'Share of such events that was stored when this one was, in percent';

-- A third way to find the time of an event.
ALTER TABLE events
    COMMENT COLUMN IF EXISTS time_method 'How event_time was found: client (as sent), sent_at (shifted by received_time - sent_time), uptime (by the monotonic clock) or clamped (set to received_time)';

-- An order can be refunded in parts; each part is a row.
ALTER TABLE payments
    ADD COLUMN IF NOT EXISTS refund_id String COMMENT 'Identity of the refund within its order; empty for other rows and for a refund of the whole',
    MODIFY ORDER BY (game_id, env, order_id, status, refund_id);

-- Who did what: every administrative call and every ingest request.
CREATE TABLE IF NOT EXISTS audit_log
(
    time DateTime64(3, 'UTC') COMMENT 'When the request arrived',
    game_id LowCardinality(String) COMMENT 'The game that it was about; empty for calls about none',
    env LowCardinality(String) COMMENT 'Environment; empty for calls about the whole game',
    actor_kind LowCardinality(String) COMMENT 'key, user or admin_key',
    actor_id String COMMENT 'Id of the key or the user; never the secret',
    action LowCardinality(String) COMMENT 'Such as events.track or keys.revoke',
    target String COMMENT 'What it was done to; empty for ingest',
    status UInt16 COMMENT 'HTTP status of the answer',
    trace_id String COMMENT 'Trace id of the request',
    accepted UInt32 COMMENT 'Events or payments that were accepted',
    rejected UInt32 COMMENT 'Events or payments that were not',
    bytes UInt32 COMMENT 'Bytes of the body as sent',
    snapshot String COMMENT 'What was sent, with every value masked' CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
-- status: where the answer of the control database was lost, a call leaves a row of its change and one of its failure.
ORDER BY (game_id, env, time, trace_id, action, target, status)
SETTINGS non_replicated_deduplication_window = 10000,
    replicated_deduplication_window = 10000,
    replicated_deduplication_window_seconds = 1209600,
    ttl_only_drop_parts = 1
COMMENT 'Every administrative call and every ingest request; a redelivered row replaces itself';
