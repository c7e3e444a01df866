/** Simulated batches through the code of the edge: the text of a body in, the rows of its events out. */
import { z } from 'zod'

import type { GameProfile } from '../../src/event/game-profile.ts'
import { DEFAULT_SETTINGS } from '../../src/event/game-settings.ts'
import { acceptBatch } from '../../src/ingest/accept-batch.ts'
import { digestOnce } from '../../src/ingest/body-digest.ts'
import type { IngestContext } from '../../src/ingest/ingest-context.ts'
import { readEvents, repeatedOf } from '../../src/ingest/read-events.ts'
import { parseHashKey } from '../../src/sketch/token.ts'
import type { Attempt, SimulatedBatch } from './delivery.ts'

/** An accepted row, as far as times and identity go. */
export interface StoredRow {
  readonly eventTimeMs: number
  /** Whether event_time is not the client's */
  readonly corrected: boolean
  /** The parts of the sorting key of `events` that can differ within a game */
  readonly key: string
}

const rowSchema = z.object({
  event: z.string(),
  event_id: z.string(),
  user_id: z.string(),
  event_time: z.string(),
  client_time: z.string(),
  time_method: z.enum(['client', 'sent_at', 'uptime', 'clamped']),
})

const HASH_KEY = parseHashKey('0001020304050607')
const EVENT = 'session.start'
const games = new Map<string, GameProfile>()

/** The text of the body that the device sends with an attempt; without uptimes when it knows none. */
export function bodyOf(batch: SimulatedBatch, attempt: Attempt, withUptimes: boolean): string {
  const timeOf = (timeMs: number): number | string =>
    batch.times === 'numbers' ? timeMs : new Date(timeMs).toISOString()
  return JSON.stringify({
    events: batch.events.map(({ clientMs, uptimeMs }, index) => ({
      event: EVENT,
      event_id: batch.hasIds ? `${batch.userId}-${index}` : undefined,
      event_time: timeOf(clientMs),
      uptime_ms: withUptimes ? uptimeMs : undefined,
      user_id: batch.userId,
      session_id: batch.userId,
      platform: 'android',
    })),
    sent_at: attempt.sentMs === null ? undefined : timeOf(attempt.sentMs),
    sent_uptime_ms: withUptimes ? (attempt.sentUptimeMs ?? undefined) : undefined,
  })
}

/** One entry per event of the body: its row, or null when it was refused. */
export function rowsOf(
  body: string,
  receivedTimeMs: number,
  timeZone: string,
): readonly (StoredRow | null)[] {
  const incoming = readEvents(body, 'application/json')
  const { events, sentTimeMs, sentUptimeMs } = incoming
  const context: IngestContext = {
    gameId: 'demo',
    env: 'prod',
    timeZone,
    game: gameIn(timeZone),
    settings: DEFAULT_SETTINGS,
    reporter: 'client',
    origin: null,
    traceId: '',
    receivedTimeMs,
    sentTimeMs,
    sentUptimeMs,
    bodyDigest: digestOnce(() => repeatedOf(incoming, body)),
    hashKey: HASH_KEY,
  }
  const batch = acceptBatch(events, context)
  const refused = new Set(
    batch.verdicts.filter(({ status }) => status !== 'corrected').map(({ index }) => index),
  )
  const lines = batch.eventRows.values()
  return events.map((_event, index) => {
    const line = refused.has(index) ? undefined : lines.next().value
    return line === undefined ? null : readRow(line)
  })
}

function readRow(line: string): StoredRow {
  const row = rowSchema.parse(JSON.parse(line))
  const clientDay = row.client_time.slice(0, 10)
  return {
    eventTimeMs: Date.parse(`${row.event_time.replace(' ', 'T')}Z`),
    corrected: row.time_method !== 'client',
    key: [row.event, clientDay, row.user_id, row.event_id].join('\n'),
  }
}

/** Profiles are looked up by identity, so there is one for each zone. */
function gameIn(timeZone: string): GameProfile {
  const known = games.get(timeZone)
  if (known !== undefined) return known
  const game: GameProfile = {
    gameId: 'demo',
    timeZone,
    gameType: '',
    eventMode: 'strict',
    customEvents: [],
    allowedOrigins: [],
    pseudonymKey: null,
    maskedProperties: [],
  }
  games.set(timeZone, game)
  return game
}
