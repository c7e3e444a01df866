/** The parts of the sketch benchmark that its figures rest on. */
import { describe, it } from 'vitest'

import { EstimateErrors } from '../../../scripts/bench/sketch/bench.ts'
import { murmurHash64 } from '../../../scripts/bench/sketch/crafted-ids.ts'
import { addToBytes, estimateBytes } from '../../../scripts/bench/sketch/hyper-log-log.ts'
import { IdCommands } from '../../../scripts/bench/sketch/id-commands.ts'
import { renderPage } from '../../../scripts/bench/sketch/page.ts'
import { randomTokens, randomUuids, SplitMix64 } from '../../../scripts/bench/sketch/random.ts'
import { command, parseReply } from '../../../scripts/bench/sketch/redis-client.ts'
import { statIn } from '../../../scripts/bench/sketch/redis-server.ts'
import { figure, isFailure, type Row, verdictOf } from '../../../scripts/bench/sketch/row.ts'
import { simulatedTokens } from '../../../scripts/bench/sketch/simulated-tokens.ts'
import { maximumLikelihoodEstimate } from '../../../src/sketch/estimate.ts'
import { addToRegisters } from '../../../src/sketch/registers.ts'
import { isToken } from '../../../src/sketch/token.ts'
import { splitMix64, splitMix64Tokens } from '../sketch/random-tokens.ts'

const P = 10

function row(changes: Partial<Row>): Row {
  return figure({ target: 'C1', what: 'add', own: '1 ns', value: 1, limit: 1, ...changes })
}

describe('the random numbers', () => {
  it.for([0n, 0x0123456789abcdefn, 2n ** 64n - 1n])(
    'are SplitMix64, as on BigInt, from %s',
    (seed, { expect }) => {
      const words = new Uint32Array(2_000)
      new SplitMix64(Number(seed >> 32n), Number(seed & 0xffffffffn)).draw(words)
      expect(words).toEqual(splitMix64(seed, 1_000))
      const random = new SplitMix64(Number(seed >> 32n), Number(seed & 0xffffffffn))
      expect(randomTokens(random, 1_000)).toEqual(splitMix64Tokens(seed, 1_000))
    },
  )

  it('make ids in the form of a UUID, all different', ({ expect }) => {
    const ids = randomUuids(new SplitMix64(1, 2), 500)
    expect(new Set(ids).size).toBe(500)
    for (const id of ids) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/)
    }
  })
})

describe('simulated tokens', () => {
  it('have the mean and the spread of users that are added one by one', ({ expect }) => {
    const users = 50_000
    const random = new SplitMix64(3, 4)
    const simulated = new EstimateErrors()
    const direct = new EstimateErrors()
    for (let trial = 0; trial < 80; trial++) {
      for (const [errors, tokens] of [
        [simulated, simulatedTokens(random, users, P)],
        [direct, [randomTokens(random, users)]],
      ] as const) {
        const registers = new Uint8Array(2 ** P)
        for (const part of tokens) addToRegisters(registers, P, part)
        errors.add(maximumLikelihoodEstimate(registers, P), users)
      }
    }
    // 2.4 % standard error: the mean of 80 is known to 0.27 %, the spread to a thirteenth of itself.
    expect(Math.abs(simulated.bias)).toBeLessThan(0.008)
    expect(simulated.rootMeanSquare / direct.rootMeanSquare).toBeGreaterThan(0.8)
    expect(simulated.rootMeanSquare / direct.rootMeanSquare).toBeLessThan(1.25)
  })

  it('are tokens, one per user while users are few', ({ expect }) => {
    for (const users of [0, 1, 33, 5_000]) {
      const parts = [...simulatedTokens(new SplitMix64(5, 6), users, P)]
      expect(parts.reduce((sum, { length }) => sum + length, 0)).toBe(users)
      expect(parts.every((part) => part.every(isToken))).toBe(true)
    }
  })
})

describe('the HyperLogLog of the comparison', () => {
  it('estimates within its error from 100 to 300,000 users', ({ expect }) => {
    for (const users of [100, 10_000, 300_000]) {
      const errors = new EstimateErrors()
      for (let trial = 0; trial < 12; trial++) {
        const registers = new Uint8Array(2 ** P)
        addToBytes(registers, P, randomTokens(new SplitMix64(trial, users), users))
        errors.add(estimateBytes(registers, P), users)
      }
      expect(errors.rootMeanSquare, `${users} users`).toBeLessThan((1.6 * 1.04) / 2 ** (P / 2))
    }
  })

  it('knows the empty and the full', ({ expect }) => {
    expect(estimateBytes(new Uint8Array(2 ** P), P)).toBe(0)
    expect(estimateBytes(new Uint8Array(2 ** P).fill(64 - P + 1), P)).toBe(Infinity)
  })
})

