import fc from 'fast-check'
import { describe, it } from 'vitest'

import type { Attempt, SimulatedBatch } from '../../../scripts/simulate/delivery.ts'
import { simulateBatch } from '../../../scripts/simulate/delivery.ts'
import type { Device } from '../../../scripts/simulate/device.ts'
import { clockAt, uptimeAt } from '../../../scripts/simulate/device.ts'
import { bodyOf } from '../../../scripts/simulate/edge.ts'
import { countNights } from '../../../scripts/simulate/nights.ts'
import { METHODS } from '../../../scripts/simulate/place.ts'
import { createRandom } from '../../../scripts/simulate/random.ts'
import { SCENARIOS } from '../../../scripts/simulate/scenarios.ts'
import type { ScenarioResult } from '../../../scripts/simulate/score.ts'
import { simulateClocks } from '../../../scripts/simulate/score.ts'
import { renderTables } from '../../../scripts/simulate/tables.ts'
import { deriveEventId, rowIdentity } from '../../../src/event/identity.ts'
import { normalizeEvent } from '../../../src/event/normalize.ts'
import { digestOnce } from '../../../src/ingest/body-digest.ts'
import { readEvents, repeatedOf } from '../../../src/ingest/read-events.ts'
import { anIngestContext } from '../ingest/ingest-context.ts'

const SEED = 7
const simulation = simulateClocks(SEED, 40)
const nights = countNights()

/** One event of a scenario: what is not corrected within 60 s of a midnight may miss the day. */
const ONE_EVENT = 1 / 800

/** Of the events of a scenario, those that each method puts on the right day. */
const shares = (result: ScenarioResult) => ({
  received: result.scores.received.rightDayShare,
  client: result.scores.client.rightDayShare,
  plain: result.scores.plain.rightDayShare,
  ours: result.scores.ours.rightDayShare,
  oursUptime: result.scores.ours_uptime.rightDayShare,
})

function resultOf(id: string): ScenarioResult {
  const result = simulation.scenarios.find((scenario) => scenario.id === id)
  if (result === undefined) throw new Error(`no scenario ${id}`)
  return result
}

const sharesOf = (id: string) => shares(resultOf(id))

describe('the right day', () => {
  // A number of milliseconds of a clock in 1970 does not say its unit; the plain formula here knows it.
  const UNIT_UNKNOWN = new Set(['unset_numbers'])
  // The client breaks the rule that both uptimes come from one counter that never stands still.
  const UPTIME_MISUSED = new Set(['restarted_mixing', 'counter_sleeps'])

  it.for(SCENARIOS.map(({ id }) => id).filter((id) => !UNIT_UNKNOWN.has(id)))(
    'is found at least as often as by the plain formula: %s',
    (id, { expect }) => {
      const { plain, ours } = sharesOf(id)
      expect(ours).toBeGreaterThanOrEqual(plain - ONE_EVENT)
    },
  )

  it.for(
    SCENARIOS.map(({ id }) => id).filter((id) => !UNIT_UNKNOWN.has(id) && !UPTIME_MISUSED.has(id)),
  )('is found at least as often with uptimes as without: %s', (id, { expect }) => {
    const { ours, oursUptime } = sharesOf(id)
    expect(oursUptime).toBeGreaterThanOrEqual(ours - ONE_EVENT)
  })

  // The clock is the same at the event and at the sending, and sent_at is stamped at the sending.
  it.for([
    'right_online',
    'right_offline',
    'off_minutes',
    'off_hour',
    'off_day',
    'local_as_utc',
    'far',
    'night_right',
    'retries',
    'restarted',
  ])(
    'is always found by a steady clock, and by nothing simpler more often: %s',
    (id, { expect }) => {
      const { received, client, plain, ours, oursUptime } = sharesOf(id)
      expect(Math.min(ours, oursUptime)).toBeGreaterThanOrEqual(1 - ONE_EVENT)
      expect(plain).toBeGreaterThanOrEqual(Math.max(client, received))
    },
  )

  it.for(['off_day', 'far'])('is never found by the clock alone: %s', (id, { expect }) => {
    expect(sharesOf(id).client).toBe(0)
  })

  it('is found of an hour and a time zone more often than by the clock or the receive time', ({
    expect,
  }) => {
    for (const id of ['off_hour', 'local_as_utc']) {
      const { received, client, ours } = sharesOf(id)
      expect(ours).toBeGreaterThan(client)
      expect(ours).toBeGreaterThan(received)
    }
    expect(sharesOf('local_as_utc').client).toBeLessThan(0.9)
  })

  // A restart takes the uptime away, and a fifth of the devices restart.
  it.for(['moved_day', 'unset_until_network', 'far_until_set'])(
    'is found by the uptime where the clock was moved before sending: %s',
    (id, { expect }) => {
      const { plain, ours, oursUptime } = sharesOf(id)
      expect(oursUptime).toBeGreaterThan(0.7)
      expect(oursUptime).toBeGreaterThan(Math.max(plain, ours) + 0.05)
    },
  )

  it('is missed, as by the plain formula, when sent_at is older than the attempt', ({ expect }) => {
    const { plain, ours, client } = sharesOf('stamped_offline')
    expect(ours).toBe(plain)
    expect(ours).toBeLessThan(client)
  })

  it('is found more often than by any other method over all scenarios', ({ expect }) => {
    const { received, client, plain, oursUptime } = shares(simulation.all)
    expect(simulation.all.events).toBeGreaterThanOrEqual(10_000)
    expect(oursUptime).toBeGreaterThan(Math.max(received, client, plain))
  })
})

