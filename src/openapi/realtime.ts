/** Operations on live figures, and on how they compare with exact ones. */
import { z } from 'zod'

import type { ProblemCode } from '../api-error.ts'
import {
  breakdownAnswerSchema,
  liveDaysAnswerSchema,
  liveRetentionAnswerSchema,
  realtimeAnswerSchema,
  reconciliationAnswerSchema,
  seriesAnswerSchema,
} from '../query/realtime/schemas.ts'
import {
  breakdownSearchSchema,
  daysSearchSchema,
  realtimeSearchSchema,
  seriesSearchSchema,
} from '../query/realtime/search-schemas.ts'
import type { Operation } from './operation.ts'
import { described } from './operation.ts'
import { PROBLEMS_OF_LISTS } from './problems.ts'
import {
  BREAKDOWN_EXAMPLE,
  LIVE_DAYS_EXAMPLE,
  LIVE_RETENTION_EXAMPLE,
  REALTIME_EXAMPLE,
  RECONCILIATION_EXAMPLE,
  SERIES_EXAMPLE,
  STREAM_EXAMPLE,
} from './realtime-examples.ts'

const COMMON = { method: 'get', tag: 'query', access: 'analytics:read' } as const

const PROBLEMS_OF_FIGURES: readonly ProblemCode[] = ['invalid_parameter', 'figures_unavailable']

const CURRENCY = 'ISO 4217 code of the money'

const SKETCH_DAYS = described(daysSearchSchema, {
  start: 'First day, YYYY-MM-DD; default: 14 days with the last one. The sketches keep 62 days',
  end: 'The day after the last; default: the day after today',
})

export const REALTIME_OPERATIONS: readonly Operation[] = [
  {
    ...COMMON,
    id: 'getRealtime',
    path: '/api/analytics/realtime',
    summary: 'This moment: who is online, who was there today, and what came in',
    description:
      'Users come from sketches: `figures` repeats each of these fields with its `error` (95 %) and whether it is ' +
      '`exact`; `counted_until` says when users last arrived. Money comes from settled payments and is read anew every 15 s ' +
      '(`revenue_as_of`). When one of the two sources does not answer, its fields are null ' +
      'and `partial` says so; when neither does, the answer is a problem.',
    query: described(realtimeSearchSchema, { currency: CURRENCY }),
    exampleQuery: { currency: 'EUR' },
    answers: [
      {
        status: 200,
        description: 'The figures of this moment.',
        schema: realtimeAnswerSchema,
        example: REALTIME_EXAMPLE,
      },
    ],
    problems: PROBLEMS_OF_FIGURES,
  },
  {
    ...COMMON,
    id: 'getRealtimeSeries',
    path: '/api/analytics/realtime/series',
    summary: 'Curves per minute: users online, in unions of 5 and 15 minutes, and revenue',
    description:
      'At most 7 days. Only minutes that are over and have any are points. `active_5m_sum` and `active_15m_sum` are ' +
      'unions, not sums.',
    query: described(seriesSearchSchema, {
      start:
        'First instant: RFC 3339, or YYYY-MM-DD for the start of that day in the time zone of the game',
      end: 'The instant after the last',
      currency: CURRENCY,
    }),
    exampleQuery: { start: '2026-11-12T10:00:00Z', end: '2026-11-12T11:00:00Z' },
    answers: [
      {
        status: 200,
        description: 'The curves.',
        schema: seriesAnswerSchema,
        example: SERIES_EXAMPLE,
      },
    ],
    problems: PROBLEMS_OF_LISTS,
  },
  {
    ...COMMON,
    id: 'getRealtimeBreakdown',
    path: '/api/analytics/realtime/breakdown',
    summary: 'Active or new users of a day by platform, channel, country or app version',
    description:
      'From sketches, of the last 62 days. `whole` are the users of the day; `partial` says when clearly fewer have a value.',
    query: described(breakdownSearchSchema, {
      metric: 'Active users (dau) or new ones',
      by: 'What the users are told apart by',
      date: 'The day, YYYY-MM-DD; default: today in the time zone of the game',
    }),
    exampleQuery: { metric: 'dau', by: 'platform' },
    answers: [
      {
        status: 200,
        description: 'The users of each value.',
        schema: breakdownAnswerSchema,
        example: BREAKDOWN_EXAMPLE,
      },
    ],
    problems: PROBLEMS_OF_FIGURES,
  },
  {
    ...COMMON,
    id: 'getRealtimeRetention',
    path: '/api/analytics/realtime/retention',
    summary: 'Cohorts of new users by day, and how many came back, without the raw rows',
    description: 'From sketches, of the last 62 days. `getRetention` counts the rows, and splits.',
    query: SKETCH_DAYS,
    answers: [
      {
        status: 200,
        description: 'The cohorts.',
        schema: liveRetentionAnswerSchema,
        example: LIVE_RETENTION_EXAMPLE,
      },
    ],
    problems: PROBLEMS_OF_FIGURES,
  },
  {
    ...COMMON,
    id: 'getRealtimeDays',
    path: '/api/analytics/realtime/days',
    summary: 'DAU, new users, WAU, MAU and the peak of every day',
    description: 'From sketches, of the last 62 days; days without a user are left out.',
    query: SKETCH_DAYS,
    answers: [
      {
        status: 200,
        description: 'The days.',
        schema: liveDaysAnswerSchema,
        example: LIVE_DAYS_EXAMPLE,
      },
    ],
    problems: PROBLEMS_OF_FIGURES,
  },
  {
    ...COMMON,
    id: 'watchRealtime',
    path: '/api/analytics/realtime/stream',
    summary: 'Users online, of today, and the revenue of today, as server-sent events',
    description:
      'The event `figures` (StreamFigures) comes at once, and every 5 s if something has changed; revenue is looked up ' +
      'every 15 s, and nothing waits for it. `partial` (StreamPartial) comes when what is missing changes, with an empty list when nothing is any ' +
      'more; the stream goes on. A comment every 15 s keeps the connection alive. After 15 minutes the event `reopen`, with ' +
      '`after_seconds`, how long the stream lasted, ends it: ask again at once. Keys may not stand in the URL, so read it with fetch() or `curl -N`.',
    query: described(realtimeSearchSchema, { currency: CURRENCY }),
    answers: [
      {
        status: 200,
        description: 'The stream; it ends when the reader leaves, or after 15 minutes.',
        schema: z.string(),
        mediaType: 'text/event-stream',
        example: STREAM_EXAMPLE,
      },
    ],
    problems: ['invalid_parameter', 'overloaded'],
  },
  {
    ...COMMON,
    id: 'getReconciliation',
    path: '/api/analytics/reconciliation',
    summary: 'What the sketches said of closed days, beside exact counts of the rows',
    description:
      'Days are counted exactly within hours of their end; until then `exact` is null. `summary.without_exact` names the days ' +
      'that only the sketches know. At most 400 days.',
    query: described(daysSearchSchema, {
      start: 'First day, YYYY-MM-DD; default: 14 days with the last one',
      end: 'The day after the last; default: today, which is not over',
    }),
    exampleQuery: { start: '2026-11-05', end: '2026-11-12' },
    answers: [
      {
        status: 200,
        description: 'Both figures of every day that is over, and their difference.',
        schema: reconciliationAnswerSchema,
        example: RECONCILIATION_EXAMPLE,
      },
    ],
    problems: PROBLEMS_OF_LISTS,
  },
]
