/** Operation of the live feed. */
import { z } from 'zod'

import { liveSearchSchema } from '../live/schemas.ts'
import type { Operation } from './operation.ts'
import { described } from './operation.ts'

export const LIVE_OPERATIONS: readonly Operation[] = [
  {
    id: 'watchEvents',
    method: 'get',
    path: '/api/events/live',
    tag: 'live',
    summary: 'The latest events and what became of them, as server-sent events',
    description:
      'The stream begins with the event `hello` (LiveHello) and the entries that are remembered. Each entry is an ' +
      'event named after its status (`accepted`, `corrected`, `quarantined`, `rejected`, `filtered`) with a ' +
      'LiveEntry. `dropped` (LiveDropped) counts entries that this reader was too slow for. A comment every 15 s ' +
      'keeps the connection alive. After 15 minutes the event `reopen` ends the stream: ask again. Keys may not stand in the URL, so read it with fetch() or `curl -N`.',
    access: 'analytics:read',
    query: described(liveSearchSchema, {
      status: 'Only entries with this status',
      event: 'Only this event, by its id or an alias',
      user_id: 'Only this user; the pseudonym where the game stores pseudonyms',
    }),
    exampleQuery: { status: 'rejected' },
    answers: [
      {
        status: 200,
        description: 'The stream; it ends when the reader leaves, or after 15 minutes.',
        schema: z.string(),
        mediaType: 'text/event-stream',
      },
    ],
    problems: ['invalid_parameter', 'overloaded'],
  },
]
