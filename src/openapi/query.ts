/** Operations of the query API. */
import {
  overviewAnswerSchema,
  overviewParametersSchema,
  retentionAnswerSchema,
  retentionParametersSchema,
} from '../query/schemas.ts'
import type { Operation } from './operation.ts'

const COMMON = {
  method: 'get',
  tag: 'query',
  access: 'analytics:read',
  problems: ['invalid_parameter', 'database_error', 'database_unavailable'],
} as const

export const QUERY_OPERATIONS: readonly Operation[] = [
  {
    ...COMMON,
    id: 'getOverview',
    path: '/api/analytics/overview',
    summary: 'The figures of a range, a series per day, and what is live',
    description:
      'Numbers come from de-duplicated rows. `live` comes from sketches and says whether it is exact.',
    query: overviewParametersSchema,
    exampleQuery: { start: '2026-11-05', end: '2026-11-12' },
    answers: [{ status: 200, description: 'The figures.', schema: overviewAnswerSchema }],
  },
  {
    ...COMMON,
    id: 'getRetention',
    path: '/api/analytics/retention',
    summary: 'Cohorts by day, and how many of them came back on day 1, 7 and 30',
    query: retentionParametersSchema,
    exampleQuery: { start: '2026-11-01', end: '2026-11-15', by: 'props.variant' },
    answers: [{ status: 200, description: 'The cohorts.', schema: retentionAnswerSchema }],
  },
]
