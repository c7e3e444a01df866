/**
 * daily_revenue, summed anew from the payments that count. A sum replaces the one before it, so payments that arrive
 * twice, late or regrouped make the same figure.
 */
import { z } from 'zod'

import { dayStartMs, offsetsAround } from '../../event/calendar.ts'
import type { ClickHouseConnection } from '../connection.ts'
import { insertSelect } from '../insert-select.ts'
import { ask } from '../reader.ts'
import { daySql, SCOPE_SQL } from './question.ts'
import { settledPaymentsSql } from './settled-payments.ts'

interface RevenueScope {
  readonly gameId: string
  readonly env: string
  /** IANA zone in which the game counts its days */
  readonly timeZone: string
}

const DAY_MS = 86_400_000
/** The column `d` is 16 bits wide. */
const LAST_DAY = 65_535
/** The server may take this long for the sums. */
const MAX_SUM_SECONDS = 60

const stateSchema = z.object({ now_ms: z.int(), ttl_days: z.int().nullable() })

/**
 * Sums the days, and the days beside them: a later report of the same payment replaces one that told another time. One
 * row per day and currency; a currency that has lost its last payment of a day has sums of 0. Days that the payments
 * table no longer holds whole keep their figures.
 *
 * The version of the rows is the database's own time before they are summed: whatever is stored before a refresh is
 * asked for is in it, and in every refresh that replaces it. Reads all payments of the game. Throws DatabaseError.
 */
export async function refreshDailyRevenue(
  connection: ClickHouseConnection,
  { gameId, env, timeZone }: RevenueScope,
  { days }: { readonly days: readonly number[] },
): Promise<void> {
  const state = await readState(connection)
  const keptFromMs = state.ttl_days ? state.now_ms - state.ttl_days * DAY_MS : -Infinity
  const asked = [...new Set(days.flatMap((day) => [day - 1, day, day + 1]))].toSorted(
    (a, b) => a - b,
  )
  const offsets = offsetsAround(asked[0] ?? 0, asked.at(-1) ?? 0, timeZone)
  const summed = asked.filter(
    (day) => day >= 0 && day <= LAST_DAY && dayStartMs(day, offsets) >= keptFromMs,
  )
  const [firstDay] = summed
  const lastDay = summed.at(-1)
  if (firstDay === undefined || lastDay === undefined) return
  await insertSelect(connection, {
    sql: REFRESH_SQL,
    params: {
      game_id: gameId,
      env,
      start_ms: dayStartMs(firstDay, offsets),
      end_ms: dayStartMs(lastDay + 1, offsets),
      offset_since: offsets.sinceMs,
      offset_ms: offsets.offsetMs,
      days: summed,
      version: state.now_ms,
    },
    maxSeconds: MAX_SUM_SECONDS,
  })
}

/** The time of the database, and after how many days it deletes payments; 0 or null: never. */
async function readState(connection: ClickHouseConnection): Promise<z.output<typeof stateSchema>> {
  const [state] = await ask(connection, {
    sql: `
SELECT
    toUnixTimestamp64Milli(now64(3)) AS now_ms,
    (
        SELECT toUInt32OrZero(extract(engine_full, {ttl:String}))
        FROM system.tables WHERE database = currentDatabase() AND name = 'payments'
    ) AS ttl_days`,
    params: { ttl: String.raw`TTL toDateTime\(time\) \+ toIntervalDay\((\d+)\)` },
    row: stateSchema,
  })
  return stateSchema.parse(state)
}

const REFRESH_SQL = `
INSERT INTO daily_revenue
    (d, game_id, env, currency, revenue_cents, refunds_cents, failed, succeeded, version)
SELECT
    toDate(toUInt16(day)), {game_id:String}, {env:String}, currency,
    sum(revenue), sum(refunds), sum(failures), sum(successes), {version:UInt64}
FROM
(
    SELECT
        ${daySql('time')} AS day,
        currency,
        sumIf(toUInt128(amount_cents), status = 'success') AS revenue,
        sumIf(toUInt128(amount_cents), status = 'refunded') AS refunds,
        countIf(status = 'failed') AS failures,
        countIf(status = 'success') AS successes
    FROM ${settledPaymentsSql(['success', 'failed', 'refunded'])}
    WHERE day IN {days:Array(UInt16)}
    GROUP BY day, currency
    UNION ALL
    SELECT toInt64(toUInt16(d)) AS day, currency, toUInt128(0), toUInt128(0), 0, 0
    FROM daily_revenue
    WHERE ${SCOPE_SQL} AND toUInt16(d) IN {days:Array(UInt16)}
    GROUP BY day, currency
)
GROUP BY day, currency`
