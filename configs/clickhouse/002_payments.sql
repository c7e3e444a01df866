-- Payments: one row per (order, status). The order id is the identity, so the same order reported twice, by
-- the client and by the server, or with different times, is one payment; the server's word wins.
-- No partition by time: two reports of one order carry two times.
CREATE TABLE IF NOT EXISTS payments
(
    time DateTime64(3, 'UTC') COMMENT 'When the payment happened',
    game_id LowCardinality(String) COMMENT 'The tenant',
    env LowCardinality(String) COMMENT 'Environment of the game',
    user_id String COMMENT 'The paying user',
    order_id String COMMENT 'Identity of the order',
    amount_cents UInt64 COMMENT 'Amount in minor units of the currency; never negative',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    status LowCardinality(String) COMMENT 'success, refunded, failed or pending',
    channel LowCardinality(String) COMMENT 'Store or acquisition channel',
    platform LowCardinality(String) COMMENT 'Platform of the client',
    country LowCardinality(String) COMMENT 'ISO 3166-1 alpha-2',
    region LowCardinality(String) COMMENT 'Region',
    city LowCardinality(String) COMMENT 'City',
    product_id String COMMENT 'Product or SKU',
    reason String COMMENT 'Why it failed or was refunded',
    reported_by Enum8('client' = 0, 'server' = 1) COMMENT 'Who reported it',
    received_time DateTime64(3, 'UTC') COMMENT 'When the edge received the report',
    row_version UInt64 DEFAULT if(reported_by = 'server', 9223372036854775808, 0) + (4611686018427387904 - toUInt64(toUnixTimestamp64Milli(received_time))) COMMENT 'Server before client, then the first report'
)
ENGINE = ReplacingMergeTree(row_version)
ORDER BY (game_id, env, order_id, status)
SETTINGS non_replicated_deduplication_window = 10000,
    replicated_deduplication_window = 10000,
    replicated_deduplication_window_seconds = 1209600
COMMENT 'Payments by order and status; read with FINAL';
