/**
 * The latest events of one game and environment, passed on to whoever watches them: for the person who integrates a
 * client, not for keeping. Everything is in memory; what nobody saw is gone when the object is.
 */
import { DurableObject } from 'cloudflare:workers'
import { z } from 'zod'

import {
  LIVE_STREAM_MS,
  LIVE_WATCH_MS,
  MAX_LIVE_ENTRIES_PER_POST,
  MAX_LIVE_VIEWERS,
  SETTINGS_CACHE_MS,
} from '../configs/limits.ts'
import type { LiveDropped, LiveEntry, LiveFilter, LiveHello } from '../src/event/live-entry.ts'
import { isShown, liveEntrySchema, liveFilterSchema } from '../src/event/live-entry.ts'
import { gameSettingsName } from './names.ts'

/** Proxies and clients take a silent connection for a dead one. */
const HEARTBEAT_MS = 15_000

/** Heartbeats between two calls that keep the feed watched: every 30 s, half of LIVE_WATCH_MS. */
const HEARTBEATS_PER_WATCH = 2

/** Entries that a new viewer sees first. */
const MAX_REMEMBERED_ENTRIES = 100

/** Bytes that wait for one viewer; beyond, entries are dropped and counted. */
const MAX_WAITING_BYTES = 512 * 1_024

/** A viewer who has taken nothing for so long, in milliseconds, while as much as possible waited, is gone. */
const MAX_STALLED_MS = 60_000

/** Numbers of entries are times the factor, so that they rise beyond the life of this object. */
const IDS_PER_MS = 1_000

/** How long ingest may take to notice a viewer: a cached setting, and the call that reads the next one. */
const STARTS_WITHIN_MS = SETTINGS_CACHE_MS + 1_000

const HEARTBEAT_COMMENT = ': heartbeat'
const NOT_WATCHED_COMMENT = ': the settings cannot be reached; entries may stop'

const openSchema = liveFilterSchema.extend({ game_id: z.string().min(1), env: z.string().min(1) })

const entriesSchema = z.array(liveEntrySchema).max(MAX_LIVE_ENTRIES_PER_POST)

interface RememberedEntry {
  readonly entry: LiveEntry
  /** As it is written to every viewer */
  readonly bytes: Uint8Array
}

export class LiveFeed extends DurableObject<Env> {
  readonly #viewers = new Set<Viewer>()
  #remembered: RememberedEntry[] = []
  #nextId = Date.now() * IDS_PER_MS
  #heartbeat: ReturnType<typeof setInterval> | null = null

