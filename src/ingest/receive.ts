/**
 * One POST through the edge, for every door: is the game open, read, charge, judge, enqueue, answer. A 2xx is
 * said only after the queue has everything on disk.
 */
import type { Context } from 'hono'

import { CLEAN_BATCHES_PER_LINE } from '../../configs/limits.ts'
import { ApiError } from '../api-error.ts'
import type { AppEnv, Principal } from '../app-env.ts'
import { configOf } from '../config.ts'
import type { GameSettings } from '../event/game-settings.ts'
import { isWatched, publishLive } from '../live/publish.ts'
import { log } from '../log.ts'
import { currentSettings } from '../settings/current-settings.ts'
import { refuseClosed } from '../settings/refuse-closed.ts'
import { acceptBatch } from './accept-batch.ts'
import { acceptPayments } from './accept-payments.ts'
import type { AcceptedBatch } from './accepted-batch.ts'
import { digestOnce } from './body-digest.ts'
import { enqueue, enqueueAlone, queueOf, requireRoom } from './enqueue.ts'
import type { IngestContext } from './ingest-context.ts'
import { liveEntries } from './live-entries.ts'
import { chargeRate, rateUnits, UNITS_OF_A_POST } from './rate.ts'
import { decodeBody, decodeText } from './read-body.ts'
import type { IncomingBatch } from './read-events.ts'
import { readEvents, repeatedOf } from './read-events.ts'
import type { RefusedBody } from './record.ts'
import { auditRowOf, isFaultOfBody, refusedCargo } from './record.ts'
import { originOf } from './request-origin.ts'

export type IngestRequest = Context<AppEnv>

/** Which contract a body is judged by. */
export type Door = 'events' | 'payments'

const JUDGES = { events: acceptBatch, payments: acceptPayments } as const

const NOT_STORED = 'ANALYTICS_MQ_TYPE is noop: events are checked, not stored'
const ONLY_VALIDATED = 'validate=only: events are checked, not stored'

/**
 * The settings of the game, when it takes events at all. Throws ingest_disabled, maintenance, overloaded: what is
 * known before the body is read.
 */
export async function requireOpen(c: IngestRequest): Promise<GameSettings> {
  const nowMs = c.get('nowMs')
  const settings = await currentSettings(c.env, c.get('scope'), nowMs)
  refuseClosed(settings, nowMs)
  await requireRoom(c)
  return settings
}

/**
 * Judges and stores the body of an authenticated request; `readSent` gives its bytes as they arrived. A body that is
 * refused as a whole is put on record before the error goes on.
 */
export async function receive(
  c: IngestRequest,
  door: Door,
  readSent: () => Promise<Uint8Array>,
  settings: GameSettings,
): Promise<Response> {
  // Charged before anything is judged: a body that is no batch costs as much as one that is.
  await chargeRate(c.env.INGEST_RATE, c.get('principal').id, UNITS_OF_A_POST)
  let sent: Uint8Array = NOTHING
  let body: Uint8Array = NOTHING
  try {
    sent = await readSent()
    body = await decodeBody(sent, c.req.header('Content-Encoding'))
    const incoming = readEvents(decodeText(body), c.req.header('Content-Type'))
    // Of what was compressed: a client that compresses anew, or not at all, sends the same events.
    const request = requestContext(c, () => repeatedOf(incoming, body), settings)
    return await store(c, door, sent.byteLength, incoming, request)
  } catch (error) {
    if (isFaultOfBody(error) && !isDryRun(c)) {
      await keepRefusal(c, door, { sent, body }, error, settings)
    }
    throw error
  }
}

const NOTHING = new Uint8Array()

async function store(
  c: IngestRequest,
  door: Door,
  bytes: number,
  incoming: IncomingBatch,
  request: IngestContext,
): Promise<Response> {
  const { events, sentTimeMs, sentUptimeMs } = incoming
  const furtherUnits = rateUnits(events.length) - UNITS_OF_A_POST
  await chargeRate(c.env.INGEST_RATE, c.get('principal').id, furtherUnits)
  const context = { ...request, sentTimeMs, sentUptimeMs }
  const batch = JUDGES[door](events, context)
  const queue = queueOf(c)
  const stores = queue.stores && !isDryRun(c)
  if (stores) {
    const auditRows = [auditRowOf(c, door, bytes, batch, events)]
    await enqueue(c, queue, { ...batch, auditRows }, context)
    if (isWatched(context.settings, context.receivedTimeMs)) {
      c.executionCtx.waitUntil(showLive(c, events, batch, context))
    }
  }
  logBatch(c, batch, bytes, stores)
  return answer(c, batch, incoming, stores)
}

