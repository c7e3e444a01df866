/** /api/events/rejected: what was refused and why, and the replay of what passes by now. */
import type { Context } from 'hono'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'

import { requirePermission } from '../access/require-permission.ts'
import { ApiError } from '../api-error.ts'
import type { AppEnv } from '../app-env.ts'
import type {
  ListedRejectedEventRow,
  RejectedFilter,
} from '../clickhouse/queries/rejected-events.ts'
import { rejectedEvents } from '../clickhouse/queries/rejected-events.ts'
import { rejectedSummary } from '../clickhouse/queries/rejected-summary.ts'
import { configOf } from '../config.ts'
import { toCursor } from '../cursor.ts'
import { formatTime, formatTimeOrNull } from '../format-time.ts'
import { readSearch } from '../parameters.ts'
import { answerReplay } from './replay-route.ts'
import type { RejectedAnswer, RejectedSearch, RejectedSummaryAnswer } from './schemas.ts'
import { rejectedSearchSchema, rejectedSummarySearchSchema } from './schemas.ts'

/** Characters of a payload in a listing: a page of the largest would not fit into memory. */
const LISTED_PAYLOAD_LENGTH = 4_096
/** No stored payload is longer. */
const WHOLE_PAYLOAD_LENGTH = 1_000_000
const MAX_REPLAY_BODY_BYTES = 16_384

const smallBody = bodyLimit({
  maxSize: MAX_REPLAY_BODY_BYTES,
  onError: () => {
    throw new ApiError('body_too_large', `Expected at most ${MAX_REPLAY_BODY_BYTES} bytes.`)
  },
})

/** Routes under /api/events, beside those of ingest. */
export function quarantineRoutes(): Hono<AppEnv> {
  return new Hono<AppEnv>()
    .get('/rejected', requirePermission('analytics:read'), async (c) => c.json(await list(c)))
    .get('/rejected/summary', requirePermission('analytics:read'), async (c) =>
      c.json(await summarize(c)),
    )
    .post('/rejected/replay', requirePermission('analytics:manage'), smallBody, async (c) =>
      c.json(await answerReplay(c)),
    )
}

async function list(c: Context<AppEnv>): Promise<RejectedAnswer> {
  const search = readSearch(rejectedSearchSchema, new URL(c.req.url).searchParams)
  const rows = await rejectedEvents(configOf(c.env).clickhouse, c.get('scope'), toFilter(search), {
    after: search.cursor ?? null,
    // One more than asked for tells whether there is a next page.
    limit: search.limit + 1,
    payloadLength: search.rejection_id === undefined ? LISTED_PAYLOAD_LENGTH : WHOLE_PAYLOAD_LENGTH,
  })
  const page = rows.slice(0, search.limit)
  const last = page.at(-1)
  return {
    events: page.map(toListed),
    next_cursor:
      rows.length > page.length && last !== undefined
        ? toCursor([last.received_ms, last.rejection_id, last.code])
        : null,
    trace_id: c.get('traceId'),
  }
}

async function summarize(c: Context<AppEnv>): Promise<RejectedSummaryAnswer> {
  const search = readSearch(rejectedSummarySearchSchema, new URL(c.req.url).searchParams)
  const rows = await rejectedSummary(
    configOf(c.env).clickhouse,
    c.get('scope'),
    toFilter({ ...search, rejection_id: undefined }),
    search.limit,
  )
  return {
    events: rows[0]?.all_events ?? 0,
    groups: rows.map((row) => ({
      code: row.code,
      event: row.event,
      pointer: row.pointer,
      events: row.events,
      replayable: row.replayable,
      first_time: formatTime(row.first_ms),
      last_time: formatTime(row.last_ms),
      example: { rejection_id: row.example_id, detail: row.example_detail },
    })),
    more_groups: (rows[0]?.all_groups ?? 0) - rows.length,
    trace_id: c.get('traceId'),
  }
}

function toFilter(search: Omit<RejectedSearch, 'limit' | 'cursor'>): RejectedFilter {
  return {
    code: search.code ?? null,
    verdict: search.verdict ?? null,
    event: search.event ?? null,
    door: search.door ?? null,
    pointer: search.pointer ?? null,
    rejectionId: search.rejection_id ?? null,
    startMs: search.start ?? null,
    endMs: search.end ?? null,
    replayed: search.replayed ?? null,
  }
}

function toListed(row: ListedRejectedEventRow): RejectedAnswer['events'][number] {
  const {
    received_ms: receivedMs,
    sent_ms: sentMs,
    replayed_ms: replayedMs,
    sent_uptime_ms: _,
    origin: _origin,
    ...columns
  } = row
  return {
    ...columns,
    received_time: formatTime(receivedMs),
    sent_time: formatTimeOrNull(sentMs),
    replayed_time: formatTimeOrNull(replayedMs),
  }
}
