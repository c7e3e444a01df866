-- Figures of days and minutes. A newer figure replaces an older one (version), never adds to it; read with FINAL or argMax(..., version), never with sum().
CREATE TABLE IF NOT EXISTS minute_online
(
    m DateTime('UTC') COMMENT 'Start of the minute',
    game_id LowCardinality(String) COMMENT 'The tenant',
    env LowCardinality(String) COMMENT 'Environment of the game',
    online UInt32 COMMENT 'Unique users online in the minute',
    version UInt64 COMMENT 'Milliseconds since 1970 at which the figure was taken'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(m)
ORDER BY (game_id, env, m)
COMMENT 'Users online per minute';

CREATE TABLE IF NOT EXISTS daily_users
(
    d Date COMMENT 'Day in the time zone of the game',
    game_id LowCardinality(String) COMMENT 'The tenant',
    env LowCardinality(String) COMMENT 'Environment of the game',
    dau UInt64 COMMENT 'Daily active users',
    new_users UInt64 COMMENT 'New users of the day',
    version UInt64 COMMENT 'Milliseconds since 1970 at which the figure was taken'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (game_id, env, d)
COMMENT 'Active and new users per day';

CREATE TABLE IF NOT EXISTS daily_revenue
(
    d Date COMMENT 'Day in the time zone of the game',
    game_id LowCardinality(String) COMMENT 'The tenant',
    env LowCardinality(String) COMMENT 'Environment of the game',
    currency LowCardinality(String) COMMENT 'ISO 4217 code; figures of two currencies are never added',
    revenue_cents UInt64 COMMENT 'Successful payments in minor units',
    refunds_cents UInt64 COMMENT 'Refunded payments in minor units',
    failed UInt64 COMMENT 'Number of failed payments',
    version UInt64 COMMENT 'Milliseconds since 1970 at which the figure was taken'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (game_id, env, d, currency)
COMMENT 'Revenue per day and currency';
