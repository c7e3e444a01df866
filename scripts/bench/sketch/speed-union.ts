/** C2 and C3: a month of days as one, and its two steps by themselves beside a plain HyperLogLog. */
import { readFile } from 'node:fs/promises'

import { DistinctCountSketch } from '../../../src/sketch/distinct-count.ts'
import { maximumLikelihoodEstimate } from '../../../src/sketch/estimate.ts'
import { addToRegisters, mergeRegisters } from '../../../src/sketch/registers.ts'
import { readSimdMerge, type SimdMerge } from '../../../src/sketch/simd-merge.ts'
import { userToken } from '../../../src/sketch/token.ts'
import { unionOf } from '../../../src/sketch/union.ts'
import { type Bench, PRECISION } from './bench.ts'
import { addToBytes, estimateBytes, mergeBytes } from './hyper-log-log.ts'
import { randomTokens, randomUuids, SplitMix64 } from './random.ts'
import { command } from './redis-client.ts'
import { type Row, timing } from './row.ts'
import { fastest, type Measurement, nsPer } from './timing.ts'

const MERGE_MODULE = new URL('../../../src/sketch/merge-registers.wasm', import.meta.url)

const DAYS = 31
const USERS_PER_DAY = 50_000
/** Users of a day who were not there the day before. */
const NEW_USERS_PER_DAY = 10_000
const ALL_USERS = USERS_PER_DAY + (DAYS - 1) * NEW_USERS_PER_DAY
const ROUNDS = { full: 150, quick: 40 }
const IDS_PER_COMMAND = 5_000
const MOST_OFF = 0.05

/**
 * Apache DataSketches, C++, commit c228885, g++ -O2: union of 31 HLL_8 sketches with 2^14 registers and the estimate.
 * Measured once; there is no package of it to run beside ours.
 */
const QUOTED = { name: 'DataSketches HLL_8, C++', ns: 350_000 }

const STEP_USERS = 100_000

/** C2, with the merge in JavaScript and with the one of the WebAssembly module. */
export async function unionRows(bench: Bench): Promise<Row[]> {
  const days = await fillDays(bench)
  const simd = await loadSimdMerge()
  const [redis = 0, plain = 0, fast = 0] = await fastest(
    [redisUnion(bench), ownUnion(days, null), ownUnion(days, simd)],
    bench.isQuick ? ROUNDS.quick : ROUNDS.full,
  )
  const peer = { name: `Redis PFCOUNT of ${DAYS} keys`, ns: redis }
  const inJavaScript = { target: 'C2', what: `union of ${DAYS} days and estimate, JavaScript` }
  const inWebAssembly = { target: 'C2', what: `union of ${DAYS} days and estimate, WebAssembly` }
  return [
    timing({ ...inJavaScript, limit: 1 }, plain, peer),
    timing({ ...inJavaScript, limit: 1.7, isQuoted: true }, plain, QUOTED),
    timing({ ...inWebAssembly, limit: 0.3 }, fast, peer),
    timing({ ...inWebAssembly, limit: 0.45, isQuoted: true }, fast, QUOTED),
  ]
}

/** The same days in Redis, under the keys that dayKeys tells, and as sketches. */
async function fillDays({ redis, key, hashId }: Bench): Promise<DistinctCountSketch[]> {
  const uuids = randomUuids(new SplitMix64(8, 0), ALL_USERS)
  const days: DistinctCountSketch[] = []
  for (const [day, redisKey] of dayKeys().entries()) {
    const ids = uuids.slice(day * NEW_USERS_PER_DAY, day * NEW_USERS_PER_DAY + USERS_PER_DAY)
    const sketch = new DistinctCountSketch(hashId, PRECISION)
    sketch.addTokens(Uint32Array.from(ids, (id) => userToken(key, id)))
    days.push(sketch)
    for (let at = 0; at < ids.length; at += IDS_PER_COMMAND) {
      const words = ['PFADD', redisKey, ...ids.slice(at, at + IDS_PER_COMMAND)]
      await redis.client.pipeline(command(words), 1)
    }
  }
  return days
}

