import { describe, it } from 'vitest'
import { z } from 'zod'

import { LIVE_STREAM_MS } from '../../../configs/limits.ts'
import type { RealtimeFigures } from '../../../durable/figures.ts'
import type { StreamSource } from '../../../src/query/realtime/figure-events.ts'
import { figureEvents } from '../../../src/query/realtime/figure-events.ts'
import { streamFiguresSchema, streamPartialSchema } from '../../../src/query/realtime/schemas.ts'
import type { Clock } from '../../../src/query/realtime/shared-rounds.ts'
import { SharedRounds } from '../../../src/query/realtime/shared-rounds.ts'

/** A clock that moves when somebody waits, and lets whatever else is under way go on first. */
class TestClock implements Clock {
  nowMs = 1_700_000_000_000

  now(): number {
    return this.nowMs
  }

  async wait(ms: number): Promise<void> {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    this.nowMs += ms
  }
}

const exactly = (value: number) => ({ value, error: 0, exact: true })

function figuresOf(online: number): RealtimeFigures {
  const peak = { ...exactly(online), minute: null }
  const active = { active5m: exactly(online), active15m: exactly(online) }
  return {
    day: {
      day: 1,
      dau: { value: 9_000, error: 120, exact: false },
      newUsers: exactly(3),
      wau: exactly(9_000),
      mau: exactly(9_000),
      onlinePeak: peak,
    },
    minute: { minute: 1, online: exactly(online), ...active },
    registeredTotal: exactly(3),
    onlinePeakAllTime: peak,
    activeNow: exactly(online + 1),
  }
}

const paid = (today_cents: bigint) => [
  { currency: 'USD', recent_cents: 0n, today_cents, succeeded: 1, failed: 0 },
]

interface Round {
  readonly figures: RealtimeFigures | Error
  readonly revenue: ReturnType<typeof paid> | Error
}

/** A source that tells the rounds one after the other, the last one again and again. */
function sourceOf(clock: Clock, rounds: readonly Round[]): StreamSource {
  let asked = 0
  const partOf = <Value>(value: Value | Error) => ({
    part: value instanceof Error ? { error: value } : { value },
    readMs: clock.now(),
  })
  const round = () => rounds[Math.min(asked, rounds.length) - 1] ?? rounds[0]
  return {
    currency: 'USD',
    timeZone: 'UTC',
    readFigures: () => {
      asked += 1
      return Promise.resolve(partOf(round()?.figures ?? new Error('no round')))
    },
    readRevenue: () => Promise.resolve(partOf(round()?.revenue ?? new Error('no round'))),
    untilNextRoundMs: () => 5_000,
  }
}

/** Name and data of an event, with the second of the stream in which it came. */
interface Told {
  readonly second: number
  readonly name: string
  readonly data: unknown
}

async function tell(rounds: readonly Round[], seconds: number): Promise<Told[]> {
  const clock = new TestClock()
  const startMs = clock.now()
  const told: Told[] = []
  for await (const text of figureEvents(sourceOf(clock, rounds), clock)) {
    const second = (clock.now() - startMs) / 1_000
    if (second > seconds) break
    const [, name = '', data = 'null'] = /^(?:event: (\w+)\ndata: )?(.*)\n\n$/.exec(text) ?? []
    told.push({ second, name, data: name === '' ? data : JSON.parse(data) })
  }
  return told
}

const line = ({ second, name }: Told) => `${second} ${name || 'heartbeat'}`

