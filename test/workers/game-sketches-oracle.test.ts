import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import fc from 'fast-check'
import { afterEach, describe, it, vi } from 'vitest'

import type { BreakdownValues, SketchMetric } from '../../src/event/envelope.ts'
import { SketchOracle } from './game-sketches-oracle.ts'
import {
  countOf,
  DAY_MS,
  deliveryOf,
  failHandover,
  FakeQueue,
  group,
  MINUTE_MS,
  sketchesOf,
  tokenOf,
  useQueue,
} from './game-sketches-support.ts'

const MAX_SHARDS = 5
const RUNS = 25
const nowMs = Date.now()
const day = Math.floor(nowMs / DAY_MS)
const minute = Math.floor(nowMs / MINUTE_MS)

interface Users {
  readonly metric: SketchMetric
  readonly bucket: number
  readonly users: readonly number[]
  readonly by?: BreakdownValues
}

const usersOf = fc.uniqueArray(fc.nat({ max: 120 }), { minLength: 1, maxLength: 12 })
// 96 platforms: three times as many as have a count of their own.
const valuesOf = fc.tuple(
  fc.nat({ max: 95 }).map((n) => `platform-${n}`),
  fc.constantFrom('', 'store'),
  fc.constantFrom('DE', 'SE', 'US'),
  fc.constantFrom('1.0', '1.1'),
)
const daysOf = fc.oneof(
  fc.integer({ min: day - 40, max: day + 1 }),
  fc.constantFrom(day - 8, day - 7, day - 1, day),
)
const minutesOf = fc.oneof(
  fc.integer({ min: minute - 30, max: minute }),
  fc.integer({ min: minute - 3 * 1440, max: minute }),
)
const groupOf = fc.oneof(
  fc.record({
    metric: fc.constantFrom('dau' as const, 'new_users' as const),
    bucket: daysOf,
    users: usersOf,
    by: valuesOf,
  }),
  fc.record({
    metric: fc.constantFrom('dau' as const, 'new_users' as const),
    bucket: daysOf,
    users: usersOf,
  }),
  fc.record({ metric: fc.constant('online' as const), bucket: minutesOf, users: usersOf }),
)

const stepOf = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      groups: fc.array<Users>(groupOf, { minLength: 1, maxLength: 6 }),
      pick: fc.nat({ max: 59 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('repeat' as const),
      which: fc.nat(),
      pick: fc.nat({ max: 59 }),
    }),
  },
  {
    weight: 1,
    // Platforms of one day: three such floods are more than have a count of their own.
    arbitrary: fc.record({
      kind: fc.constant('flood' as const),
      first: fc.nat({ max: 80 }),
      pick: fc.nat({ max: 59 }),
    }),
  },
  {
    weight: 2,
    // Tokens grow old: the next alarm folds them.
    arbitrary: fc.record({ kind: fc.constant('wait' as const) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('reshard' as const),
      shards: fc.integer({ min: 1, max: MAX_SHARDS }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('evict' as const),
      shard: fc.nat({ max: MAX_SHARDS }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('alarm' as const),
      shard: fc.nat({ max: MAX_SHARDS }),
      isFailing: fc.boolean(),
      failure: fc.constantFrom('refused' as const, 'answer lost' as const),
    }),
  },
)

let games = 0

afterEach(() => {
  vi.useRealTimers()
})

/** Only an object that runs can be evicted: one that was evicted before does not until it is called. */
async function evict(object: ReturnType<typeof sketchesOf>): Promise<void> {
  await runInDurableObject(object, () => {})
  await evictDurableObject(object)
}

describe('GameSketches and an exact oracle', () => {
  it(
    'agree on every figure, however tokens are spread, repeated and interrupted',
    { timeout: 120_000 },
    async ({ expect }) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(stepOf, { minLength: 10, maxLength: 40 }),
          fc.constantFrom('UTC', 'Pacific/Auckland', 'America/St_Johns'),
          async (steps, timeZone) => {
            games += 1
            const gameId = `oracle-${games}`
            vi.useFakeTimers({ toFake: ['Date'], now: nowMs })
            const oracle = new SketchOracle(timeZone)
            const queue = new FakeQueue()
            const objects = Array.from({ length: MAX_SHARDS + 1 }, (_, shard) =>
              sketchesOf(gameId, shard),
            )
            const at = (shard: number) => {
              const object = objects[shard]
              if (object === undefined) throw new RangeError(`no shard ${shard}`)
              return object
            }
            const primary = at(0)
            const used = new Set<number>([0])
            const delivered: (readonly Users[])[] = []
            let shards = 1
            const deliver = async (groups: readonly Users[], pick: number) => {
              const shard = shards === 1 ? 0 : 1 + (pick % shards)
              used.add(shard)
              const tokens = groups.map(({ metric, bucket, users, by }) =>
                group(metric, bucket, Uint32Array.from(users, tokenOf), by),
              )
              await at(shard).addTokens(deliveryOf(gameId, tokens, { shard, shards, timeZone }))
            }
            const alarm = async (shard: number) => {
              await useQueue(primary, queue)
              return runDurableObjectAlarm(at(shard))
            }
            for (const step of steps) {
              switch (step.kind) {
                case 'deliver':
                  for (const { metric, bucket, users, by } of step.groups) {
                    oracle.add(metric, bucket, users, by)
                  }
                  delivered.push(step.groups)
                  await deliver(step.groups, step.pick)
                  break
                case 'flood': {
                  const groups = Array.from({ length: 16 }, (_, index): Users => {
                    const user = (step.first + index * 7) % 120
                    const platform = `platform-${step.first + index}`
                    const by: BreakdownValues = [platform, '', 'SE', '1.0']
                    return { metric: 'dau', bucket: day, users: [user, user + 1], by }
                  })
                  for (const { metric, bucket, users, by } of groups) {
                    oracle.add(metric, bucket, users, by)
                  }
                  delivered.push(groups)
                  await deliver(groups, step.pick)
                  break
                }
                case 'wait':
                  vi.setSystemTime(Date.now() + 6 * MINUTE_MS)
                  break
                case 'repeat': {
                  const again = delivered[step.which % Math.max(delivered.length, 1)]
                  if (again !== undefined) await deliver(again.toReversed(), step.pick)
                  break
                }
                case 'reshard':
                  ;({ shards } = step)
                  break
                case 'evict':
                  if (used.has(step.shard)) await evict(at(step.shard))
                  break
                case 'alarm':
                  if (!used.has(step.shard)) break
                  queue.isFailing = step.isFailing
                  if (step.shard > 0) {
                    await failHandover(at(step.shard), step.isFailing ? step.failure : null)
                  }
                  await alarm(step.shard)
                  queue.isFailing = false
                  break
              }
            }
            for (const shard of used) {
              if (shard === 0) continue
              await failHandover(at(shard), null)
              await alarm(shard)
              expect(await countOf(at(shard), 'hot')).toBe(0)
            }
            await oracle.check(primary, { day, minute }, expect)
            await evict(primary)
            await oracle.check(primary, { day, minute }, expect)
            await alarm(0)
            oracle.checkPublished(queue, { day, minute }, expect)
          },
        ),
        { numRuns: RUNS, endOnFailure: true, interruptAfterTimeLimit: 90_000 },
      )
    },
  )
})