describe("Redis' hash", () => {
  it('is MurmurHash64A, as on BigInt', ({ expect }) => {
    const mask = 2n ** 64n - 1n
    const multiplier = 0xc6a4a7935bd1e995n
    const times = (value: bigint) => (value * multiplier) & mask
    const shifted = (value: bigint) => value ^ (value >> 47n)
    const words = splitMix64(8n, 200)
    const hash = new Int32Array(2)
    for (let at = 0; at < words.length; at += 2) {
      const [first = 0, second = 0] = words.subarray(at, at + 2)
      const block = (BigInt(second) << 32n) | BigInt(first)
      const start = 0xadc83b19n ^ times(8n)
      const mixed = times(start ^ times(shifted(times(block))))
      murmurHash64(first, second, hash)
      const found = BigInt.asUintN(64, (BigInt(hash[0] ?? 0) << 32n) | BigInt((hash[1] ?? 0) >>> 0))
      expect(found).toBe(shifted(times(shifted(mixed))))
    }
  })
})

describe('the protocol of Redis', () => {
  it('is read reply by reply, and waits for what is not there yet', ({ expect }) => {
    const bytes = Buffer.from(':12\r\n+OK\r\n$3\r\na\r\n\r\n-ERR no\r\n')
    const replies: unknown[] = []
    for (let start = 0; start < bytes.length;) {
      const parsed = parseReply(bytes, start)
      if (parsed === null) throw new Error('cut short')
      replies.push(parsed.reply)
      for (let end = start; end < parsed.end; end++) {
        expect(parseReply(bytes.subarray(start, end))).toBeNull()
      }
      start = parsed.end
    }
    expect(replies).toEqual([12, 'OK', 'a\r\n', new Error('redis: ERR no')])
  })

  it('refuses what no command of the benchmark is answered with', ({ expect }) => {
    expect(() => parseReply(Buffer.from('*1\r\n:1\r\n'))).toThrow('a reply that starts with 42')
  })

  it('writes lengths in bytes', ({ expect }) => {
    expect(command(['GET', 'é']).toString()).toBe('*2\r\n$3\r\nGET\r\n$2\r\né\r\n')
  })

  it('carries a thousand ids in a command, other ids after a refill', ({ expect }) => {
    const commands = new IdCommands('key', 2_000)
    const random = new SplitMix64(9, 9)
    commands.refill(random)
    const first: string[] = []
    commands.forEachId((id) => first.push(id))
    const expected = [first.slice(0, 1_000), first.slice(1_000)]
      .map((ids) => command(['PFADD', 'key', ...ids]).toString())
      .join('')
    expect(commands.bytes.toString()).toBe(expected)
    expect(commands.count).toBe(2)
    commands.refill(random)
    commands.forEachId((id) => first.push(id))
    expect(new Set(first).size).toBe(4_000)
  })

  it('tells the time within a command', ({ expect }) => {
    const text = '# Commandstats\r\ncmdstat_pfadd:calls=3,usec=41,usec_per_call=13.7\r\n'
    expect(statIn(text, 'pfadd')).toEqual({ calls: 3, micros: 41 })
    expect(statIn(text, 'pfcount')).toEqual({ calls: 0, micros: 0 })
  })
})

describe('a target', () => {
  it('is met up to its limit', ({ expect }) => {
    expect(verdictOf(row({ value: 1 }))).toBe('met')
    expect(verdictOf(row({ value: 1.001 }))).toBe('missed')
    expect(verdictOf(row({ value: 0.999, bound: 'least' }))).toBe('missed')
    expect(verdictOf(row({ value: Number.NaN }))).toBe('missed')
  })

  it('has a margin of a quarter when it is a time', ({ expect }) => {
    expect(verdictOf(row({ value: 1.25, isTiming: true }))).toBe('within the margin')
    expect(verdictOf(row({ value: 1.26, isTiming: true }))).toBe('missed')
  })

  it('fails the run when it is missed, unless it is a time against that of another run', ({
    expect,
  }) => {
    expect(isFailure(row({ value: 2 }))).toBe(true)
    expect(isFailure(row({ value: 2, isQuoted: true }))).toBe(true)
    expect(isFailure(row({ value: 2, isTiming: true }))).toBe(true)
    expect(isFailure(row({ value: 1.2, isTiming: true }))).toBe(false)
    expect(isFailure(row({ value: 2, isTiming: true, isQuoted: true }))).toBe(false)
  })
})

describe('the page', () => {
  it('shows every row with its verdict, and on what it was measured', async ({ expect }) => {
    const page = await renderPage({
      date: '2026-11-01',
      machine: { processor: '2 x a processor', versions: ['Node.js 24.0.0', 'redis-server 7.0.0'] },
      rows: [row({ what: 'this | that', value: 0.5 }), row({ value: 7, isQuoted: true })],
      accuracy: [
        {
          users: 1e6,
          trials: 9,
          isSimulated: true,
          rootMeanSquare: 0.005,
          bias: 0.0001,
          storedBytes: 8_300,
        },
      ],
    })
    expect(page).toMatch(/\| C1 +\| this \\\| that .*\| 0\.500 +\| ≤ 1 +\| yes +\|/)
    expect(page).toMatch(/\| C1 .*\(quoted\) +\| 7 +\| ≤ 1 +\| no +\|/)
    expect(page).toMatch(/\| 1,000,000 \\?\* +\| 9 +\| 0\.500 % +\| 0\.010 % +\| 8300 +\|/)
    expect(page).toContain('2026-11-01 on 2 x a processor')
  })
})
