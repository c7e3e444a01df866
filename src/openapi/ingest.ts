/** Operations of the ways in. */
import type { ProblemCode } from '../api-error.ts'
import {
  eventsBodySchema,
  ingestAnswerSchema,
  keyedDoorSchema,
  paymentsBodySchema,
  signedDoorSchema,
} from '../ingest/schemas.ts'
import type { Operation } from './operation.ts'
import { EXAMPLE_TIME } from './operation.ts'

const PROBLEMS_OF_INGEST: readonly ProblemCode[] = [
  'empty_body',
  'invalid_encoding',
  'invalid_json',
  'invalid_body',
  'invalid_parameter',
  'ingest_disabled',
  'body_too_large',
  'batch_too_large',
  'unsupported_encoding',
  'rate_limited',
  'queue_unavailable',
  'overloaded',
  'maintenance',
]

const EVENTS_EXAMPLE = {
  events: [
    {
      event: 'session.start',
      event_id: 'e-1',
      user_id: 'user_123',
      session_id: 'sess_456',
      event_time: EXAMPLE_TIME,
      platform: 'ios',
      app_version: '1.2.3',
      props: { entry_point: 'main_menu' },
    },
  ],
}

const PAYMENTS_EXAMPLE = {
  payments: [
    {
      order_id: 'order-1',
      user_id: 'user_123',
      status: 'success',
      amount_cents: 999,
      currency: 'USD',
      ts: EXAMPLE_TIME,
      sku_id: 'gems_100',
    },
  ],
}

const ACCEPTED_EXAMPLE = {
  accepted: 1,
  rejected: 0,
  quarantined: 0,
  filtered: 0,
  results: [],
  trace_id: '5f2c9a0b1d3e4f60',
}

const ANSWERS = [
  {
    status: 202,
    description: 'Everything is on disk; `results` tells what was not simply accepted.',
    schema: ingestAnswerSchema,
    example: ACCEPTED_EXAMPLE,
  },
  {
    status: 200,
    description: 'With `validate=only`: judged, not stored.',
    schema: ingestAnswerSchema,
    example: {
      ...ACCEPTED_EXAMPLE,
      stored: false,
      warnings: ['validate=only: events are checked, not stored'],
    },
  },
] as const

const EVENTS_BODY = {
  schema: eventsBodySchema,
  alsoAs: ['text/plain'],
  lines: 'application/x-ndjson',
  example: EVENTS_EXAMPLE,
} as const

const PAYMENTS_BODY = { ...EVENTS_BODY, schema: paymentsBodySchema, example: PAYMENTS_EXAMPLE }

const EVENTS_TEXT =
  'One bad event never spoils a batch: the others are stored, the bad one is kept with its reason. ' +
  'The body may be gzip or deflate (`Content-Encoding`). Send the same bytes again after a 5xx or no answer at all: ' +
  'nothing is counted twice.'
const PAYMENTS_TEXT =
  'An order counts once for each status and refund, however often it is reported; what a server says wins over what ' +
  'a client says. Refunds are taken from servers only.'
const SIGNED_TEXT =
  '`X-Signature` is base64(HMAC-SHA256(signing secret, X-Timestamp + "\\n" + X-Nonce + "\\n" + SHA-256 of the body ' +
  'as sent in hex)). A nonce is good for one request.'

const KEYED = {
  method: 'post',
  tag: 'ingest',
  access: 'events:write',
  keyInUrl: true,
  query: keyedDoorSchema,
  answers: ANSWERS,
  problems: PROBLEMS_OF_INGEST,
} as const

const SIGNED = {
  method: 'post',
  tag: 'ingest',
  access: 'signed',
  query: signedDoorSchema,
  answers: ANSWERS,
  problems: PROBLEMS_OF_INGEST,
} as const

export const INGEST_OPERATIONS: readonly Operation[] = [
  {
    ...KEYED,
    id: 'trackEvents',
    path: '/api/events/track',
    summary: 'Send events',
    description: EVENTS_TEXT,
    body: EVENTS_BODY,
  },
  {
    ...KEYED,
    id: 'trackPayments',
    path: '/api/payments/track',
    summary: 'Send payments',
    description: PAYMENTS_TEXT,
    body: PAYMENTS_BODY,
  },
  {
    ...KEYED,
    id: 'ingestAnalyticsEvents',
    path: '/api/analytics/ingest',
    summary: 'Send events (the address of server-side senders)',
    description: EVENTS_TEXT,
    body: EVENTS_BODY,
  },
  {
    ...KEYED,
    id: 'ingestAnalyticsPayments',
    path: '/api/analytics/payments/ingest',
    summary: 'Send payments (the address of server-side senders)',
    description: PAYMENTS_TEXT,
    body: PAYMENTS_BODY,
  },
  {
    ...SIGNED,
    id: 'ingestSignedEvents',
    path: '/api/ingest/events',
    summary: 'Send events with a signature',
    description: `${SIGNED_TEXT} ${EVENTS_TEXT}`,
    body: EVENTS_BODY,
  },
  {
    ...SIGNED,
    id: 'ingestSignedPayments',
    path: '/api/ingest/payments',
    summary: 'Send payments with a signature',
    description: `${SIGNED_TEXT} ${PAYMENTS_TEXT}`,
    body: PAYMENTS_BODY,
  },
]
