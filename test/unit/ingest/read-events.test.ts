import { describe, it } from 'vitest'

import { UnreadableLine } from '../../../src/event/unreadable-line.ts'
import { readEvents, repeatedOf } from '../../../src/ingest/read-events.ts'

const event = { event: 'user.login', user_id: 'u1', ts: 1_795_168_800 }
const text = JSON.stringify(event)
const NDJSON = 'application/x-ndjson'

describe('readEvents', () => {
  it.for([
    ['one object', text, 'application/json'],
    ['an array', `[${text}]`, undefined],
    ['an array sent as a beacon', `[${text}]`, 'text/plain;charset=UTF-8'],
    ['a list in an object', `{"events":[${text}]}`, 'application/json'],
    ['a line', `${text}\n`, NDJSON],
    ['a line among blank ones', `\n${text}\r\n\n`, 'application/jsonl; charset=utf-8'],
  ] as const)('reads %s', ([, body, type], { expect }) => {
    expect(readEvents(body, type)).toEqual({
      events: [event],
      sentTimeMs: null,
      sentUptimeMs: null,
      isStamped: false,
      warnings: [],
    })
  })

  it.for([
    ['beside a list', (sentAt: unknown) => ({ events: [event], sent_at: sentAt })],
    ['in a single event', (sentAt: unknown) => ({ ...event, sent_at: sentAt })],
  ] as const)(
    'reads the send time %s, and gives a retry the same text',
    ([, bodyOf], { expect }) => {
      const read = (sentAt: unknown) => readEvents(JSON.stringify(bodyOf(sentAt)), undefined)
      const first = read('2026-11-20T10:00:00Z')
      expect(first).toMatchObject({
        events: [event],
        sentTimeMs: Date.parse('2026-11-20T10:00:00Z'),
        warnings: [],
      })
      expect(first.isStamped).toBe(true)
      expect(repeatedOf(read('2026-11-20T10:05:00Z'), 'later')).toBe(repeatedOf(first, 'first'))
    },
  )

  it('gives a retry the same text when every event has an id: refusals have none of their own', ({
    expect,
  }) => {
    const read = (sentAt: number) =>
      readEvents(JSON.stringify({ events: [{ ...event, event_id: 'e1' }], sent_at: sentAt }), '')
    expect(read(1_795_168_800).isStamped).toBe(true)
    expect(repeatedOf(read(1_795_168_800), 'first')).toBe(repeatedOf(read(1_795_168_900), 'later'))
  })

  it('leaves out send times that stand in the events of a list, and says so', ({ expect }) => {
    const read = (sentAt: number) =>
      readEvents(JSON.stringify([{ ...event, sent_at: sentAt, sent_uptime_ms: 7 }]), undefined)
    expect(read(1_795_168_800)).toMatchObject({
      events: [event],
      sentTimeMs: null,
      warnings: [expect.stringContaining('beside the list')],
    })
    expect(repeatedOf(read(1_795_168_800), 'first')).toBe(repeatedOf(read(1_795_168_900), 'later'))
  })

  it('refuses two lists, of which one would be lost', ({ expect }) => {
    expect(() => readEvents('{"events":[],"payments":[{}]}', undefined)).toThrow(
      'Expected one list, got events and payments.',
    )
  })

  it('refuses a million lines at the first one too many', ({ expect }) => {
    const lines = 'x\n'.repeat(1_001) + '{'.repeat(3_000_000)
    expect(() => readEvents(lines, NDJSON)).toThrow('may hold 1000 events, this one has more')
  })

  it.for(['soon', 1e300, {}])(
    'accepts the events of a batch with sent_at %s and says so',
    (sentAt, { expect }) => {
      const body = JSON.stringify({ events: [event], sent_at: sentAt })
      expect(readEvents(body, undefined)).toMatchObject({
        events: [event],
        sentTimeMs: null,
        warnings: [expect.stringContaining('sent_at')],
      })
    },
  )

  it('reads the monotonic clock of the sender, and says so when it cannot', ({ expect }) => {
    const read = (sentUptime: unknown) =>
      readEvents(JSON.stringify({ events: [event], sent_uptime_ms: sentUptime }), undefined)
    expect(read(7_200_000)).toMatchObject({ sentUptimeMs: 7_200_000, warnings: [] })
    expect(repeatedOf(read(7_200_000), 'first')).toBe(repeatedOf(read(7_300_000), 'later'))
    expect(read('two hours')).toMatchObject({
      sentUptimeMs: null,
      warnings: [expect.stringContaining('sent_uptime_ms')],
    })
  })

  it('reads a batch with a send time that holds 100,000 levels', ({ expect }) => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    const batch = readEvents(`{"events":[${text},${deep}],"sent_at":1795168800}`, undefined)
    expect(batch).toMatchObject({ sentTimeMs: 1_795_168_800_000, isStamped: true })
    // JSON cannot say it again, so the body has to do.
    expect(repeatedOf(batch, 'body')).toBe('body')
    expect(batch.events).toHaveLength(2)
  })

  it('takes a broken line for one event that cannot be read', ({ expect }) => {
    expect(readEvents(`${text}\n{"event":\n${text}`, NDJSON).events).toEqual([
      event,
      new UnreadableLine('{"event":'),
      event,
    ])
  })

  it.for([
    ['nothing', ' \n', undefined, 'empty_body'],
    ['no lines', '\n\n', NDJSON, 'empty_body'],
    ['broken JSON', '[{}', undefined, 'invalid_json'],
    ['lines without their type', `${text}\n${text}`, 'application/json', 'invalid_json'],
    ['a number', '42', undefined, 'invalid_body'],
    ['null', 'null', undefined, 'invalid_body'],
    ['a list that is none', '{"events":{}}', undefined, 'invalid_body'],
    [
      '1,001 events',
      JSON.stringify(Array.from({ length: 1_001 }, () => 0)),
      undefined,
      'batch_too_large',
    ],
    ['1,001 lines', '0\n'.repeat(1_001), NDJSON, 'batch_too_large'],
  ] as const)('refuses %s', ([, body, type, code], { expect }) => {
    expect(() => readEvents(body, type)).toThrow(expect.objectContaining({ code }))
  })
})