  /** Passes the entries of one request on to everybody who watches. Throws TypeError for anything else. */
  publish(entries: readonly LiveEntry[]): void {
    const parsed = entriesSchema.safeParse(entries)
    if (!parsed.success) throw new TypeError(z.prettifyError(parsed.error))
    for (const entry of parsed.data) {
      const bytes = encodeEvent(entry.status, entry, this.#nextId)
      this.#nextId += 1
      this.#remembered.push({ entry, bytes })
      for (const viewer of this.#viewers) viewer.show(entry, bytes)
    }
    this.#remembered = this.#remembered.slice(-MAX_REMEMBERED_ENTRIES)
  }

  /**
   * A stream of server-sent events for one more viewer: `hello`, the remembered entries, then what comes, and after
   * LIVE_STREAM_MS `reopen`, which says how many seconds the stream lasted. The query names the game and the filter. 503 when there are too many viewers, 400 for a
   * wrong query.
   */
  override fetch(request: Request): Response {
    const asked = openSchema.safeParse(Object.fromEntries(new URL(request.url).searchParams))
    if (!asked.success) return new Response(z.prettifyError(asked.error), { status: 400 })
    if (this.#viewers.size >= MAX_LIVE_VIEWERS) {
      // A viewer who has gone is noticed when something is written to it, at the latest by the next heartbeats.
      this.#beat()
      return new Response(null, { status: 503 })
    }
    const { game_id: gameId, env, ...filter } = asked.data
    const viewer: Viewer = new Viewer(filter, () => this.#leave(viewer))
    this.#viewers.add(viewer)
    this.#startHeartbeat({ gameId, env })
    this.#welcome(viewer, filter, { gameId, env })
    return new Response(viewer.stream, { headers: { 'Content-Type': 'text/event-stream' } })
  }

  #welcome(viewer: Viewer, filter: LiveFilter, scope: { gameId: string; env: string }): void {
    const shown = this.#remembered.filter(({ entry }) => isShown(entry, filter))
    const hello: LiveHello = {
      game_id: scope.gameId,
      env: scope.env,
      remembered: shown.length,
      starts_within_seconds: STARTS_WITHIN_MS / 1_000,
      entries_per_post: MAX_LIVE_ENTRIES_PER_POST,
      heartbeat_seconds: HEARTBEAT_MS / 1_000,
    }
    viewer.write(encodeEvent('hello', hello))
    // Not subject to the bound: the bytes are those that are remembered anyway.
    for (const { bytes } of shown) viewer.write(bytes)
  }

  #leave(viewer: Viewer): void {
    this.#viewers.delete(viewer)
    if (this.#viewers.size > 0 || this.#heartbeat === null) return
    clearInterval(this.#heartbeat)
    this.#heartbeat = null
  }

  #startHeartbeat(scope: { gameId: string; env: string }): void {
    if (this.#heartbeat !== null) return
    let beats = 0
    this.#heartbeat = setInterval(() => {
      beats += 1
      this.#beat()
      if (beats % HEARTBEATS_PER_WATCH === 0) this.ctx.waitUntil(this.#keepWatched(scope))
    }, HEARTBEAT_MS)
  }

  #beat(): void {
    const nowMs = Date.now()
    for (const viewer of this.#viewers) {
      viewer.comment(HEARTBEAT_COMMENT, nowMs)
      viewer.endWhenOld(nowMs)
    }
  }

  /** Ingest publishes only while the settings say that somebody watches. */
  async #keepWatched(scope: { gameId: string; env: string }): Promise<void> {
    try {
      const settings = this.env.GAME_SETTINGS.getByName(gameSettingsName(scope))
      await settings.watch(Date.now() + LIVE_WATCH_MS)
    } catch {
      for (const viewer of this.#viewers) viewer.comment(NOT_WATCHED_COMMENT, Date.now())
    }
  }
}

/** One open stream. */
class Viewer {
  readonly stream: ReadableStream<Uint8Array>
  readonly #filter: LiveFilter
  readonly #leave: () => void
  readonly #endMs = Date.now() + LIVE_STREAM_MS
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null
  #dropped = 0
  /** Since when nothing more fits, in milliseconds since the epoch */
  #fullSinceMs: number | null = null

  constructor(filter: LiveFilter, leave: () => void) {
    this.#filter = filter
    this.#leave = leave
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        // Called whenever there is room again.
        pull: () => this.#tellDropped(),
        cancel: () => this.#end(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING_BYTES }),
    )
  }

  /** Writes an entry that the filter lets through, or counts it when the viewer is too slow for it. */
  show(entry: LiveEntry, bytes: Uint8Array): void {
    if (!isShown(entry, this.#filter)) return
    if (!this.#hasRoom()) {
      this.#dropped += 1
      return
    }
    this.#tellDropped()
    this.write(bytes)
  }

  /** Writes a comment, or ends a stream that has been full for too long. */
  comment(text: string, nowMs: number): void {
    if (this.#hasRoom()) {
      this.#fullSinceMs = null
      this.write(new TextEncoder().encode(`${text}\n\n`))
      return
    }
    this.#fullSinceMs ??= nowMs
    if (nowMs - this.#fullSinceMs < MAX_STALLED_MS) return
    this.#controller?.error(new Error('the viewer takes nothing'))
    this.#end()
  }

  /** Ends a stream whose time is over: whether its key still opens the feed is asked when it is opened again. */
  endWhenOld(nowMs: number): void {
    if (nowMs < this.#endMs || this.#controller === null) return
    this.write(encodeEvent('reopen', { after_seconds: LIVE_STREAM_MS / 1_000 }))
    this.#controller.close()
    this.#end()
  }

  write(bytes: Uint8Array): void {
    this.#controller?.enqueue(bytes)
  }

  #hasRoom(): boolean {
    return (this.#controller?.desiredSize ?? 0) > 0
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return
    const dropped: LiveDropped = { entries: this.#dropped }
    this.#dropped = 0
    this.write(encodeEvent('dropped', dropped))
  }

  #end(): void {
    this.#controller = null
    this.#leave()
  }
}

/** A server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html); JSON has no line breaks. */
function encodeEvent(name: string, data: unknown, id?: number): Uint8Array {
  const idLine = id === undefined ? '' : `id: ${id}\n`
  return new TextEncoder().encode(`${idLine}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
}