function dayKeys(): string[] {
  return Array.from({ length: DAYS }, (_, day) => `c2-${day}`)
}

function redisUnion({ redis }: Bench): Measurement {
  const words = ['PFCOUNT', ...dayKeys()]
  return async () => {
    const before = await redis.stat('pfcount')
    assertAll('Redis', await redis.client.number(...words))
    const after = await redis.stat('pfcount')
    return (after.micros - before.micros) * 1_000
  }
}

function ownUnion(days: readonly DistinctCountSketch[], simd: SimdMerge | null): Measurement {
  return () => {
    let estimate = 0
    const ns = nsPer(1, () => {
      estimate = unionOf(days, simd).estimate()
    })
    assertAll('the union', estimate)
    return ns
  }
}

/** Throws Error when a union is not of all users: its time would say nothing. */
function assertAll(name: string, counted: number): void {
  if (Math.abs(counted / ALL_USERS - 1) > MOST_OFF) {
    throw new Error(`${name} counted ${counted} of ${ALL_USERS} users`)
  }
}

async function loadSimdMerge(): Promise<SimdMerge> {
  const { instance } = await WebAssembly.instantiate(await readFile(MERGE_MODULE))
  return readSimdMerge(instance.exports)
}

/** C3: one estimate and one merge, against a HyperLogLog of as many registers in JavaScript. */
export async function stepRows({ isQuick }: Bench): Promise<Row[]> {
  const random = new SplitMix64(9, 0)
  const [first, second] = [randomTokens(random, STEP_USERS), randomTokens(random, STEP_USERS)]
  const own = registersOf(addToRegisters, first, second)
  const plain = registersOf(addToBytes, first, second)
  const [estimate = 0, plainEstimate = 0, merge = 0, plainMerge = 0] = await fastest(
    [
      estimating(maximumLikelihoodEstimate, own.first),
      estimating(estimateBytes, plain.first),
      merging(mergeRegisters, own),
      merging(mergeBytes, plain),
    ],
    isQuick ? ROUNDS.quick : ROUNDS.full,
  )
  return [
    timing({ target: 'C3', what: 'estimate of 16,384 registers', limit: 2 }, estimate, {
      name: 'HyperLogLog in JavaScript',
      ns: plainEstimate,
    }),
    timing({ target: 'C3', what: 'merge of 16,384 registers', limit: 0.5 }, merge, {
      name: 'HyperLogLog in JavaScript',
      ns: plainMerge,
    }),
  ]
}

interface RegisterPair {
  readonly first: Uint8Array
  readonly second: Uint8Array
}

function registersOf(
  add: (registers: Uint8Array, p: number, tokens: Uint32Array) => unknown,
  ...tokens: readonly [Uint32Array, Uint32Array]
): RegisterPair {
  const [first, second] = [new Uint8Array(2 ** PRECISION), new Uint8Array(2 ** PRECISION)]
  add(first, PRECISION, tokens[0])
  add(second, PRECISION, tokens[1])
  return { first, second }
}

function estimating(
  estimate: (registers: Uint8Array, p: number) => number,
  registers: Uint8Array,
): Measurement {
  return () => {
    let users = 0
    const ns = nsPer(1, () => {
      users = estimate(registers, PRECISION)
    })
    if (Math.abs(users / STEP_USERS - 1) > MOST_OFF) throw new Error(`estimated ${users}`)
    return ns
  }
}

/** A merge into registers that do not hold the others yet. */
function merging(
  merge: (target: Uint8Array, source: Uint8Array) => unknown,
  { first, second }: RegisterPair,
): Measurement {
  const target = first.slice()
  return () => {
    target.set(first)
    return nsPer(1, () => void merge(target, second))
  }
}