describe('the events of a stream', () => {
  const still = { figures: figuresOf(5), revenue: paid(100n) }

  it('begin with the figures, and tell them again only when they have changed', async ({
    expect,
  }) => {
    const more = { ...still, figures: figuresOf(6) }
    const told = await tell([still, still, more, more], 14)
    expect(told.map(line)).toEqual(['0 figures', '10 figures'])
    const values = told.map(({ data }) => streamFiguresSchema.parse(data))
    expect(values.map(({ online, active_now }) => [online.value, active_now?.value])).toEqual([
      [5, 6],
      [6, 7],
    ])
    expect(values[0]).toMatchObject({
      dau_today: { value: 9_000, error: 120, exact: false },
      rev_today: { value: 100, error: 0, exact: true },
      currency: 'USD',
      as_of: '2023-11-14T22:13:20Z',
    })
  })

  it('beat every 15 seconds, whether anything changes or not', async ({ expect }) => {
    expect((await tell([still], 47)).map(line)).toEqual([
      '0 figures',
      '15 heartbeat',
      '30 heartbeat',
      '45 heartbeat',
    ])
  })

  it('tell a failure once, go on, and tell the figures again afterwards', async ({ expect }) => {
    const silent = { ...still, figures: new Error('evicted') }
    const told = await tell([still, silent, silent, still], 19)
    expect(told.map(line)).toEqual([
      '0 figures',
      '5 partial',
      '15 heartbeat',
      '15 partial',
      '15 figures',
    ])
    const partials = told.filter(({ name }) => name === 'partial')
    expect(partials.map(({ data }) => streamPartialSchema.parse(data).partial)).toEqual([
      ['online', 'active_now', 'dau_today', 'new_today'].map((field) => ({
        field,
        reason: 'the live figures did not answer',
      })),
      [],
    ])
  })

  it('have no revenue, and no zero, while the database does not answer', async ({ expect }) => {
    const told = await tell([{ ...still, revenue: new Error('down') }, still], 9)
    expect(told.map(line)).toEqual(['0 partial', '0 figures', '5 partial', '5 figures'])
    expect(told[0]?.data).toMatchObject({ partial: [{ field: 'rev_today' }] })
    expect(streamFiguresSchema.parse(told[1]?.data).rev_today).toBeNull()
    expect(streamFiguresSchema.parse(told[3]?.data).rev_today?.value).toBe(100)
  })

  it('end with a reopen, so that the key is looked up again', async ({ expect }) => {
    const told = await tell([still], Infinity)
    const last = told.at(-1)
    expect(last?.second).toBe(LIVE_STREAM_MS / 1_000)
    expect(last?.name).toBe('reopen')
    expect(z.strictObject({ after_seconds: z.literal(900) }).safeParse(last?.data).success).toBe(
      true,
    )
  })
})

const roundsOf = () =>
  new SharedRounds<number>({ label: 'test', periodMs: 5_000, overdueMs: 3_500 })

describe('shared rounds', () => {
  it('read once for many viewers, and once again in the next period', async ({ expect }) => {
    const clock = new TestClock()
    const rounds = roundsOf()
    let reads = 0
    const read = async () => {
      reads += 1
      await new Promise((resolve) => {
        setTimeout(resolve, 5)
      })
      return reads
    }
    const all = () =>
      Promise.all(
        Array.from({ length: 40 }, () => rounds.read('game', { ...clockOf(clock) }, read)),
      )
    clock.nowMs += rounds.untilNextMs(clock.nowMs)
    expect(new Set((await all()).map(({ part }) => JSON.stringify(part)))).toEqual(
      new Set(['{"value":1}']),
    )
    expect(reads).toBe(1)
    clock.nowMs += rounds.untilNextMs(clock.nowMs)
    await all()
    expect(reads).toBe(2)
    await rounds.read('another game', clock, read)
    expect(reads).toBe(3)
  })

  it('share a failure, too', async ({ expect }) => {
    const clock = new TestClock()
    const rounds = roundsOf()
    clock.nowMs += rounds.untilNextMs(clock.nowMs)
    let reads = 0
    const read = () => {
      reads += 1
      return Promise.reject(new Error('evicted'))
    }
    for (let viewer = 0; viewer < 3; viewer += 1) {
      const { part } = await rounds.read('game', clock, read)
      expect(part).toMatchObject({ error: { message: 'evicted' } })
    }
    expect(reads).toBe(1)
  })

  it('do not wait for a read whose request is gone', async ({ expect }) => {
    const clock = new TestClock()
    const rounds = roundsOf()
    const lost = rounds.read('game', clock, () => new Promise(() => {}))
    const { part } = await rounds.read('game', clock, () => Promise.resolve(7))
    expect(part).toEqual({ value: 7 })
    expect(clock.nowMs).toBeGreaterThanOrEqual(1_700_000_003_500)
    await Promise.race([lost, Promise.resolve()])
  })
})

/** A viewer's own waits; the time is everybody's and stands still meanwhile. */
function clockOf(clock: TestClock): Clock {
  return {
    now: () => clock.now(),
    wait: () =>
      new Promise((resolve) => {
        setTimeout(resolve, 1)
      }),
  }
}