describe('the error', () => {
  it('is a second or so for a clock that is right, also after 20 days offline', ({ expect }) => {
    for (const id of ['right_online', 'right_offline', 'night_right']) {
      const { ours, received } = resultOf(id).scores
      expect(ours.medianErrorSeconds).toBeLessThan(2)
      expect(ours.p95ErrorSeconds).toBeLessThan(60)
      expect(received.medianErrorSeconds).toBeGreaterThan(10 * ours.medianErrorSeconds)
    }
  })

  it('is never more than the tolerance when nothing was corrected and the clock is steady', ({
    expect,
  }) => {
    const { ours, client } = resultOf('off_minutes').scores
    expect(ours.p95ErrorSeconds).toBeLessThanOrEqual(61)
    expect(client.p95ErrorSeconds).toBeGreaterThan(61)
  })
})

describe('attempts', () => {
  it.for(SCENARIOS.map(({ id }) => id))('leave one row per event: %s', (id, { expect }) => {
    expect(resultOf(id).rowsPerEvent).toBe(1)
  })

  it('are several, and not all of them correct the time alike', ({ expect }) => {
    expect(resultOf('retries').attemptsPerBatch).toBeGreaterThan(2)
    const { splitDayShare } = resultOf('retries_unchanged')
    expect(splitDayShare).toBeGreaterThan(0)
    expect(resultOf('retries').splitDayShare).toBeLessThan(splitDayShare)
  })

  it.for(['retries', 'retries_unchanged', 'restarted', 'no_sent_at'])(
    'repeat the identity of every row: %s',
    (id, { expect }) => {
      for (const batch of batchesOf(id, 20)) {
        const [first = [], ...later] = batch.attempts.map((attempt) => identitiesOf(batch, attempt))
        expect(new Set(first).size).toBe(batch.events.length)
        for (const identities of later) expect(identities).toEqual(first)
      }
    },
  )

  it('repeat it whatever the clocks of the attempt say', ({ expect }) => {
    const batches = [...batchesOf('retries', 10)]
    const shiftMs = fc.integer({ min: -3_600_000, max: 3_600_000 })
    fc.assert(
      fc.property(fc.constantFrom(...batches), shiftMs, shiftMs, shiftMs, (batch, a, b, c) => {
        const [attempt] = batch.attempts
        if (attempt === undefined) throw new Error('a batch without attempts')
        const other: Attempt = {
          receivedMs: attempt.receivedMs + Math.abs(a),
          sentMs: (attempt.sentMs ?? 0) + b,
          sentUptimeMs: Math.max(0, (attempt.sentUptimeMs ?? 0) + c),
        }
        expect(identitiesOf(batch, other)).toEqual(identitiesOf(batch, attempt))
      }),
      { seed: SEED, numRuns: 100 },
    )
  })

  function* batchesOf(id: string, count: number): Generator<SimulatedBatch> {
    const scenario = SCENARIOS.find((candidate) => candidate.id === id)
    if (scenario === undefined) throw new Error(`no scenario ${id}`)
    const random = createRandom(SEED, id)
    for (let index = 0; index < count; index += 1) yield simulateBatch(random, scenario, index)
  }

  function identitiesOf(batch: SimulatedBatch, attempt: Attempt): readonly string[] {
    const body = bodyOf(batch, attempt, true)
    const incoming = readEvents(body, 'application/json')
    const { events, sentTimeMs, sentUptimeMs } = incoming
    const digest = digestOnce(() => repeatedOf(incoming, body))()
    const context = anIngestContext({
      sentTimeMs,
      sentUptimeMs,
      receivedTimeMs: attempt.receivedMs,
    })
    return events.map((raw, index) => {
      const event = normalizeEvent(raw, context)
      if ('code' in event) throw new Error(`${event.code}: ${event.detail}`)
      return rowIdentity(event, event.eventId ?? deriveEventId(digest, index))
    })
  }
})

