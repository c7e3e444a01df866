/** How many users were online in every minute, as the sketches said? */
import { z } from 'zod'

import type { ClickHouseConnection } from '../connection.ts'
import { ask } from '../reader.ts'
import { SCOPE_SQL } from './question.ts'

const countSchema = z.int().nonnegative()

const rowSchema = z.object({
  minute: z.int(),
  online: countSchema,
  online_error: countSchema,
  active_5m: countSchema,
  active_5m_error: countSchema,
  active_15m: countSchema,
  active_15m_error: countSchema,
})
export type MinuteOnlineRow = z.infer<typeof rowSchema>

interface Minutes {
  readonly gameId: string
  readonly env: string
  /** Minutes since the epoch, both included */
  readonly first: number
  readonly last: number
}

/** One row per minute that has any, ascending, its latest version. An error of 0 says exact. Throws DatabaseError. */
export function minuteOnline(
  connection: ClickHouseConnection,
  { gameId, env, first, last }: Minutes,
): Promise<MinuteOnlineRow[]> {
  return ask(connection, {
    sql: `
SELECT
    intDiv(toUnixTimestamp(m), 60) AS minute,
    online, online_error, active_5m, active_5m_error, active_15m, active_15m_error
FROM minute_online FINAL
WHERE ${SCOPE_SQL}
    AND m >= toDateTime({first_second:UInt32}, 'UTC') AND m <= toDateTime({last_second:UInt32}, 'UTC')
ORDER BY minute`,
    params: { game_id: gameId, env, first_second: first * 60, last_second: last * 60 },
    row: rowSchema,
  })
}
