/**
 * One raw payment of POST /api/payments/track to an accepted payment or a rejection. Pure: the scope, the game and
 * the receive time are given. An attribute may stand at the top level, in `props` or in `attrs`, as in events.
 */
import type { Attributes, Columns, JsonObject } from './attributes.ts'
import { isJsonObject, pointerTo, readAttributes } from './attributes.ts'
import { checkAttribute, findAttribute } from './catalog.ts'
import { enrich } from './enrichment.ts'
import type { BatchContext } from './normalize.ts'
import type { Money, PaymentFault } from './payment-amount.ts'
import { NO_MONEY, readCurrency, readMoney } from './payment-amount.ts'
import type { PaymentFacts } from './payment-row.ts'
import { storedTexts } from './payment-row.ts'
import type { Payment, PaymentStatus } from './payment.ts'
import { readId, readRefundId, refuseReporter, requiresAmount } from './payment.ts'
import { hideColumns } from './privacy.ts'
import type { FoundTime } from './raw-fields.ts'
import { readTime, refuseOtherGame } from './raw-fields.ts'
import type { RejectionReason } from './rejection.ts'

export interface AcceptedPayment extends Payment, PaymentFacts, FoundTime {}

/** Spellings of the time; the first that is given counts. */
const TIME_FIELDS = ['ts', 'event_time', 'time'] as const

const STATUSES: ReadonlyMap<unknown, PaymentStatus> = new Map<string, PaymentStatus>([
  ['success', 'success'],
  ['refunded', 'refunded'],
  ['refund', 'refunded'],
  ['failed', 'failed'],
  ['pending', 'pending'],
])

/** Columns of events that payments have, too. */
const LABELS = ['channel', 'platform', 'country', 'region', 'city'] as const

/** An accepted payment, or the first reason against it. */
export function normalizePayment(
  raw: unknown,
  context: BatchContext,
): AcceptedPayment | RejectionReason {
  if (!isJsonObject(raw)) {
    return { code: 'not_an_object', pointer: '', detail: 'expected a payment object' }
  }
  const foreign = refuseOtherGame(raw, context)
  if (foreign !== null) return foreign
  const when = readTime(raw, context, TIME_FIELDS)
  if ('code' in when) return when
  const attributes = readAttributes(raw)
  if ('code' in attributes) return attributes
  const outcome = readPaymentAttributes(attributes, context)
  if (!('code' in outcome)) return { ...outcome, ...when, timeMs: when.time.eventTimeMs }
  const { field, ...fault } = outcome
  return { ...fault, pointer: pointerIn(raw, attributes, field) }
}

function readPaymentAttributes(
  attributes: Attributes,
  context: BatchContext,
): (Payment & Omit<PaymentFacts, 'timeMs'>) | PaymentFault {
  const { columns } = enrich(attributes.columns, context)
  const { user_id: userId } = columns
  if (userId === undefined) return missing('user_id')
  const conflict = refuseTwoSpellings(attributes.props)
  if (conflict !== null) return conflict
  const props = withOneSpelling(attributes.props)
  const orderId = readId(props, 'order_id')
  if (typeof orderId !== 'string') return orderId
  const status = readStatus(props, context)
  if (typeof status !== 'string') return status
  const refundId = readRefundId(props)
  if (typeof refundId !== 'string') return refundId
  if (refundId !== '' && status !== 'refunded') {
    return invalid('refund_id', 'expected refund_id only with the status refunded')
  }
  const money = readReportedMoney(props, status)
  if ('code' in money) return money
  const fault = checkLabels(columns) ?? checkTexts(props)
  if (fault !== null) return fault
  return {
    status,
    ...money,
    refundId,
    orderId,
    columns: hideColumns({ ...columns, user_id: userId }, context.game),
    ...storedTexts(props, context.game.maskedProperties),
  }
}

/** Attributes that have two names here. */
const SPELLINGS = [
  ['currency', 'currency_code'],
  ['sku_id', 'product_id'],
] as const

function refuseTwoSpellings(props: JsonObject): PaymentFault | null {
  const field = SPELLINGS.find(
    ([name, other]) => name in props && other in props && props[name] !== props[other],
  )?.[1]
  return field === undefined
    ? null
    : { code: 'property_conflict', detail: 'expected one value under one of its names', field }
}

/** The properties with every attribute under the first of its names as well. */
function withOneSpelling(props: JsonObject): JsonObject {
  const named: Record<string, unknown> = Object.assign(Object.create(null), props)
  for (const [name, other] of SPELLINGS) named[name] = props[name] ?? props[other]
  return named
}

function readStatus(props: JsonObject, { reporter }: BatchContext): PaymentStatus | PaymentFault {
  const given = props['status']
  if (given === undefined) return missing('status')
  const status = STATUSES.get(given)
  if (status === undefined) {
    return invalid('status', 'expected one of success, refunded, failed, pending')
  }
  return refuseReporter(status, reporter, 'status') ?? status
}

function readReportedMoney(props: JsonObject, status: PaymentStatus): Money | PaymentFault {
  const money = readMoney(props, 'currency')
  if (money !== null) return money
  if (requiresAmount(status)) return missing('amount_cents')
  if (status === 'failed' && props['currency'] === undefined) return NO_MONEY
  const currency = readCurrency(props, 'currency')
  return typeof currency === 'string' ? { amountCents: 0, currency } : currency
}

function checkLabels(columns: Columns): PaymentFault | null {
  for (const name of LABELS) {
    const fault = columns[name] === undefined ? null : checkTyped(name, columns[name])
    if (fault !== null) return fault
  }
  return null
}

function checkTexts(props: JsonObject): PaymentFault | null {
  for (const name of ['sku_id', 'reason'] as const) {
    const fault = props[name] === undefined ? null : checkTyped(name, props[name])
    if (fault !== null) return fault
  }
  return null
}

function checkTyped(name: string, value: unknown): PaymentFault | null {
  const attribute = findAttribute(name)
  const expected = attribute === undefined ? null : checkAttribute(attribute, value)
  return expected === null ? null : invalid(name, `expected ${expected}`)
}

function missing(field: string): PaymentFault {
  return { code: 'missing_attribute', detail: `expected ${field}, which payments require`, field }
}

function invalid(field: string, detail: string): PaymentFault {
  return { code: 'invalid_attribute', detail, field }
}

/** Where the attribute stands, under whichever of its names; what is missing belongs at the top level. */
function pointerIn(raw: JsonObject, { columns, props }: Attributes, field: string): string {
  const spellings = SPELLINGS.find(([name]) => name === field) ?? []
  const given = [field, ...spellings].find((name) => name in props || name in columns)
  return given === undefined ? `/${field}` : pointerTo(raw, given)
}