/** Never fails: the batch is stored, and who watches is no reason to send it again. */
async function showLive(
  c: IngestRequest,
  events: readonly unknown[],
  batch: AcceptedBatch,
  context: IngestContext,
): Promise<void> {
  try {
    await publishLive(c.env, c.get('scope'), liveEntries(events, batch, context))
  } catch (error) {
    log('warn', 'live entries not shown', { trace_id: context.traceId, error })
  }
}

function answer(
  c: IngestRequest,
  batch: AcceptedBatch,
  incoming: IncomingBatch,
  stores: boolean,
): Response {
  const notStored = isDryRun(c) ? ONLY_VALIDATED : NOT_STORED
  const warnings = stores ? incoming.warnings : [...incoming.warnings, notStored]
  return c.json(
    {
      accepted: batch.accepted,
      rejected: batch.rejected,
      quarantined: batch.quarantined,
      filtered: batch.filtered,
      results: batch.verdicts,
      trace_id: c.get('traceId'),
      ...(stores ? {} : { stored: false }),
      ...(warnings.length === 0 ? {} : { warnings }),
    },
    isDryRun(c) ? 200 : 202,
  )
}

/** `repeated` gives what another attempt to send the batch repeats. */
function requestContext(
  c: IngestRequest,
  repeated: () => Uint8Array | string,
  settings: GameSettings,
): IngestContext {
  const { gameId, env, timeZone } = c.get('scope')
  const isClient = isPublicKey(c.get('principal'))
  return {
    gameId,
    env,
    timeZone,
    game: c.get('game'),
    settings,
    reporter: isClient ? 'client' : 'server',
    // A server's address and user agent are those of a data centre, not of a player.
    origin: isClient ? originOf(c.req.raw) : null,
    traceId: c.get('traceId'),
    receivedTimeMs: c.get('nowMs'),
    sentTimeMs: null,
    sentUptimeMs: null,
    bodyDigest: digestOnce(repeated),
    hashKey: configOf(c.env).hashKey,
  }
}

/** Write keys are in the hands of players; everybody else speaks for the studio. */
function isPublicKey(principal: Principal): boolean {
  return principal.kind === 'key' && principal.keyKind === 'write'
}

/** `?validate=only`: everything is judged, nothing is stored. */
function isDryRun(c: IngestRequest): boolean {
  const validate = c.req.query('validate')
  if (validate === undefined || validate === 'only') return validate === 'only'
  throw new ApiError('invalid_parameter', 'validate: expected "only", or leave it out.')
}

/** Puts a body on record that was refused as a whole. */
async function keepRefusal(
  c: IngestRequest,
  door: Door,
  refused: RefusedBody,
  error: ApiError,
  settings: GameSettings,
): Promise<void> {
  const queue = queueOf(c)
  if (!queue.stores) return
  const context = requestContext(c, () => refused.body, settings)
  await enqueueAlone(c, queue, refusedCargo(c, door, refused, error, context), context)
}

/**
 * One line for a batch of which something must be known, and for one of CLEAN_BATCHES_PER_LINE others: lines are billed,
 * and the audit log has a row of every batch.
 */
function logBatch(
  c: IngestRequest,
  { accepted, rejected, quarantined, filtered }: AcceptedBatch,
  bytes: number,
  stores: boolean,
): void {
  const { gameId, env } = c.get('scope')
  const traceId = c.get('traceId')
  const isClean = stores && rejected === 0 && filtered === 0
  // Its last digits are as good as random, and tell who reads the audit log which batches have a line.
  if (isClean && Number.parseInt(traceId.slice(-4), 16) % CLEAN_BATCHES_PER_LINE !== 0) return
  log(stores || isDryRun(c) ? 'info' : 'warn', stores ? 'ingested' : 'checked, not stored', {
    trace_id: traceId,
    game_id: gameId,
    env,
    key_id: c.get('principal').id,
    ...(isClean && { one_of: CLEAN_BATCHES_PER_LINE }),
    accepted,
    rejected,
    quarantined,
    filtered,
    bytes,
  })
}
