/**
 * One raw event to an accepted event or a rejection. Pure: the scope and the receive time are given.
 */
import type { Attributes, Columns, JsonObject } from './attributes.ts'
import { idSchema, isAbsent, isJsonObject, pointerTo, readAttributes } from './attributes.ts'
import type { EventDefinition } from './catalog.ts'
import { checkAttribute, findAttribute, findEvent } from './catalog.ts'
import type { Payment } from './payment.ts'
import { readPayment } from './payment.ts'
import type { RejectionReason } from './rejection.ts'
import type { BatchClocks, EventTime } from './time.ts'
import { parseTime, resolveTime } from './time.ts'

/** What the collector knows about every event of a batch. */
export interface BatchContext extends BatchClocks {
  readonly gameId: string
  readonly env: string
}

export interface AcceptedEvent {
  readonly definition: EventDefinition
  /** As sent; null when the client gave none */
  readonly eventId: string | null
  readonly userId: string
  readonly time: EventTime
  readonly columns: Columns
  readonly props: JsonObject
  readonly propsJson: string
  /** Null for an event that is no payment */
  readonly payment: Payment | null
}

/** An accepted event, or the first reason against it. */
export function normalizeEvent(
  raw: unknown,
  context: BatchContext,
): AcceptedEvent | RejectionReason {
  if (!isJsonObject(raw)) {
    return { code: 'not_an_object', pointer: '', detail: 'expected an event object' }
  }
  const definition = readDefinition(raw)
  if ('code' in definition) return definition
  const foreign = refuseOtherGame(raw, context)
  if (foreign !== null) return foreign
  const eventId = readEventId(raw)
  if (isRejection(eventId)) return eventId
  const time = readTime(raw, context)
  if ('code' in time) return time
  const attributes = readAttributes(raw)
  if ('code' in attributes) return attributes
  const { columns, props, propsJson } = attributes
  const userId = columns.user_id
  if (userId === undefined) return missing(raw, 'user_id', definition)
  const fault = checkAttributes(raw, attributes, definition)
  if (fault !== null) return fault
  const payment = readPayment(definition.id, props)
  if (payment !== null && 'code' in payment) {
    return { ...payment, pointer: pointerTo(raw, 'price_usd') }
  }
  return { definition, eventId, userId, time, columns, props, propsJson, payment }
}

function isRejection(value: RejectionReason | string | null): value is RejectionReason {
  return typeof value === 'object' && value !== null
}

function readDefinition(raw: JsonObject): EventDefinition | RejectionReason {
  const name = raw['event']
  if (typeof name !== 'string' || name === '') {
    return { code: 'missing_event', pointer: '/event', detail: 'expected the name of an event' }
  }
  return (
    findEvent(name) ?? {
      code: 'unknown_event',
      pointer: '/event',
      detail: 'expected an event of the catalog, such as session.start',
    }
  )
}

function refuseOtherGame(raw: JsonObject, context: BatchContext): RejectionReason | null {
  for (const [field, own] of [
    ['game_id', context.gameId],
    ['env', context.env],
  ] as const) {
    const named = raw[field] ?? own
    if (named !== own) {
      return {
        code: 'other_game',
        pointer: `/${field}`,
        detail: `expected the ${field} of the key`,
      }
    }
  }
  return null
}

function readEventId(raw: JsonObject): string | null | RejectionReason {
  const value = raw['event_id']
  if (isAbsent(value)) return null
  const parsed = idSchema.safeParse(value)
  if (parsed.success) return parsed.data
  return {
    code: 'invalid_attribute',
    pointer: '/event_id',
    detail: parsed.error.issues[0]?.message ?? 'expected a string',
  }
}

function readTime(raw: JsonObject, clocks: BatchClocks): EventTime | RejectionReason {
  const field = ['event_time', 'ts'].find((name) => !isAbsent(raw[name]))
  if (field === undefined) {
    return {
      code: 'missing_attribute',
      pointer: '/event_time',
      detail: 'expected event_time (or ts)',
    }
  }
  const pointer = `/${field}`
  const timeMs = parseTime(raw[field])
  if (timeMs === null) {
    return {
      code: 'invalid_time',
      pointer,
      detail: 'expected RFC 3339 with an offset, or seconds or milliseconds since the epoch',
    }
  }
  const resolved = resolveTime(timeMs, clocks)
  return 'code' in resolved ? { ...resolved, pointer } : resolved
}

function checkAttributes(
  raw: JsonObject,
  { columns, props }: Attributes,
  definition: EventDefinition,
): RejectionReason | null {
  const given: JsonObject = columns
  for (const name of definition.required) {
    if (name === 'event_time' || given[name] !== undefined || name in props) continue
    return missing(raw, name, definition)
  }
  return checkTypes(raw, given) ?? checkTypes(raw, props)
}

function checkTypes(raw: JsonObject, values: JsonObject): RejectionReason | null {
  for (const name in values) {
    const attribute = findAttribute(name)
    if (attribute === undefined) continue
    const expected = checkAttribute(attribute, values[name])
    if (expected !== null) {
      return {
        code: 'invalid_attribute',
        pointer: pointerTo(raw, name),
        detail: `expected ${expected}`,
      }
    }
  }
  return null
}

function missing(raw: JsonObject, name: string, definition: EventDefinition): RejectionReason {
  return {
    code: 'missing_attribute',
    pointer: pointerTo(raw, name),
    detail: `expected ${name}, which ${definition.id} requires`,
  }
}
