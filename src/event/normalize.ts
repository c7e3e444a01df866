/**
 * One raw event to an accepted event or a rejection. Pure: the scope, the game and the receive time are given.
 */
import type { Column, JsonObject } from './attributes.ts'
import { checkId, isAbsent, isJsonObject, pointerTo, readAttributes } from './attributes.ts'
import type { EventDefinition } from './catalog.ts'
import { catalogOf, checkAttribute, findAttribute } from './catalog.ts'
import type { Reporter, RequestOrigin } from './enrichment.ts'
import { enrich } from './enrichment.ts'
import type { GameProfile } from './game-profile.ts'
import type { Payment } from './payment.ts'
import { readPayment } from './payment.ts'
import type { UserColumns } from './privacy.ts'
import { hideColumns, hideEnriched, hideProps } from './privacy.ts'
import type { FoundTime } from './raw-fields.ts'
import { readTime, refuseOtherGame } from './raw-fields.ts'
import type { RejectionReason } from './rejection.ts'
import type { BatchClocks } from './time.ts'

/** What the collector knows about every event of a batch. */
export interface BatchContext extends BatchClocks {
  readonly gameId: string
  readonly env: string
  readonly game: GameProfile
  /** Whose word it is */
  readonly reporter: Reporter
  /** What the connection says of the player; null when it is not the player's */
  readonly origin: RequestOrigin | null
}

export interface AcceptedEvent extends FoundTime {
  readonly definition: EventDefinition
  /** As sent; null when the client gave none */
  readonly eventId: string | null
  /** As it is stored and counted: a pseudonym where the game asks for it */
  readonly userId: string
  /** As they are stored */
  readonly columns: UserColumns
  /** Columns that the client did not send */
  readonly enriched: readonly Column[]
  /** As sent; what is stored of them is propsJson */
  readonly props: JsonObject
  readonly propsJson: string
  /** Null for an event that is no payment */
  readonly payment: Payment | null
}

/** Spellings of the time; the first that is given counts. */
const TIME_FIELDS = ['event_time', 'ts'] as const

/** An accepted event, or the first reason against it. */
export function normalizeEvent(
  raw: unknown,
  context: BatchContext,
): AcceptedEvent | RejectionReason {
  if (!isJsonObject(raw)) {
    return { code: 'not_an_object', pointer: '', detail: 'expected an event object' }
  }
  const definition = readDefinition(raw, context.game)
  if ('code' in definition) return definition
  const foreign = refuseOtherGame(raw, context)
  if (foreign !== null) return foreign
  const eventId = readEventId(raw)
  if (isRejection(eventId)) return eventId
  const when = readTime(raw, context, TIME_FIELDS)
  if ('code' in when) return when
  const attributes = readAttributes(raw)
  if ('code' in attributes) return attributes
  const { columns, enriched } = enrich(attributes.columns, context)
  const { user_id: userId } = columns
  if (userId === undefined) return missing(raw, 'user_id', definition)
  const { props } = attributes
  const fault = checkAttributes(raw, columns, props, definition)
  if (fault !== null) return fault
  const payment = readPayment(definition.id, props, context.reporter)
  if (payment !== null && 'code' in payment) {
    const { code, detail, field } = payment
    return { code, detail, pointer: pointerTo(raw, field) }
  }
  const stored = hideColumns({ ...columns, user_id: userId }, context.game)
  return {
    definition,
    eventId,
    userId: stored.user_id,
    time: when.time,
    timeField: when.timeField,
    columns: stored,
    enriched: hideEnriched(enriched, context.game),
    props,
    propsJson: hideProps(attributes, context.game),
    payment,
  }
}

/** Of reasons that lie in the catalog. */
const CURABLE = { isCurable: true } as const

function isRejection(value: RejectionReason | string | null): value is RejectionReason {
  return typeof value === 'object' && value !== null
}

function readDefinition(raw: JsonObject, game: GameProfile): EventDefinition | RejectionReason {
  const name = raw['event']
  if (typeof name !== 'string' || name === '') {
    const detail = isAbsent(raw['order_id'])
      ? 'expected the name of an event'
      : 'expected the name of an event; payments go to POST /api/payments/track'
    return { code: 'missing_event', pointer: '/event', detail }
  }
  return (
    catalogOf(game).findEvent(name) ?? {
      code: 'unknown_event',
      pointer: '/event',
      detail:
        game.eventMode === 'open'
          ? 'expected a name of at most 64 letters, digits and _ . : - that begins with a letter'
          : 'expected an event of the catalog or of the game, such as session.start',
      ...(game.eventMode === 'strict' && CURABLE),
    }
  )
}

function readEventId(raw: JsonObject): string | null | RejectionReason {
  const value = raw['event_id']
  if (isAbsent(value)) return null
  const expected = checkId(value)
  if (expected !== null) {
    return { code: 'invalid_attribute', pointer: '/event_id', detail: expected }
  }
  return typeof value === 'string' ? value : null
}

function checkAttributes(
  raw: JsonObject,
  columns: JsonObject,
  props: JsonObject,
  definition: EventDefinition,
): RejectionReason | null {
  for (const name of definition.required) {
    if (name === 'event_time' || Object.hasOwn(columns, name) || Object.hasOwn(props, name))
      continue
    return { ...missing(raw, name, definition), ...CURABLE }
  }
  return checkTypes(raw, columns, definition) ?? checkTypes(raw, props, definition)
}

function checkTypes(
  raw: JsonObject,
  values: JsonObject,
  definition: EventDefinition,
): RejectionReason | null {
  for (const name in values) {
    const attribute = findAttribute(name, definition)
    if (attribute === undefined) continue
    const expected = checkAttribute(attribute, values[name])
    if (expected !== null) {
      return {
        code: 'invalid_attribute',
        pointer: pointerTo(raw, name),
        detail: `expected ${expected}`,
        ...CURABLE,
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
