-- Figures of the sketches, taken every 15 seconds while they change. A newer figure replaces an older one (version), never adds to it.
-- Read with FINAL or argMax(..., version); never with sum(). An error is the half-width of the 95 % interval; 0 says that the figure is exact.
ALTER TABLE minute_online
    ADD COLUMN IF NOT EXISTS online_error UInt32 COMMENT 'Error of online in users',
    ADD COLUMN IF NOT EXISTS active_5m UInt32 COMMENT 'Unique users online in the 5 minutes that end with this one',
    ADD COLUMN IF NOT EXISTS active_5m_error UInt32 COMMENT 'Error of active_5m in users',
    ADD COLUMN IF NOT EXISTS active_15m UInt32 COMMENT 'Unique users online in the 15 minutes that end with this one',
    ADD COLUMN IF NOT EXISTS active_15m_error UInt32 COMMENT 'Error of active_15m in users';

ALTER TABLE daily_users
    ADD COLUMN IF NOT EXISTS dau_error UInt64 COMMENT 'Error of dau in users',
    ADD COLUMN IF NOT EXISTS new_users_error UInt64 COMMENT 'Error of new_users in users',
    ADD COLUMN IF NOT EXISTS wau UInt64 COMMENT 'Unique users of the 7 days that end with this one',
    ADD COLUMN IF NOT EXISTS wau_error UInt64 COMMENT 'Error of wau in users',
    ADD COLUMN IF NOT EXISTS mau UInt64 COMMENT 'Unique users of the 30 days that end with this one',
    ADD COLUMN IF NOT EXISTS mau_error UInt64 COMMENT 'Error of mau in users';

CREATE TABLE IF NOT EXISTS daily_online_peak
(
    d Date COMMENT 'Day in the time zone of the game',
    game_id LowCardinality(String) COMMENT 'The tenant',
    env LowCardinality(String) COMMENT 'Environment of the game',
    peak UInt32 COMMENT 'Unique users of the fullest minute of the day',
    peak_error UInt32 COMMENT 'Error of peak in users',
    m DateTime('UTC') COMMENT 'Start of that minute',
    version UInt64 COMMENT 'Milliseconds since 1970 at which the figure was taken'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (game_id, env, d)
COMMENT 'The fullest minute of every day';

-- Summed from the payments that count (one per order), so that no delivery adds to it twice.
ALTER TABLE daily_revenue
    MODIFY COLUMN revenue_cents UInt128 COMMENT 'Successful payments in minor units',
    MODIFY COLUMN refunds_cents UInt128 COMMENT 'Refunded payments in minor units',
    MODIFY COLUMN failed UInt64 COMMENT 'Number of failed payments',
    ADD COLUMN IF NOT EXISTS succeeded UInt64 COMMENT 'Number of successful payments';

-- Closed days, counted exactly from the raw rows: what the figures of the sketches are compared with.
CREATE TABLE IF NOT EXISTS daily_exact
(
    d Date COMMENT 'Day in the time zone of the game',
    game_id LowCardinality(String) COMMENT 'The tenant',
    env LowCardinality(String) COMMENT 'Environment of the game',
    dau UInt64 COMMENT 'Distinct users with an event that counts as active',
    new_users UInt64 COMMENT 'Distinct users with an event that counts as new',
    online_peak UInt64 COMMENT 'Distinct online users of the fullest minute',
    m DateTime('UTC') COMMENT 'Start of that minute',
    version UInt64 COMMENT 'Milliseconds since 1970 before the rows were counted'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (game_id, env, d)
COMMENT 'Exact figures of closed days';