describe('days of 23 and 25 hours', () => {
  it('are two of each', ({ expect }) => {
    expect(nights.map(({ timeZone, day, hours }) => `${timeZone} ${day} ${hours}`)).toEqual(
      [
        'America/New_York 2026-03-08 23',
        'Europe/Berlin 2026-03-29 23',
        'Europe/Berlin 2026-10-25 25',
        'America/New_York 2026-11-01 25',
      ].flatMap((night) => [night, night]),
    )
  })

  it.for(nights)('$timeZone $day gets all its events: $clock clock', (night, { expect }) => {
    expect(night.events).toBe(night.hours * 60)
    expect(night.counted.ours_uptime).toBe(night.events)
    expect(night.counted.received).not.toBe(night.events)
    // Without uptimes the hour by which the clock moved between event and sending cannot be seen.
    if (night.clock === 'right') expect(night.counted.ours).toBe(night.events)
    else expect(night.counted.client).not.toBe(night.events)
  })
})

describe('the simulation', () => {
  it('repeats itself for a seed and not for another one', ({ expect }) => {
    expect(simulateClocks(3, 2)).toEqual(simulateClocks(3, 2))
    expect(simulateClocks(3, 2).all.scores).not.toEqual(simulateClocks(4, 2).all.scores)
  })

  it('shows every scenario and method in its tables', ({ expect }) => {
    const tables = renderTables(simulation, nights)
    for (const { title } of SCENARIOS) expect(tables.split(`| ${title} |`)).toHaveLength(4)
    expect(
      tables
        .split('\n')
        .find((line) => line.startsWith('| clock'))
        ?.split('|'),
    ).toHaveLength(METHODS.length + 3)
  })

  it('has a counter that starts anew and one that stands still in sleep', ({ expect }) => {
    const device: Device = {
      settings: [
        { fromMs: 0, offsetMs: 500 },
        { fromMs: 2_000, offsetMs: -500 },
      ],
      driftPpm: 0,
      starts: [1_000, 5_000],
      sleepsFromMs: null,
    }
    expect([1_500, 4_000, 6_000].map((timeMs) => uptimeAt(device, timeMs))).toEqual([
      500, 3_000, 1_000,
    ])
    const asleep = { ...device, sleepsFromMs: 1_600 }
    expect([1_500, 4_000].map((timeMs) => uptimeAt(asleep, timeMs))).toEqual([500, 600])
    expect([1_999, 2_000].map((timeMs) => clockAt(device, timeMs))).toEqual([2_499, 1_500])
  })
})
