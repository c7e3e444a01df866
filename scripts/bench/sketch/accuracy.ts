/** A1 to A3: how far the estimates are from the truth. */
import { encodeSketch } from '../../../src/sketch/codec.ts'
import { DistinctCountSketch } from '../../../src/sketch/distinct-count.ts'
import { relativeStandardError } from '../../../src/sketch/estimate.ts'
import { addToRegisters } from '../../../src/sketch/registers.ts'
import { userToken } from '../../../src/sketch/token.ts'
import { type Bench, EstimateErrors, PRECISION } from './bench.ts'
import { IdCommands } from './id-commands.ts'
import { randomTokens, SplitMix64 } from './random.ts'
import { figure, percent, type Row } from './row.ts'
import { simulatedTokens } from './simulated-tokens.ts'

const PAIRED_COUNT = 100_000
const PAIRED_TRIALS = { full: 600, quick: 100 }

/** Counts at which every user is added one by one, ascending; one run passes them all. */
const DIRECT_COUNTS = [10, 100, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000]
const SIMULATED_COUNTS = [1_000_000, 3_000_000, 10_000_000]
const TRIALS = { full: 1_000, quick: 100 }
/** In how many trials the stored bytes are looked at; they differ by a few bytes. */
const ENCODED_TRIALS = 20

/** Percent */
const MOST_BIAS = 0.1

const EXACT_RUNS = { full: 10_000, quick: 2_000 }
const EXACT_TARGETS = [
  { count: 1_000, leastShare: 99.5 },
  { count: 4_096, leastShare: 94 },
]
const MOST_USERS_OFF = 3

/** Errors and bytes of our sketch at one number of users. */
export interface AccuracyAt {
  readonly users: number
  readonly trials: number
  readonly isSimulated: boolean
  /** As shares */
  readonly rootMeanSquare: number
  readonly bias: number
  /** Mean bytes as stored */
  readonly storedBytes: number
}

interface Pair {
  readonly own: EstimateErrors
  readonly redis: EstimateErrors
}

/** A1: the same ids for Redis and for us, over its protocol and through our hash. */
export async function redisRows(bench: Bench): Promise<Row[]> {
  const trials = bench.isQuick ? PAIRED_TRIALS.quick : PAIRED_TRIALS.full
  const pair: Pair = { own: new EstimateErrors(), redis: new EstimateErrors() }
  const random = new SplitMix64(1, 0)
  const commands = new IdCommands('a1', PAIRED_COUNT)
  const tokens = new Uint32Array(PAIRED_COUNT)
  const { client } = bench.redis
  for (let trial = 0; trial < trials; trial++) {
    commands.refill(random)
    const added = client.pipeline(commands.bytes, commands.count)
    commands.forEachId((id, at) => {
      tokens[at] = userToken(bench.key, id)
    })
    const sketch = new DistinctCountSketch(bench.hashId, PRECISION)
    sketch.addTokens(tokens)
    pair.own.add(sketch.estimate(), PAIRED_COUNT)
    await added
    pair.redis.add(await client.number('PFCOUNT', 'a1'), PAIRED_COUNT)
    await client.call('DEL', 'a1')
  }
  return [
    figure({
      target: 'A1',
      what: `root mean square error at ${PAIRED_COUNT.toLocaleString('en-US')} users, same ids, ${trials} trials`,
      own: percent(pair.own.rootMeanSquare),
      peer: `Redis PFCOUNT: ${percent(pair.redis.rootMeanSquare)}`,
      value: pair.own.rootMeanSquare / pair.redis.rootMeanSquare,
      limit: 0.78,
    }),
  ]
}

/** The errors and bytes at every number of users, in ascending order. */
export function measureAccuracy({ hashId, isQuick }: Bench): AccuracyAt[] {
  const trials = isQuick ? TRIALS.quick : TRIALS.full
  const found = [...DIRECT_COUNTS, ...SIMULATED_COUNTS].map((users) => ({
    users,
    errors: new EstimateErrors(),
    bytes: 0,
  }))
  const look = (at: number, sketch: DistinctCountSketch, trial: number): void => {
    const entry = found[at]
    if (entry === undefined) return
    entry.errors.add(sketch.estimate(), entry.users)
    if (trial < ENCODED_TRIALS) entry.bytes += encodeSketch(sketch).length / ENCODED_TRIALS
  }
  const random = new SplitMix64(2, 0)
  for (let trial = 0; trial < trials; trial++) {
    const sketch = new DistinctCountSketch(hashId, PRECISION)
    let added = 0
    for (const [at, users] of DIRECT_COUNTS.entries()) {
      sketch.addTokens(randomTokens(random, users - added))
      added = users
      look(at, sketch, trial)
    }
    for (const [at, users] of SIMULATED_COUNTS.entries()) {
      const registers = new Uint8Array(2 ** PRECISION)
      for (const part of simulatedTokens(random, users, PRECISION)) {
        addToRegisters(registers, PRECISION, part)
      }
      const large = new DistinctCountSketch(hashId, PRECISION, { kind: 'dense', registers })
      look(DIRECT_COUNTS.length + at, large, trial)
    }
  }
  return found.map(({ users, errors, bytes }) => ({
    users,
    trials: errors.count,
    isSimulated: SIMULATED_COUNTS.includes(users),
    rootMeanSquare: errors.rootMeanSquare,
    bias: errors.bias,
    storedBytes: bytes,
  }))
}

/**
 * A2: the largest bias at any number of users. With fewer trials than the target asks for the mean is less certain, and
 * the limit is wider by two of its standard errors.
 */
export function biasRows(accuracy: readonly AccuracyAt[]): Row[] {
  const worst = accuracy.reduce((a, b) => (Math.abs(b.bias) > Math.abs(a.bias) ? b : a))
  const uncertainty = (2 * 100 * relativeStandardError(PRECISION)) / Math.sqrt(worst.trials)
  return [
    figure({
      target: 'A2',
      what: `largest bias at any of ${accuracy.length} counts from 10 to 10,000,000 users, ${worst.trials} trials each`,
      own: `${percent(worst.bias)} at ${worst.users.toLocaleString('en-US')} users`,
      value: Math.abs(worst.bias) * 100,
      limit: worst.trials < TRIALS.full ? MOST_BIAS + uncertainty : MOST_BIAS,
      unit: '%',
    }),
  ]
}

/** A3: how often a sketch that keeps tokens is exact, and by how much it is off when it is not. */
export function exactRows({ hashId, isQuick }: Bench): Row[] {
  const runs = isQuick ? EXACT_RUNS.quick : EXACT_RUNS.full
  const random = new SplitMix64(3, 0)
  let mostOff = 0
  const rows = EXACT_TARGETS.map(({ count, leastShare }) => {
    let exact = 0
    for (let run = 0; run < runs; run++) {
      const sketch = new DistinctCountSketch(hashId, PRECISION)
      sketch.addTokens(randomTokens(random, count))
      const off = Math.abs(sketch.estimate() - count)
      if (off === 0) exact += 1
      mostOff = Math.max(mostOff, off)
    }
    const share = (100 * exact) / runs
    return figure({
      target: 'A3',
      what: `exact at ${count.toLocaleString('en-US')} users, ${runs.toLocaleString('en-US')} runs`,
      own: `${share.toFixed(2)} % of the runs`,
      value: share,
      limit: leastShare,
      unit: '%',
      bound: 'least',
    })
  })
  const worst = figure({
    target: 'A3',
    what: 'off by, in the worst of these runs',
    own: `${mostOff} users`,
    value: mostOff,
    limit: MOST_USERS_OFF,
    unit: 'users',
  })
  return [...rows, worst]
}
