/**
 * D2: ids that were searched for to make a count explode. Whoever knows the hash keeps, for each of the 2^14 registers,
 * the id that sets it highest. Redis' hash is public; ours has a key.
 * Paterson and Raynal, "HyperLogLog: Exponentially Bad in Adversarial Settings", https://eprint.iacr.org/2021/1139
 */
import { DistinctCountSketch } from '../../../src/sketch/distinct-count.ts'
import { hashKeyId, parseHashKey, TOKEN_INDEX_BITS, userToken } from '../../../src/sketch/token.ts'
import { type Bench, PRECISION } from './bench.ts'
import { multiplyHigh } from './random.ts'
import { figure, type Row } from './row.ts'

const TRIES = { full: 20_000_000, quick: 4_000_000 }
/** A key that the attacker has; the counting sketch has another. */
const KNOWN_KEY = '0001020304050607'
const REGISTERS = 2 ** PRECISION
const RANK_MASK = 63
const IDS_PER_COMMAND = 1_024

// MurmurHash64A as Redis calls it for PFADD (Austin Appleby, public domain; seed of hyperloglog.c).
const MULTIPLIER_HIGH = 0xc6a4a793
const MULTIPLIER_LOW = 0x5bd1e995
const REDIS_SEED = 0xadc83b19
const ID_BYTES = 8

const product = new Int32Array(2)

/** 64-bit product with the multiplier of the hash, as [high, low] in `product`. */
function multiply(high: number, low: number): void {
  product[0] =
    multiplyHigh(low, MULTIPLIER_LOW) +
    Math.imul(high, MULTIPLIER_LOW) +
    Math.imul(low, MULTIPLIER_HIGH)
  product[1] = Math.imul(low, MULTIPLIER_LOW)
}

/**
 * MurmurHash64A of eight bytes that are given as two little-endian words, under Redis' seed; writes [high, low].
 */
export function murmurHash64(first: number, second: number, hash: Int32Array): void {
  multiply(0, ID_BYTES)
  let high = product[0] ?? 0
  let low = (product[1] ?? 0) ^ REDIS_SEED
  multiply(second, first)
  multiply(product[0] ?? 0, (product[1] ?? 0) ^ ((product[0] ?? 0) >>> 15))
  high ^= product[0] ?? 0
  low ^= product[1] ?? 0
  multiply(high, low)
  multiply(product[0] ?? 0, (product[1] ?? 0) ^ ((product[0] ?? 0) >>> 15))
  hash[0] = product[0] ?? 0
  hash[1] = (product[1] ?? 0) ^ ((product[0] ?? 0) >>> 15)
}

/** Four hexadecimal digits as a little-endian word of their bytes, for every 16-bit number. */
const HEX_WORDS = Uint32Array.from({ length: 1 << 16 }, (_, value) =>
  Buffer.from(value.toString(16).padStart(4, '0'), 'latin1').readUInt32LE(),
)

function idOf(candidate: number): string {
  return candidate.toString(16).padStart(ID_BYTES, '0')
}

/** For every register the best of the candidates; `rank` gives register * 64 + height. */
function search(tries: number, rank: (candidate: number) => number): string[] {
  const best = new Int32Array(REGISTERS).fill(-1)
  const heights = new Int8Array(REGISTERS).fill(-1)
  for (let candidate = 0; candidate < tries; candidate++) {
    const ranked = rank(candidate)
    const register = ranked >>> 6
    const height = ranked & 63
    if (height <= (heights[register] ?? 0)) continue
    heights[register] = height
    best[register] = candidate
  }
  return [...best].filter((candidate) => candidate >= 0).map(idOf)
}

/** Redis takes the low bits as the register and counts zeros from the low end of the rest. */
function redisRank(): (candidate: number) => number {
  const hash = new Int32Array(2)
  return (candidate) => {
    murmurHash64(HEX_WORDS[candidate >>> 16] ?? 0, HEX_WORDS[candidate & 0xffff] ?? 0, hash)
    const low = hash[1] ?? 0
    const rest = (low >>> PRECISION) | ((hash[0] ?? 0) << (32 - PRECISION))
    const zeros = rest === 0 ? 32 : 31 - Math.clz32(rest & -rest)
    return ((low & (REGISTERS - 1)) << 6) | zeros
  }
}

function sketchRank(): (candidate: number) => number {
  const key = parseHashKey(KNOWN_KEY)
  return (candidate) => {
    const token = userToken(key, idOf(candidate))
    const rest = (token & ~RANK_MASK) << PRECISION
    const zeros = rest === 0 ? TOKEN_INDEX_BITS - PRECISION + (token & RANK_MASK) : Math.clz32(rest)
    return ((token >>> (32 - PRECISION)) << 6) | zeros
  }
}

function countUnder(
  { key, hashId }: Pick<Bench, 'key' | 'hashId'>,
  ids: readonly string[],
): number {
  const sketch = new DistinctCountSketch(hashId, PRECISION)
  sketch.addTokens(Uint32Array.from(ids, (id) => userToken(key, id)))
  return sketch.estimate()
}

async function countInRedis({ redis }: Bench, ids: readonly string[]): Promise<number> {
  for (let at = 0; at < ids.length; at += IDS_PER_COMMAND) {
    await redis.client.call('PFADD', 'd2', ...ids.slice(at, at + IDS_PER_COMMAND))
  }
  const count = await redis.client.number('PFCOUNT', 'd2')
  await redis.client.call('DEL', 'd2')
  return count
}

/** What Redis and our sketch make of ids that were searched for. */
export async function craftedRows(bench: Bench): Promise<Row[]> {
  const tries = bench.isQuick ? TRIES.quick : TRIES.full
  const forRedis = search(tries, redisRank())
  const forSketch = search(tries, sketchRank())
  const known = parseHashKey(KNOWN_KEY)
  const leaked = countUnder({ key: known, hashId: hashKeyId(known) }, forSketch)
  const row = (what: string, ids: readonly string[], own: number, peer: string): Row =>
    figure({
      target: 'D2',
      what: `${ids.length.toLocaleString('en-US')} ids, the best of ${tries.toLocaleString('en-US')} for ${what}: count / ids`,
      own: Math.round(own).toLocaleString('en-US'),
      peer,
      value: own / ids.length,
      limit: 1.05,
    })
  const inRedis = await countInRedis(bench, forRedis)
  return [
    row(
      "Redis' hash",
      forRedis,
      countUnder(bench, forRedis),
      `Redis: ${inRedis.toLocaleString('en-US')}`,
    ),
    row(
      'our hash under another key',
      forSketch,
      countUnder(bench, forSketch),
      `with the key known: ${Math.round(leaked).toLocaleString('en-US')}`,
    ),
  ]
}
