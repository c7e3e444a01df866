/** The operation on the audit log. */
import { auditAnswerSchema, auditSearchSchema } from '../audit-log/schemas.ts'
import type { Operation } from './operation.ts'
import { described } from './operation.ts'
import { PROBLEMS_OF_LISTS } from './problems.ts'

export const AUDIT_LOG_OPERATIONS: readonly Operation[] = [
  {
    id: 'listAuditEntries',
    method: 'get',
    path: '/api/admin/audit',
    tag: 'audit',
    summary: 'Who did what to a game, latest first',
    description:
      'Without `start` the last 7 days. Snapshots hold shapes and masked values only. Archived games are shown too. ' +
      'Without a game: calls about none, such as those about users, for callers who are not limited to games.',
    access: 'audit:read',
    query: described(auditSearchSchema, {
      actor: 'Id of a key or a user',
      action: 'Such as events.track or settings.change',
      status: 'HTTP status of the answer',
      start: 'First instant: RFC 3339 with an offset',
      end: 'The instant after the last',
      limit: 'Entries of a page, 1 to 500',
      cursor: 'next_cursor of the page before',
    }),
    exampleQuery: { action: 'settings.change' },
    answers: [{ status: 200, description: 'A page of entries.', schema: auditAnswerSchema }],
    problems: PROBLEMS_OF_LISTS,
  },
]
