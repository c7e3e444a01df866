/** C1: what it takes to count one user. All counters hold the same users before, and get the same new ones. */
import { z } from 'zod'

import { DistinctCountSketch } from '../../../src/sketch/distinct-count.ts'
import { userToken } from '../../../src/sketch/token.ts'
import { type Bench, PRECISION } from './bench.ts'
import { type CountingPeer, npmPeers } from './peers.ts'
import { randomUuids, SplitMix64 } from './random.ts'
import { command } from './redis-client.ts'
import { type Row, timing } from './row.ts'
import { fastest, type Measurement, nsPer } from './timing.ts'

/** Users that every counter holds before: all of them are dense. */
const USERS_BEFORE = 100_000
/** Users of one round: enough to fill the caches and for whole microseconds, few enough to go undisturbed. */
const USERS_PER_ROUND = 20_000
const ROUNDS = { full: 40, quick: 15 }
/** What JavaScript does in one round is timed in parts: the shorter, the likelier undisturbed. */
const USERS_PER_PART = 4_000
/** A counter that is further off than this was not given what it should have counted. */
const MOST_OFF = 0.05

/** A counter under measurement. */
interface Contestant {
  readonly name: string
  /** Adds what is there before the first round. */
  readonly prepare: (ids: readonly string[]) => void | Promise<void>
  /** Adds ids; nanoseconds per id. */
  readonly add: (ids: readonly string[]) => number | Promise<number>
  readonly count: () => number | Promise<number>
}

/** The rows of what is installed; a package that is missing is told to the log. */
export async function addRows(bench: Bench): Promise<Row[]> {
  const peers = await npmPeers()
  for (const [name, peer] of Object.entries(peers)) {
    if (peer === null) bench.log(`${name} is not installed: no row for it`)
  }
  const present = [
    { peer: peers['hyperloglog-lite'], limit: 0.15 },
    { peer: peers.streamcount, limit: 0.5 },
  ].flatMap(({ peer, limit }) => (peer === null ? [] : [{ peer, limit }]))

  const [tokens = 0, hashed = 0, redis = 0, ...others] = await race(
    [
      fromTokens(bench),
      fromIds(bench),
      redisCounter(bench),
      ...present.map(({ peer }) => ofPackage(peer)),
    ],
    bench.isQuick ? ROUNDS.quick : ROUNDS.full,
  )
  const byRedis = { name: 'Redis PFADD', ns: redis }
  const whole = 'hash a UUID and add it, per user'
  return [
    timing({ target: 'C1', what: 'add a token, per user', limit: 0.2 }, tokens, byRedis),
    timing({ target: 'C1', what: whole, limit: 4 }, hashed, byRedis),
    ...present.map(({ peer, limit }, at) =>
      timing({ target: 'C1', what: whole, limit }, hashed, {
        name: peer.name,
        ns: others[at] ?? Number.NaN,
      }),
    ),
  ]
}

/** Nanoseconds per user of each; throws Error when one has not counted what it was given. */
async function race(contestants: readonly Contestant[], rounds: number): Promise<number[]> {
  const uuids = randomUuids(new SplitMix64(6, 0), USERS_BEFORE + rounds * USERS_PER_ROUND)
  for (const { prepare } of contestants) await prepare(uuids.slice(0, USERS_BEFORE))
  const measurements = contestants.map(({ add }): Measurement => (round) => {
    const start = USERS_BEFORE + round * USERS_PER_ROUND
    return add(uuids.slice(start, start + USERS_PER_ROUND))
  })
  const times = await fastest(measurements, rounds)
  for (const { name, count } of contestants) {
    const counted = await count()
    if (Math.abs(counted / uuids.length - 1) > MOST_OFF) {
      throw new Error(`${name} counted ${counted} of ${uuids.length} ids: its time says nothing`)
    }
  }
  return times
}

const idsSchema = z.array(z.string())

/** Nanoseconds per id of the fastest part. As in a Worker, the ids come fresh out of JSON. */
function fastestPart(ids: readonly string[], measure: (part: readonly string[]) => number): number {
  let best = Number.POSITIVE_INFINITY
  for (let at = 0; at < ids.length; at += USERS_PER_PART) {
    const text = JSON.stringify(ids.slice(at, at + USERS_PER_PART))
    best = Math.min(best, measure(idsSchema.parse(JSON.parse(text))))
  }
  return best
}

function tokensOf({ key }: Bench, ids: readonly string[]): Uint32Array {
  const tokens = new Uint32Array(ids.length)
  for (let at = 0; at < ids.length; at++) tokens[at] = userToken(key, ids[at] ?? '')
  return tokens
}

function fromTokens(bench: Bench): Contestant {
  const sketch = new DistinctCountSketch(bench.hashId, PRECISION)
  return {
    name: 'the sketch',
    prepare: (ids) => void sketch.addTokens(tokensOf(bench, ids)),
    add: (ids) =>
      fastestPart(ids, (part) => {
        const tokens = tokensOf(bench, part)
        return nsPer(part.length, () => void sketch.addTokens(tokens))
      }),
    count: () => sketch.estimate(),
  }
}

function fromIds(bench: Bench): Contestant {
  const sketch = new DistinctCountSketch(bench.hashId, PRECISION)
  const add = (ids: readonly string[]): void => void sketch.addTokens(tokensOf(bench, ids))
  return {
    name: 'the sketch',
    prepare: add,
    add: (ids) => fastestPart(ids, (part) => nsPer(part.length, () => add(part))),
    count: () => sketch.estimate(),
  }
}

function ofPackage({ name, create }: CountingPeer): Contestant {
  const counter = create()
  const add = (ids: readonly string[]): void => {
    for (const id of ids) counter.add(id)
  }
  return {
    name,
    prepare: add,
    add: (ids) => fastestPart(ids, (part) => nsPer(part.length, () => add(part))),
    count: () => counter.count(),
  }
}

/** The time within PFADD as Redis tells it; reading the command from the socket is not in it. */
function redisCounter({ redis }: Bench): Contestant {
  const add = async (ids: readonly string[]): Promise<void> => {
    await redis.client.pipeline(command(['PFADD', 'c1', ...ids]), 1)
  }
  return {
    name: 'Redis',
    prepare: add,
    add: async (ids) => {
      const before = await redis.stat('pfadd')
      await add(ids)
      const after = await redis.stat('pfadd')
      return ((after.micros - before.micros) * 1_000) / ids.length
    },
    count: () => redis.client.number('PFCOUNT', 'c1'),
  }
}
