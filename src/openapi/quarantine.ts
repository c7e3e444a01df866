/** Operations on what was refused. */
import {
  rejectedAnswerSchema,
  rejectedSearchSchema,
  rejectedSummaryAnswerSchema,
  rejectedSummarySearchSchema,
  replayAnswerSchema,
  replayBodySchema,
} from '../quarantine/schemas.ts'
import type { Operation } from './operation.ts'
import { described } from './operation.ts'
import { PROBLEMS_OF_LISTS } from './problems.ts'

const FILTER_NOTES = {
  code: 'Code of the verdict, such as unknown_event',
  verdict: 'quarantined: may pass after a change of the catalog; rejected: never can',
  event: 'Name of the event, as it was sent',
  door: 'Which contract it was judged by',
  pointer: 'JSON pointer into the event, such as /props/level_id',
  start: 'First receive time: RFC 3339 with an offset',
  end: 'The instant after the last',
  replayed: 'true: only those that a replay has stored since; false: only the others',
}

export const QUARANTINE_OPERATIONS: readonly Operation[] = [
  {
    id: 'listRejectedEvents',
    method: 'get',
    path: '/api/events/rejected',
    tag: 'quarantine',
    summary: 'Refused events with their reason and payload, latest first',
    access: 'analytics:read',
    query: described(rejectedSearchSchema, {
      ...FILTER_NOTES,
      rejection_id: 'One rejected event, with its whole payload',
      limit: 'Events of a page, 1 to 500',
      cursor: 'next_cursor of the page before',
    }),
    exampleQuery: { code: 'unknown_event', limit: '10' },
    answers: [{ status: 200, description: 'A page of events.', schema: rejectedAnswerSchema }],
    problems: PROBLEMS_OF_LISTS,
  },
  {
    id: 'summarizeRejectedEvents',
    method: 'get',
    path: '/api/events/rejected/summary',
    tag: 'quarantine',
    summary: 'Refused events counted by code, event and place',
    access: 'analytics:read',
    query: described(rejectedSummarySearchSchema, {
      ...FILTER_NOTES,
      limit: 'Groups, 1 to 500; the largest are told',
    }),
    answers: [{ status: 200, description: 'The groups.', schema: rejectedSummaryAnswerSchema }],
    problems: PROBLEMS_OF_LISTS,
  },
  {
    id: 'replayRejectedEvents',
    method: 'post',
    path: '/api/events/rejected/replay',
    tag: 'quarantine',
    summary: 'Judge quarantined events again, and store those that pass',
    description:
      'Judged by the present catalog, game and settings, as if they arrived when they did. Repeating a call stores ' +
      'nothing twice.',
    access: 'analytics:manage',
    body: {
      schema: described(replayBodySchema, {
        code: 'Only events that were refused for this',
        event: 'Only events of this name',
        start: 'First receive time',
        end: 'The instant after the last',
        limit: 'Events that this call examines',
        dry_run: 'Tell what would pass, store nothing',
        cursor: 'next_cursor of the call before',
      }),
      optional: true,
      example: { code: 'unknown_event', event: 'boss.defeated', dry_run: true },
    },
    answers: [{ status: 200, description: 'What became of them.', schema: replayAnswerSchema }],
    problems: [
      'invalid_json',
      'invalid_field',
      'body_too_large',
      'ingest_disabled',
      'maintenance',
      'not_found',
      'queue_unavailable',
      'database_error',
      'database_unavailable',
    ],
  },
]
