/** Operations on what a game takes in at the moment. */
import {
  filtersAnswerSchema,
  filtersBodySchema,
  filtersChangedSchema,
} from '../settings/schemas.ts'
import type { Operation } from './operation.ts'
import { described } from './operation.ts'

const NOTES = {
  version: 'Rises with every change',
  ingest_enabled: 'false: the kill switch is pulled, every POST is answered with 403',
  ingest_disabled_reason: 'What senders are told while it is pulled',
  events: 'Events that are taken; null takes every one, an empty list none',
  dropped_events: 'Events that are not taken, whatever events says',
  payments_enabled: 'false: payments are filtered',
  sample_global:
    'Share of events that is stored, in percent; events that count users or money are always stored',
  sampling: 'The same by event; wins over sample_global',
  sketch_shards:
    'Objects that share the counting of users: 1, or more for a game that one object cannot serve',
  coalesce_ms:
    'How long the answer to a POST of at most 20 events may wait for others that share its queue message, in milliseconds; 0: not at all',
  maintenance: 'Windows; with block_writes ingest answers 503 until the window ends',
}

const ANSWER_NOTES = {
  ...NOTES,
  live_until_ms: 'Until when somebody watches the live feed, in milliseconds since the epoch',
  updated_time: 'RFC 3339; empty before the first change',
  updated_by: 'Who made the last change',
  reaches_ingest_within_seconds: 'A change holds for every request that arrives so long after it',
}

export const SETTINGS_OPERATIONS: readonly Operation[] = [
  {
    id: 'getFilters',
    method: 'get',
    path: '/api/analytics/filters',
    tag: 'settings',
    summary: 'What the game takes in: filters, sampling, maintenance, kill switch',
    access: 'analytics:read',
    answers: [
      {
        status: 200,
        description: 'The settings.',
        schema: described(filtersAnswerSchema, ANSWER_NOTES),
      },
    ],
  },
  {
    id: 'changeFilters',
    method: 'post',
    path: '/api/analytics/filters',
    tag: 'settings',
    summary: 'Change what the game takes in',
    description: 'What is absent stays as it is.',
    access: 'analytics:manage',
    body: {
      schema: described(filtersBodySchema, {
        ...NOTES,
        version: 'The version that the change was made for; absent: whatever the present one is',
        game_id: 'Must be that of the request',
        env: 'Must be that of the request',
      }),
      example: { dropped_events: ['ui.click'], sampling: { 'performance.frame': 10 } },
    },
    answers: [
      {
        status: 200,
        description: 'The settings after the change.',
        schema: described(filtersChangedSchema, ANSWER_NOTES),
      },
    ],
    problems: ['empty_body', 'invalid_json', 'invalid_field', 'body_too_large', 'conflict'],
  },
]
