import fc from 'fast-check'
import { describe, it } from 'vitest'

import type { AcceptedEvent } from '../../../src/event/normalize.ts'
import { normalizeEvent } from '../../../src/event/normalize.ts'
import { toBatchColumns, toDateTime64, toEventRow } from '../../../src/event/rows.ts'
import { anIngestContext } from '../ingest/ingest-context.ts'

describe('toDateTime64', () => {
  it('says what Date says, for any time and in any order of them', ({ expect }) => {
    const times = fc.integer({ min: -6e13, max: 6e12 })
    fc.assert(
      fc.property(fc.array(times, { minLength: 1, maxLength: 5 }), (all) => {
        const expected = all.map((timeMs) => new Date(timeMs).toISOString())
        expect(all.map(toDateTime64)).toEqual(
          expected.map((iso) => `${iso.slice(0, 10)} ${iso.slice(11, 23)}`),
        )
      }),
    )
  })

  it('cuts parts of a millisecond and refuses what is no time', ({ expect }) => {
    expect(toDateTime64(1_500.9)).toBe('1970-01-01 00:00:01.500')
    expect(() => toDateTime64(Number.NaN)).toThrow(RangeError)
  })
})

const context = anIngestContext()
const shared = toBatchColumns({
  ...context,
  gameId: 'a "game"\\',
  receivedTimeMs: 1_700_000_000_000,
})

function anAccepted(change: Partial<AcceptedEvent>): AcceptedEvent {
  const event = normalizeEvent(
    { event: 'user.login', user_id: 'u', event_time: '2026-11-20T10:30:00Z' },
    { ...context, receivedTimeMs: Date.parse('2026-11-20T10:30:00Z') },
  )
  if ('code' in event) throw new Error(JSON.stringify(event))
  return { ...event, ...change }
}

describe('toEventRow', () => {
  it('is the JSON of the row, whatever the texts hold', ({ expect }) => {
    const text = fc.string({ unit: 'binary' })
    const labels = fc.record(
      { user_id: text, platform: text, city: text, app_version: text },
      { requiredKeys: ['user_id'] },
    )
    fc.assert(
      fc.property(labels, text, text, fc.boolean(), (columns, eventId, propsJson, isBot) => {
        const event = anAccepted({ columns, propsJson, enriched: ['city'] })
        const facts = { sentTime: undefined, isBot, samplePercent: isBot ? 12.5 : 100 }
        const line = toEventRow(event, eventId, shared, facts)
        expect(line.endsWith('}\n')).toBe(true)
        expect(line.trimEnd()).not.toContain('\n')
        expect(JSON.parse(line)).toEqual({
          ...shared,
          ...columns,
          event: 'user.login',
          event_id: eventId,
          event_time: '2026-11-20 10:30:00.000',
          client_time: '2026-11-20 10:30:00.000',
          skew_ms: 0,
          time_method: 'client',
          props_json: propsJson,
          enriched: ['city'],
          ...(isBot && { is_bot: true, sample_percent: 12.5 }),
        })
      }),
    )
  })

  it('leaves out what is empty, and says when it was sent', ({ expect }) => {
    const facts = { sentTime: '2026-11-20 10:29:59.000', isBot: false, samplePercent: 100 }
    const row: unknown = JSON.parse(toEventRow(anAccepted({}), 'e', shared, facts))
    expect(row).toMatchObject({ sent_time: '2026-11-20 10:29:59.000', event_id: 'e' })
    for (const name of ['platform', 'enriched', 'is_bot', 'sample_percent']) {
      expect(row).not.toHaveProperty(name)
    }
  })
})
