/** Builders for tests of GameSketches: deliveries, tokens, a queue that remembers, rows written. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { z } from 'zod'

import type { TokenDelivery } from '../../durable/figures.ts'
import type { GameSketches } from '../../durable/game-sketches.ts'
import { gameSketchesName } from '../../durable/names.ts'
import { SketchTable } from '../../durable/sketch-table.ts'
import { SketchEngine } from '../../durable/sketches/engine.ts'
import type { BreakdownValues, SketchMetric, TokenGroup } from '../../src/event/envelope.ts'
import { decodeEnvelope } from '../../src/event/envelope.ts'
import { hashKeyId, parseHashKey, userToken } from '../../src/sketch/token.ts'

export const MINUTE_MS = 60_000
export const DAY_MS = 86_400_000

export const key = parseHashKey(env.SKETCH_KEY)
export const HASH_ID = hashKeyId(key)

/** The figure of nobody. */
export const NONE = { value: 0, exact: true, error: 0 }

type Sketches = DurableObjectStub<GameSketches>

/** The sketches of a game, which every test has of its own, so that tests do not meet in storage. */
export function sketchesOf(gameId: string, shard = 0): Sketches {
  return env.GAME_SKETCHES.getByName(gameSketchesName({ gameId, env: 'prod' }, shard))
}

/** Tokens of the users with the numbers from `from` up to `to`, which is left out. */
export function tokensOf(from: number, to: number): Uint32Array {
  return Uint32Array.from({ length: to - from }, (_, at) => tokenOf(from + at))
}

export function tokenOf(user: number): number {
  return userToken(key, `user_${user}`)
}

export function group(
  metric: SketchMetric,
  bucket: number,
  tokens: Uint32Array,
  by?: BreakdownValues,
): TokenGroup {
  return { metric, bucket, tokens, ...(by && { by }) }
}

/** An exact figure. */
export function exactly(value: number) {
  return { value, exact: true, error: 0 }
}

interface Told {
  readonly shard?: number
  readonly shards?: number
  readonly timeZone?: string
}

/** A delivery of a game that counts in UTC by one object, unless told otherwise. */
export function deliveryOf(
  gameId: string,
  groups: readonly TokenGroup[],
  { shard = 0, shards = 1, timeZone = 'UTC' }: Told = {},
): TokenDelivery {
  const counting = { timeZone, shards, hashId: HASH_ID }
  return { gameId, env: 'prod', shard, counting, groups }
}

/** Delivers groups to the object that they are for, and returns it. */
export async function add(
  gameId: string,
  groups: readonly TokenGroup[],
  told: Told = {},
): Promise<Sketches> {
  const sketches = sketchesOf(gameId, told.shard)
  await sketches.addTokens(deliveryOf(gameId, groups, told))
  return sketches
}

const rowSchema = z.record(z.string(), z.union([z.string(), z.number()]))
type Row = z.output<typeof rowSchema>

/** A queue that remembers what was sent, or rejects while `isFailing`. */
export class FakeQueue {
  readonly messages: Uint8Array[] = []
  isFailing = false
  /** Runs while a message is under way */
  onSend: () => Promise<void> = async () => {}

  async send(message: Uint8Array): Promise<unknown> {
    await this.onSend()
    if (this.isFailing) throw new Error('the queue is full')
    this.messages.push(message)
    return {}
  }

  async metrics() {
    return { backlogBytes: 0 }
  }

  /** The rows of a table that were sent, in order. */
  rows(table: string): Row[] {
    return this.messages.flatMap((message) =>
      decodeEnvelope(message)
        .sections.filter((section) => section.table === table)
        .flatMap(({ ndjson }) =>
          new TextDecoder()
            .decode(ndjson)
            .trimEnd()
            .split('\n')
            .map((line) => rowSchema.parse(JSON.parse(line))),
        ),
    )
  }

  /** The rows of a table that win by their version, by day or minute; throws when versions do not rise. */
  newest(table: string, time: 'd' | 'm'): Map<unknown, Row> {
    const newest = new Map<unknown, Row>()
    for (const row of this.rows(table)) {
      const before = newest.get(row[time])
      if (before !== undefined && Number(before['version']) >= Number(row['version'])) {
        throw new Error(`version ${row['version']} does not rise`)
      }
      newest.set(row[time], row)
    }
    return newest
  }
}

