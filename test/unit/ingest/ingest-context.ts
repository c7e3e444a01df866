/** What the edge knows of a batch, for tests: a strict game without wishes, a client's word, a fixed clock. */
import type { GameProfile } from '../../../src/event/game-profile.ts'
import { DEFAULT_SETTINGS } from '../../../src/event/game-settings.ts'
import type { IngestContext } from '../../../src/ingest/ingest-context.ts'
import { parseHashKey } from '../../../src/sketch/token.ts'

/** A profile is looked up by identity: two calls make two games. */
export const aGame = (fields: Partial<GameProfile> = {}): GameProfile => ({
  gameId: 'demo',
  timeZone: 'UTC',
  gameType: '',
  eventMode: 'strict',
  customEvents: [],
  allowedOrigins: [],
  pseudonymKey: null,
  maskedProperties: [],
  ...fields,
})

/** Received at noon UTC of 2026-11-20. */
export const anIngestContext = (fields: Partial<IngestContext> = {}): IngestContext => ({
  gameId: 'demo',
  env: 'prod',
  timeZone: 'UTC',
  game: aGame(),
  settings: DEFAULT_SETTINGS,
  reporter: 'client',
  origin: null,
  traceId: '0123456789abcdef',
  receivedTimeMs: Date.parse('2026-11-20T12:00:00Z'),
  sentTimeMs: null,
  sentUptimeMs: null,
  bodyDigest: () => 'ab'.repeat(32),
  hashKey: parseHashKey('0001020304050607'),
  ...fields,
})
