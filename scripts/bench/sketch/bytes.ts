/** B1 to B3: bytes as stored. */
import { encodeSketch } from '../../../src/sketch/codec.ts'
import { DistinctCountSketch } from '../../../src/sketch/distinct-count.ts'
import { relativeStandardError } from '../../../src/sketch/estimate.ts'
import type { AccuracyAt } from './accuracy.ts'
import { type Bench, PRECISION } from './bench.ts'
import { IdCommands } from './id-commands.ts'
import { randomTokens, SplitMix64 } from './random.ts'
import { figure, percent, type Row } from './row.ts'

/** Redis' standard error as its documentation gives it: 0.81 % with 2^14 registers. */
const REDIS_STANDARD_ERROR = 1.04 / 2 ** (PRECISION / 2)

/**
 * Apache DataSketches, C++, commit c228885, 1,000,000 users, the union of two sketches, 150 trials: bytes of the
 * serialised sketch and root mean square error. Measured once; there is no package of it to run beside ours.
 */
const QUOTED = [
  { name: 'DataSketches HLL_4', bytes: 8_262, error: 0.00815, mostBytes: 1.02, mostError: 0.73 },
  { name: 'DataSketches CPC', bytes: 9_805, error: 0.00533, mostBytes: 0.87, mostError: 1.12 },
]

const REDIS_COUNTS = [100_000, 1_000_000]
const REDIS_BATCH = 100_000

const FEW_TARGETS = [
  { users: 100, mostBytes: 3 },
  { users: 1_000, mostBytes: 2.5 },
  { users: 4_096, mostBytes: 2.25 },
]
const FEW_TRIALS = 100

/** Throws RangeError for a number of users that was not measured. */
function at(accuracy: readonly AccuracyAt[], users: number): AccuracyAt {
  const found = accuracy.find((one) => one.users === users)
  if (found === undefined) throw new RangeError(`no figures for ${users} users`)
  return found
}

/** The rows of B1 and the bytes of Redis at the largest count of them. */
export interface StoredBytes {
  readonly rows: Row[]
  readonly redisBytes: number
}

/** B1: against Redis in this run, and against what was measured of DataSketches. */
export async function storedRows(
  bench: Bench,
  accuracy: readonly AccuracyAt[],
): Promise<StoredBytes> {
  const rows: Row[] = []
  let redisBytes = 0
  const random = new SplitMix64(4, 0)
  const commands = new IdCommands('b1', REDIS_BATCH)
  let added = 0
  for (const users of REDIS_COUNTS) {
    for (; added < users; added += REDIS_BATCH) {
      commands.refill(random)
      await bench.redis.client.pipeline(commands.bytes, commands.count)
    }
    redisBytes = await bench.redis.client.number('STRLEN', 'b1')
    const own = at(accuracy, users).storedBytes
    rows.push(
      figure({
        target: 'B1',
        what: `bytes as stored at ${users.toLocaleString('en-US')} users`,
        own: `${own.toFixed(0)} B`,
        peer: `Redis STRLEN: ${redisBytes} B`,
        value: own / redisBytes,
        limit: 0.7,
      }),
    )
  }
  await bench.redis.client.call('DEL', 'b1')
  const million = at(accuracy, 1_000_000)
  for (const { name, bytes, error, mostBytes, mostError } of QUOTED) {
    const compared = { target: 'B1', isQuoted: true }
    rows.push(
      figure({
        ...compared,
        what: 'bytes as stored at 1,000,000 users',
        own: `${million.storedBytes.toFixed(0)} B`,
        peer: `${name}: ${bytes} B`,
        value: million.storedBytes / bytes,
        limit: mostBytes,
      }),
      figure({
        ...compared,
        what: 'root mean square error at 1,000,000 users',
        own: percent(million.rootMeanSquare),
        peer: `${name}: ${percent(error)}`,
        value: million.rootMeanSquare / error,
        limit: mostError,
      }),
    )
  }
  return { rows, redisBytes }
}

/** B2: bits as stored times the square of the standard error; what a byte buys. */
export function productRows(accuracy: readonly AccuracyAt[], redisBytes: number): Row[] {
  const { storedBytes } = at(accuracy, 1_000_000)
  const own = 8 * storedBytes * relativeStandardError(PRECISION) ** 2
  return [
    figure({
      target: 'B2',
      what: 'bits as stored x (relative standard error)² at 1,000,000 users',
      own: own.toFixed(2),
      peer: `Redis: ${(8 * redisBytes * REDIS_STANDARD_ERROR ** 2).toFixed(2)}`,
      value: own,
      limit: 2.45,
    }),
  ]
}

/** B3: bytes per user while the sketch keeps tokens. */
export function fewUsersRows({ hashId }: Bench): Row[] {
  const random = new SplitMix64(5, 0)
  return FEW_TARGETS.map(({ users, mostBytes }) => {
    let bytes = 0
    for (let trial = 0; trial < FEW_TRIALS; trial++) {
      const sketch = new DistinctCountSketch(hashId, PRECISION)
      sketch.addTokens(randomTokens(random, users))
      bytes += encodeSketch(sketch).length
    }
    const perUser = bytes / (FEW_TRIALS * users)
    return figure({
      target: 'B3',
      what: `bytes per user at ${users.toLocaleString('en-US')} users, exact`,
      own: `${perUser.toFixed(2)} B`,
      value: perUser,
      limit: mostBytes,
      unit: 'B',
    })
  })
}
