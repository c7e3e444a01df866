/** For how many days are events kept before the table deletes them? */
import { z } from 'zod'

import type { ClickHouseConnection } from '../connection.ts'
import { ask } from '../reader.ts'

const rowSchema = z.object({ days: z.int().nonnegative() })

/**
 * Days after event_time, as the TTL of the table says; null when it has none, or none that counts in whole
 * days. Throws DatabaseError.
 */
export async function eventsTtlDays(connection: ClickHouseConnection): Promise<number | null> {
  const [row] = await ask(connection, {
    sql: `
SELECT toUInt32OrZero(extract(engine_full, {ttl:String})) AS days
FROM system.tables
WHERE database = currentDatabase() AND name = 'events'`,
    params: { ttl: String.raw`TTL toDateTime\(event_time\) \+ toIntervalDay\((\d+)\)` },
    row: rowSchema,
  })
  return row === undefined || row.days === 0 ? null : row.days
}
