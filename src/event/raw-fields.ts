/** Fields that events and payments have in common outside their attributes: whose they are, and when. */
import type { JsonObject } from './attributes.ts'
import { isAbsent } from './attributes.ts'
import type { RejectionReason } from './rejection.ts'
import type { BatchClocks, EventTime } from './time.ts'
import { parseTime, parseUptime, resolveTime } from './time.ts'

/** A reason when the object names another game or environment than its sender's; null when it names none or its own. */
export function refuseOtherGame(
  raw: JsonObject,
  { gameId, env }: { readonly gameId: string; readonly env: string },
): RejectionReason | null {
  return refuseOther(raw, 'game_id', gameId) ?? refuseOther(raw, 'env', env)
}

function refuseOther(raw: JsonObject, field: string, own: string): RejectionReason | null {
  const named = raw[field]
  if (named === own || isAbsent(named)) return null
  return { code: 'other_game', pointer: `/${field}`, detail: `expected the ${field} of the key` }
}

export interface FoundTime {
  readonly time: EventTime
  /** The field that said it */
  readonly timeField: string
}

/** The time of an object: the first of `fields` that is given, by the best clock; or why it has none. */
export function readTime(
  raw: JsonObject,
  clocks: BatchClocks,
  fields: readonly [string, ...string[]],
): FoundTime | RejectionReason {
  const timeField = fields.find((name) => !isAbsent(raw[name]))
  if (timeField === undefined) {
    return {
      code: 'missing_attribute',
      pointer: `/${fields[0]}`,
      detail: `expected ${fields.join(' or ')}`,
    }
  }
  const pointer = `/${timeField}`
  const timeMs = parseTime(raw[timeField])
  if (timeMs === null) {
    return {
      code: 'invalid_time',
      pointer,
      detail: 'expected RFC 3339 with an offset, or seconds or milliseconds since the epoch',
    }
  }
  const time = resolveTime(timeMs, clocks, parseUptime(raw['uptime_ms']))
  return 'code' in time ? { ...time, pointer } : { time, timeField }
}
