/** The event stream of the replay says exactly what the file says, every time, in events that we accept. */
import { describe, it } from 'vitest'
import { z } from 'zod'

import {
  countEvents,
  DAY_MS,
  eventsOf,
  INSTALL_DAYS,
  installDayOf,
  parsePlayer,
  type Player,
  readPlayers,
  REPLAY_DAYS,
  type ReplayPlan,
} from '../../../scripts/replay/cookie-cats.ts'
import { normalizeEvent } from '../../../src/event/normalize.ts'
import { anIngestContext } from '../ingest/ingest-context.ts'

const FILE = new URL('../../../data/cookie-cats.csv.gz', import.meta.url)
const firstInstallDayMs = Date.UTC(2026, 10, 2)
const withoutRounds: ReplayPlan = { firstInstallDayMs, rounds: false }
const withRounds: ReplayPlan = { firstInstallDayMs, rounds: true }

const players = await readPlayers(FILE)

const eventSchema = z.strictObject({
  event: z.enum(['user.register', 'session.start', 'progression.complete']),
  event_id: z.string(),
  event_time: z.iso.datetime(),
  user_id: z.string(),
  platform: z.enum(['ios', 'android']),
  session_id: z.string().optional(),
  props: z.strictObject({
    variant: z.enum(['gate_30', 'gate_40']).optional(),
    level_id: z.string().optional(),
  }),
})
type ReplayEvent = z.infer<typeof eventSchema>

function* parsedEvents(sample: readonly Player[], plan: ReplayPlan): Generator<ReplayEvent> {
  for (const text of eventsOf(sample, plan)) yield eventSchema.parse(JSON.parse(text))
}

/** Some hundred players: both variants, all install days, all combinations of return. */
const sample = players.filter((_, index) => index % 400 === 0)

function figures(of: readonly Player[]) {
  return {
    players: of.length,
    day1: of.filter((player) => player.retainedDay1).length,
    day7: of.filter((player) => player.retainedDay7).length,
    rounds: of.reduce((sum, player) => sum + player.rounds, 0),
  }
}

describe('the file', () => {
  it('holds the players, returns and rounds that data/README.md states', ({ expect }) => {
    expect(figures(players)).toEqual({
      players: 90_189,
      day1: 40_153,
      day7: 16_781,
      rounds: 4_678_325,
    })
    expect(figures(players.filter(({ variant }) => variant === 'gate_30'))).toEqual({
      players: 44_700,
      day1: 20_034,
      day7: 8_502,
      rounds: 2_344_795,
    })
    expect(figures(players.filter(({ variant }) => variant === 'gate_40'))).toEqual({
      players: 45_489,
      day1: 20_119,
      day7: 8_279,
      rounds: 2_333_530,
    })
    expect(new Set(players.map(({ id }) => id)).size).toBe(90_189)
  })

  it('is read from the start up to a limit', async ({ expect }) => {
    expect(await readPlayers(FILE, 3)).toEqual(players.slice(0, 3))
  })

  it.for([
    '',
    '116,gate_30,3,False',
    '116,gate_50,3,False,False',
    '116,gate_30,-3,False,False',
    '116,gate_30,3,false,False',
    '116,gate_30,3,False,False,1',
  ])('is refused when a row reads %j', (line, { expect }) => {
    expect(() => parsePlayer(line)).toThrow('not a row')
  })
})

describe('the events', () => {
  it('count to what the file says, over all players and per variant', ({ expect }) => {
    const counts = new Map<string, number>()
    const eventIds = new Set<string>()
    let events = 0
    for (const { event, event_id: eventId, event_time: time, user_id: user, props } of parsedEvents(
      players,
      withoutRounds,
    )) {
      events += 1
      eventIds.add(eventId)
      const day = Math.floor((Date.parse(time) - firstInstallDayMs) / DAY_MS)
      const age = day - (Number(user.slice('cc-'.length)) % INSTALL_DAYS)
      for (const scope of ['all', props.variant]) {
        const key = `${scope} ${event} day ${age}`
        counts.set(key, (counts.get(key) ?? 0) + 1)
      }
    }
    expect(Object.fromEntries(counts)).toEqual({
      'all user.register day 0': 90_189,
      'all session.start day 0': 90_189,
      'all session.start day 1': 40_153,
      'all session.start day 7': 16_781,
      'gate_30 user.register day 0': 44_700,
      'gate_30 session.start day 0': 44_700,
      'gate_30 session.start day 1': 20_034,
      'gate_30 session.start day 7': 8_502,
      'gate_40 user.register day 0': 45_489,
      'gate_40 session.start day 0': 45_489,
      'gate_40 session.start day 1': 20_119,
      'gate_40 session.start day 7': 8_279,
    })
    expect(eventIds.size).toBe(events)
    expect(countEvents(players, withoutRounds)).toBe(events)
  })

  it('with rounds count to the sum of all rounds', { timeout: 60_000 }, ({ expect }) => {
    let events = 0
    for (const _ of eventsOf(players, withRounds)) events += 1
    expect(events - countEvents(players, withoutRounds)).toBe(4_678_325)
    expect(events).toBe(countEvents(players, withRounds))
  })

  it('of a player are numbered through all rounds, each in a session of its day', ({ expect }) => {
    const tireless = players.reduce((most, player) => (player.rounds > most.rounds ? player : most))
    expect(tireless.rounds).toBe(49_854)
    for (const player of [...sample, tireless]) {
      const sessionTimes = new Map<string, number>()
      const levels: string[] = []
      const misplaced: ReplayEvent[] = []
      for (const event of parsedEvents([player], withRounds)) {
        const timeMs = Date.parse(event.event_time)
        if (event.event === 'session.start') sessionTimes.set(event.session_id ?? '', timeMs)
        if (event.event !== 'progression.complete') continue
        const startMs = sessionTimes.get(event.session_id ?? '') ?? Number.NaN
        const isSameDay = Math.floor(timeMs / DAY_MS) === Math.floor(startMs / DAY_MS)
        if (!isSameDay || timeMs < startMs) misplaced.push(event)
        levels.push(event.props.level_id ?? '')
      }
      expect(misplaced).toEqual([])
      expect(levels).toEqual(Array.from({ length: player.rounds }, (_, index) => `${index + 1}`))
    }
  })

  it('are the same bytes on every run and in every order of the rows', ({ expect }) => {
    const once = [...eventsOf(sample, withRounds)]
    expect([...eventsOf(sample, withRounds)]).toEqual(once)
    expect([...eventsOf(sample.toReversed(), withRounds)]).toEqual(once)
  })

  it('come day by day and stay within the days of the replay', ({ expect }) => {
    const days = Array.from(parsedEvents(sample, withRounds), ({ event_time: time }) =>
      Math.floor((Date.parse(time) - firstInstallDayMs) / DAY_MS),
    )
    expect(days).toEqual(days.toSorted((a, b) => a - b))
    expect([days.at(0), days.at(-1)]).toEqual([0, REPLAY_DAYS - 1])
    expect(new Set(sample.map(installDayOf)).size).toBe(INSTALL_DAYS)
  })

  it('are all accepted by ingest on the day after the last one', ({ expect }) => {
    const context = anIngestContext({
      gameId: 'cookie-cats',
      receivedTimeMs: firstInstallDayMs + REPLAY_DAYS * DAY_MS,
    })
    const outcomes = Array.from(eventsOf(sample, withRounds), (text) =>
      normalizeEvent(JSON.parse(text), context),
    )
    const changed = outcomes.filter(
      (outcome) => 'code' in outcome || outcome.time.method !== 'client',
    )
    expect(changed).toEqual([])
  })
})
