import { describe, it, vi } from 'vitest'

import { DatabaseError } from '../../../src/clickhouse/reader.ts'
import { parseDay } from '../../../src/event/calendar.ts'
import { answerBreakdown } from '../../../src/query/realtime/breakdown.ts'
import { COUNTED_DAYS, missingCounts } from '../../../src/query/realtime/missing-counts.ts'
import { databaseReason, partOf } from '../../../src/query/realtime/missing.ts'
import { answerOf } from '../../../src/query/realtime/sketches-answer.ts'
import { LOOK_BACK_DAYS } from '../../../src/reconcile/due-days.ts'

const figure = (value: number, error = 0) => ({ value, error, exact: error === 0 })

const rejected = async (error: Error): Promise<never> => {
  throw error
}

describe('a failure of the sketches', () => {
  it.for([
    ['the object was reset', 'figures_unavailable', 503],
    ['SketchFrameError: made under another key: hash id 1, not 2', 'internal', 500],
  ] as const)('with %o is %s', async ([message, code, status], { expect }) => {
    const failing = answerOf(rejected(new Error(message)))
    await expect(failing).rejects.toMatchObject({ code, status, cause: { message } })
  })

  it.for([new RangeError('day 1 is no longer counted'), new TypeError('shard 1 has no figures')])(
    'that asking again does not cure is ours: %s',
    async (error, { expect }) => {
      const failing = answerOf(rejected(error))
      await expect(failing).rejects.toMatchObject({ code: 'internal' })
    },
  )
})

describe('a missing part', () => {
  const names = { game_id: 'game', env: 'prod', trace_id: '0123456789abcdef' }

  it.for([
    [
      new DatabaseError('error 60', { transient: false }),
      'error',
      'the database refused the question',
    ],
    [new DatabaseError('error 241', { transient: true }), 'warn', 'the database did not answer'],
    [new Error('no answer within 8000 ms'), 'warn', 'the database did not answer'],
  ] as const)(
    'of %s goes to the log, with whose it was',
    async ([error, level, reason], { expect }) => {
      const lines: string[] = []
      const written = vi
        .spyOn(console, level)
        .mockImplementation((line: string) => lines.push(line))
      const part = await partOf('money', Promise.reject(error), names)
      written.mockRestore()
      expect(part).toEqual({ error })
      expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
        expect.objectContaining({ level, part: 'money', ...names }),
      ])
      expect(databaseReason(error)).toBe(reason)
    },
  )
})

describe('days without an exact count', () => {
  const today = parseDay('2026-11-23') ?? 0
  const reasons = (counted: readonly (string | null)[], firstDay: number) =>
    missingCounts(
      counted.map((what, at) => ({
        day: firstDay + at,
        users: what?.includes('s') ? {} : undefined,
        peak: undefined,
        exact: what?.includes('x') ? {} : undefined,
      })),
      today,
    ).map(({ field, reason }) => `${field} ${reason}`)

  it('are told by runs, and those before the first figure apart', ({ expect }) => {
    const first = today - 7
    expect(reasons([null, null, 'sx', 's', 's', 'x', null], first)).toEqual([
      'days 2026-11-16 to 2026-11-17: no figure of any kind; nobody was there, or nobody was counted here yet',
      'days.exact 2026-11-19 to 2026-11-20: no exact count; no such event, or not counted yet',
      'days.exact 2026-11-22: no exact count; no such event, or not counted yet',
    ])
  })

  it('are too old where the reconciliation does not look', ({ expect }) => {
    expect(COUNTED_DAYS).toBe(LOOK_BACK_DAYS)
  })

  it('are not counted yet only where that may still happen', ({ expect }) => {
    const counted = ['sx', ...Array.from({ length: 4 }, () => 's')]
    expect(reasons(counted, today - 40)).toEqual([
      'days.exact 2026-10-15 to 2026-10-16: no exact count; no such event, or too old to be counted',
      'days.exact 2026-10-17 to 2026-10-18: no exact count; no such event, or not counted yet',
    ])
  })

  it('are none where all are counted, and one run where nothing is', ({ expect }) => {
    expect(reasons(['sx', 'x'], today - 2)).toEqual([])
    expect(
      reasons(
        Array.from({ length: 400 }, () => null),
        today - 400,
      ),
    ).toHaveLength(1)
  })
})

describe('a breakdown', () => {
  const day = parseDay('2026-11-11') ?? 0
  const present = { timeZone: 'UTC', nowMs: day * 86_400_000 }
  const partialOf = async (whole: number, parts: readonly [number, number][], error = 0) => {
    const peak = { ...figure(0), minute: null }
    const none = { newUsers: figure(0), wau: figure(0), mau: figure(0), onlinePeak: peak }
    const sketches = {
      days: () => Promise.resolve([{ day, dau: figure(whole, error), ...none }]),
      breakdown: () =>
        Promise.resolve({
          column: 'platform' as const,
          values: parts.map(([value, off], at) => ({ name: `v${at}`, users: figure(value, off) })),
          other: null,
        }),
    }
    const query = { metric: 'dau', column: 'platform', day } as const
    const told = await answerBreakdown(query, present, sketches)
    return [told.whole.users, told.partial]
  }

  it('says that users are in no value', async ({ expect }) => {
    const reason =
      'of 100 users of the day at least 10 are in no value: they were counted before values were'
    expect(
      await partialOf(100, [
        [60, 0],
        [30, 0],
      ]),
    ).toEqual([100, [{ field: 'values', reason }]])
  })

  it('says nothing of users in two values, nor of what errors explain', async ({ expect }) => {
    expect(
      await partialOf(100, [
        [60, 0],
        [60, 0],
      ]),
    ).toEqual([100, []])
    expect(await partialOf(5_000, [[4_850, 113]], 59)).toEqual([5_000, []])
  })
})