/** Makes the present instance of an object send to this queue; an instance after an eviction sends to its own. */
export async function useQueue(sketches: Sketches, queue: FakeQueue): Promise<void> {
  await runInDurableObject(sketches, (instance: GameSketches) => {
    if (!Reflect.set(instance, 'env', { ...env, EVENTS_QUEUE: queue })) throw new Error('not set')
  })
}

/** How a call that hands tokens over fails: before or after it was taken. */
export type HandoverFailure = 'refused' | 'answer lost'

/** Makes the present instance of a shard fail to hand over until it is evicted, or hand over again. */
export async function failHandover(
  shard: Sketches,
  failure: HandoverFailure | null,
  meanwhile: () => Promise<void> = async () => {},
): Promise<void> {
  const GAME_SKETCHES = {
    getByName: (name: string) => ({
      async addTokens(delivery: TokenDelivery) {
        if (failure === 'refused') throw new Error('overloaded')
        await env.GAME_SKETCHES.getByName(name).addTokens(delivery)
        await meanwhile()
        if (failure === 'answer lost') throw new Error('the answer was lost')
      },
    }),
  }
  await runInDurableObject(shard, (instance: GameSketches) => {
    if (!Reflect.set(instance, 'env', { ...env, GAME_SKETCHES })) throw new Error('not set')
  })
}

/** What the alarm of an object is set to, in milliseconds since the epoch; null for none. */
export function alarmOf(sketches: Sketches): Promise<number | null> {
  return runInDurableObject(sketches, (_: GameSketches, { storage }) => storage.getAlarm())
}

/** The buckets of a metric that are in the stored sketches, ascending. */
export function bucketsOf(sketches: Sketches, metric: SketchMetric): Promise<number[]> {
  return runInDurableObject(sketches, (_: GameSketches, { storage }) =>
    storage.sql
      .exec<{ bucket: number }>(
        'SELECT bucket FROM sketches WHERE metric = ? ORDER BY bucket',
        metric,
      )
      .toArray()
      .map(({ bucket }) => bucket),
  )
}

/** Rows of a table of an object. */
export function countOf(sketches: Sketches, table: string): Promise<number> {
  return runInDurableObject(
    sketches,
    (_: GameSketches, { storage }) =>
      storage.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n,
  )
}

/** A storage whose statements are counted by the rows that they write, as they are billed. */
function countingStorage(storage: DurableObjectStorage) {
  let rowsWritten = 0
  const sql = new Proxy(storage.sql, {
    get(target, name) {
      if (name !== 'exec') return Reflect.get(target, name)
      return (...args: Parameters<SqlStorage['exec']>) => {
        const cursor = target.exec(...args)
        rowsWritten += cursor.rowsWritten
        return cursor
      }
    },
  })
  const counted = new Proxy(storage, {
    get(target, name) {
      if (name === 'sql') return sql
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  /** Rows written since the last call */
  const takeRowsWritten = () => {
    const taken = rowsWritten
    rowsWritten = 0
    return taken
  }
  return { storage: counted, takeRowsWritten }
}

/** An engine of its own on the storage of an object that nobody else uses, and the rows that it writes. */
export async function withEngine(
  gameId: string,
  run: (engine: SketchEngine, takeRowsWritten: () => number, reopen: () => SketchEngine) => void,
  limits?: ConstructorParameters<typeof SketchEngine>[4],
): Promise<void> {
  await runInDurableObject(sketchesOf(gameId), (_: GameSketches, state) => {
    const { storage, takeRowsWritten } = countingStorage(state.storage)
    const scope = { gameId, env: 'prod', shard: 0, timeZone: 'UTC', shards: 1 }
    const reopen = () => {
      const engine = new SketchEngine(storage, new SketchTable(storage), HASH_ID, null, limits)
      engine.load(scope, Date.now())
      return engine
    }
    run(reopen(), takeRowsWritten, reopen)
  })
}
