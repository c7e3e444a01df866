/** User tokens from messages to the sketches: which object, what it is told, and who fails alone. */
import { env } from 'cloudflare:workers'
import { describe, it, vi } from 'vitest'

import type { TokenDelivery } from '../../durable/figures.ts'
import { gameSketchesName } from '../../durable/names.ts'
import { configOf } from '../../src/config.ts'
import type { Counting, TokenGroup } from '../../src/event/envelope.ts'
import { gameDay, minuteOf } from '../../src/event/game-day.ts'
import { DEFAULT_SETTINGS } from '../../src/event/game-settings.ts'
import { acceptBatch } from '../../src/ingest/accept-batch.ts'
import { packMessages } from '../../src/ingest/pack.ts'
import { consume, rowsMessage } from './aggregates-support.ts'

const nowMs = Date.now()
const day = gameDay(nowMs, 'UTC')
const { hashId, hashKey } = configOf(env)
const COUNTING: Counting = { timeZone: 'UTC', shards: 1, hashId }

const dau = (...tokens: number[]): TokenGroup => ({
  metric: 'dau',
  bucket: day,
  tokens: Uint32Array.from(tokens),
  by: ['ios', '', 'DE', '1.0'],
})

const message = (gameId: string, tokens: readonly TokenGroup[], counting?: Counting) =>
  rowsMessage(gameId, 'events', [], { sections: [], tokens, ...(counting && { counting }) })

interface Call {
  readonly name: string
  readonly options: unknown
  readonly delivery: TokenDelivery
}

/** Bindings whose sketches only note what they are given; those that fail throw. */
function noting(calls: Call[], fails: (delivery: TokenDelivery) => boolean = () => false): Env {
  const getByName = (name: string, options: unknown) => ({
    addTokens: async (delivery: TokenDelivery) => {
      calls.push({ name, options, delivery })
      if (fails(delivery)) throw new RangeError('another key')
    },
  })
  return { ...env, GAME_SKETCHES: new Proxy(env.GAME_SKETCHES, { get: () => getByName }) }
}

describe('user tokens', () => {
  it('are given to one object once for each round, with how the game counts', async ({
    expect,
  }) => {
    const calls: Call[] = []
    const scope = { gameId: 'one-call', env: 'prod' }
    await consume(
      [
        message(scope.gameId, [dau(64, 128)], COUNTING),
        message(scope.gameId, [dau(128, 192)], COUNTING),
      ],
      noting(calls),
    )
    expect(calls).toEqual([
      {
        name: gameSketchesName(scope),
        options: {},
        delivery: { ...scope, shard: 0, counting: COUNTING, groups: [dau(64, 128, 192)] },
      },
    ])
  })

  it('go to a shard of a game that has several, another one each time', async ({ expect }) => {
    const calls: Call[] = []
    const scope = { gameId: 'sharded', env: 'prod' }
    const testEnv = noting(calls)
    const counting = { ...COUNTING, shards: 4 }
    for (let round = 0; round < 40; round += 1) {
      await consume([message(scope.gameId, [dau(64)], counting)], testEnv)
    }
    const shards = new Set(calls.map(({ delivery }) => delivery.shard))
    expect(shards.size).toBeGreaterThan(1)
    for (const { name, delivery } of calls) {
      expect([1, 2, 3, 4]).toContain(delivery.shard)
      expect(name).toBe(gameSketchesName(scope, delivery.shard))
    }
  })

  it('of another key are delivered on their own, and come back on their own', async ({
    expect,
  }) => {
    const calls: Call[] = []
    const foreign = { ...COUNTING, hashId: (hashId + 1) % 256 }
    const fails = ({ counting }: TokenDelivery) => counting?.hashId === foreign.hashId
    const outcomes = await consume(
      [
        message('two-keys', [dau(64)], COUNTING),
        message('two-keys', [dau(128)], foreign),
        // The build before does not say.
        message('two-keys', [dau(192)]),
      ],
      noting(calls, fails),
    )
    expect(outcomes).toEqual(['acked', 'retried', 'acked'])
    expect(calls.map(({ delivery }) => delivery.counting)).toEqual([COUNTING, foreign, null])
  })

  it('go to objects that are created where the deployment says', async ({ expect }) => {
    const calls: Call[] = []
    const testEnv = { ...noting(calls), ANALYTICS_LOCATION_HINT: 'weur' }
    await consume([message('hint', [dau(64)], COUNTING)], testEnv)
    expect(calls.map(({ options }) => options)).toEqual([{ locationHint: 'weur' }])
  })

  it('reach the real object with what the users were seen with', async ({ expect }) => {
    const scope = { gameId: 'real-object', env: 'prod' }
    const context = {
      ...scope,
      timeZone: 'UTC',
      game: {
        gameId: scope.gameId,
        timeZone: 'UTC',
        gameType: '',
        eventMode: 'strict' as const,
        customEvents: [],
        allowedOrigins: [],
        pseudonymKey: null,
        maskedProperties: [],
      },
      settings: DEFAULT_SETTINGS,
      reporter: 'client' as const,
      origin: null,
      traceId: '0123456789abcdef',
      receivedTimeMs: nowMs,
      sentTimeMs: null,
      sentUptimeMs: null,
      bodyDigest: () => 'ab'.repeat(32),
      hashKey,
    }
    const login = (user_id: string, platform: string) => ({
      event: 'user.login',
      event_time: new Date(nowMs).toISOString(),
      user_id,
      platform,
    })
    const batch = acceptBatch([login('a', 'ios'), login('b', 'ios'), login('a', 'web')], context)
    const bodies = packMessages(batch, { ...context, counting: COUNTING })
    expect(await consume([...bodies, ...bodies])).toEqual(['acked', 'acked'])
    const sketches = env.GAME_SKETCHES.getByName(gameSketchesName(scope))
    const { dau: users } = await sketches.figures({ day, minute: minuteOf(nowMs) })
    expect(users).toMatchObject({ value: 2, exact: true })
    const { values } = await sketches.breakdown({ metric: 'dau', day, column: 'platform' })
    expect(values.map(({ name, users: { value } }) => [name, value])).toEqual([
      ['ios', 2],
      ['web', 1],
    ])
  })

  it('of a foreign key are refused by the real object and harm nobody', async ({ expect }) => {
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const foreign = { ...COUNTING, hashId: (hashId + 1) % 256 }
    const outcomes = await consume([
      message('real-keys', [dau(64)], COUNTING),
      message('real-keys', [dau(128)], foreign),
    ])
    warned.mockRestore()
    expect(outcomes).toEqual(['acked', 'retried'])
  })
})
