import { describe, it } from 'vitest'
import { z } from 'zod'

import { LIVE_STREAM_MS } from '../../../configs/limits.ts'
import type { RealtimeFigures } from '../../../durable/figures.ts'
import { DatabaseError } from '../../../src/clickhouse/reader.ts'
import type { StreamSource } from '../../../src/query/realtime/figure-events.ts'
import { figureEvents } from '../../../src/query/realtime/figure-events.ts'
import { streamFiguresSchema, streamPartialSchema } from '../../../src/query/realtime/schemas.ts'
import type { Clock } from '../../../src/query/realtime/shared-rounds.ts'

const START_MS = 1_700_000_000_000

/** A clock that moves when somebody waits, and lets whatever else is under way go on first. */
class TestClock implements Clock {
  nowMs = START_MS

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

/** Figures to which users came last at that time; by default later than any of the tests looks. */
function figuresOf(
  online: number,
  lastTokensMs: number | null = START_MS + LIVE_STREAM_MS,
): RealtimeFigures {
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
    lastTokensMs,
  }
}

const paid = (today_cents: bigint) => [
  { currency: 'USD', recent_cents: 0n, today_cents, succeeded: 1, failed: 0 },
]

interface Round {
  readonly figures: RealtimeFigures | Error
  /** Null: not yet */
  readonly revenue: ReturnType<typeof paid> | Error | null
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
    readRevenue: () => {
      const revenue = round()?.revenue ?? null
      return Promise.resolve(revenue && partOf(revenue))
    },
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
    expect(told[0]?.data).toMatchObject({
      partial: [{ field: 'rev_today', reason: 'the database did not answer' }],
    })
    expect(streamFiguresSchema.parse(told[1]?.data).rev_today).toBeNull()
    expect(streamFiguresSchema.parse(told[3]?.data).rev_today?.value).toBe(100)
  })

  it('go on without the revenue until it is there, and say when it was read', async ({
    expect,
  }) => {
    const told = await tell([{ ...still, revenue: null }, still], 9)
    expect(told.map(line)).toEqual(['0 partial', '0 figures', '5 partial', '5 figures'])
    expect(told[0]?.data).toMatchObject({
      partial: [{ field: 'rev_today', reason: 'the database has not answered yet' }],
    })
    expect(told[1]?.data).toMatchObject({ rev_today: null, revenue_as_of: null })
    expect(told[3]?.data).toMatchObject({ revenue_as_of: '2023-11-14T22:13:25Z' })
  })

  it('say that the database refuses, which waiting does not cure', async ({ expect }) => {
    const refused = new DatabaseError('the database answered with error 60', { transient: false })
    const [first] = await tell([{ ...still, revenue: refused }], 1)
    expect(first?.data).toMatchObject({
      partial: [{ field: 'rev_today', reason: 'the database refused the question' }],
    })
  })

  it('say once that nothing has arrived for two minutes', async ({ expect }) => {
    const stalled = { ...still, figures: figuresOf(0, START_MS) }
    const told = await tell([stalled], 200)
    expect(told.filter(({ name }) => name !== '').map(line)).toEqual([
      '0 figures',
      '125 partial',
      '125 figures',
    ])
    expect(told[0]?.data).toMatchObject({ counted_until: '2023-11-14T22:13:20Z' })
    expect(told.find(({ name }) => name === 'partial')?.data).toMatchObject({
      partial: [
        {
          field: 'counted_until',
          reason:
            'nothing has arrived since 2023-11-14T22:13:20Z: nobody plays, or tokens do not arrive',
        },
      ],
    })
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
