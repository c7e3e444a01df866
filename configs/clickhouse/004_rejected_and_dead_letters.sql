-- What was refused, with the reason, so that nobody has to guess what became of an event.
CREATE TABLE IF NOT EXISTS events_rejected
(
    received_time DateTime64(3, 'UTC') COMMENT 'When the edge received the batch',
    game_id LowCardinality(String) COMMENT 'The tenant whose key sent it',
    env LowCardinality(String) COMMENT 'Environment of the key',
    rejection_id String COMMENT 'Derived from the body and the index: a retry of the same body is the same row',
    trace_id String COMMENT 'Trace id of the request',
    event_index UInt32 COMMENT 'Position in the batch, from 0',
    event_id String COMMENT 'event_id as sent; empty if absent or unreadable',
    event String COMMENT 'Event name as sent; empty if absent or unreadable',
    code LowCardinality(String) COMMENT 'Stable rejection code',
    pointer String COMMENT 'JSON pointer to the field at fault',
    detail String COMMENT 'What was expected',
    payload String COMMENT 'The event as received, cut at the size limit' CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree(received_time)
ORDER BY (game_id, env, code, rejection_id)
SETTINGS non_replicated_deduplication_window = 10000,
    replicated_deduplication_window = 10000,
    replicated_deduplication_window_seconds = 1209600
COMMENT 'Rejected events with their reason';

-- What was accepted and could not be stored: kept whole until a person has looked at it.
CREATE TABLE IF NOT EXISTS dead_letters
(
    dead_time DateTime64(3, 'UTC') COMMENT 'When it was given up',
    dead_letter_id String COMMENT 'Identity: the message and, for a single row, its position in it',
    reason LowCardinality(String) COMMENT 'row_refused, message_unreadable, or message_not_stored: its retries ran out, or too many rows were refused',
    detail String COMMENT 'What the database or the decoder said',
    game_id LowCardinality(String) COMMENT 'The tenant; empty if the message cannot be read',
    env LowCardinality(String) COMMENT 'Environment; empty if the message cannot be read',
    trace_id String COMMENT 'Trace id of the request; empty if the message cannot be read',
    target LowCardinality(String) COMMENT 'Table that the payload was meant for; empty for a whole message',
    encoding LowCardinality(String) COMMENT 'ndjson (one row) or base64 (a whole message)',
    payload String COMMENT 'The bytes that were not stored, so that they can be sent again' CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree(dead_time)
ORDER BY (game_id, env, dead_letter_id)
SETTINGS non_replicated_deduplication_window = 10000,
    replicated_deduplication_window = 10000,
    replicated_deduplication_window_seconds = 1209600
COMMENT 'Accepted data that could not be stored';
