import * as fc from 'fast-check'
import { describe, it } from 'vitest'
import { z } from 'zod'

import { ApiError } from '../../../src/api-error.ts'
import { auditSearchSchema } from '../../../src/audit-log/schemas.ts'
import { cursorSchema, toCursor } from '../../../src/cursor.ts'
import { readJsonBody, readSearch } from '../../../src/parameters.ts'
import {
  rejectedSearchSchema,
  rejectedSummarySearchSchema,
  replayBodySchema,
} from '../../../src/quarantine/schemas.ts'

/** The problem that a call ends with, as "code: detail"; empty when it does not. */
function problemOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    if (error instanceof ApiError) return `${error.code}: ${error.message}`
    throw error
  }
  return ''
}

const search = (text: string, schema: z.ZodType = rejectedSearchSchema) =>
  readSearch(schema, new URLSearchParams(text))
const body = (text: string) => readJsonBody(replayBodySchema, text)

describe('a cursor', () => {
  it('gives back the position that it was made of, and needs no encoding in a URL', ({
    expect,
  }) => {
    const schema = cursorSchema(z.tuple([z.int(), z.string(), z.string()]))
    fc.assert(
      fc.property(
        fc.tuple(fc.maxSafeInteger(), fc.string({ unit: 'grapheme' }), fc.string()),
        (position) => {
          const cursor = toCursor(position)
          expect(cursor).toMatch(/^[A-Za-z0-9_-]*$/)
          expect(schema.parse(cursor)).toEqual(position)
        },
      ),
    )
  })

  it('is refused when it is another text', ({ expect }) => {
    const schema = cursorSchema(z.tuple([z.int(), z.string()]))
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.json().map(toCursor)), (text) => {
        expect(schema.safeParse(text).success).toBe(false)
      }),
    )
  })
})

describe('the parameters', () => {
  it('have defaults', ({ expect }) => {
    expect(search('')).toEqual({ limit: 50 })
    expect(search('', rejectedSummarySearchSchema)).toEqual({ limit: 100 })
    expect(search('', auditSearchSchema)).toEqual({ limit: 50 })
    expect(body('')).toEqual({ limit: 10_000, dry_run: false })
    expect(body('{}')).toEqual({ limit: 10_000, dry_run: false })
  })

  it('are read', ({ expect }) => {
    const text =
      'game_id=demo&env=prod&code=unknown_event&verdict=quarantined&event=boss.defeated&door=events' +
      '&pointer=/event&start=2026-11-20T00:00:00Z&end=2026-11-21T01:00:00 01:00&replayed=false&limit=500' +
      `&rejection_id=abc-0&cursor=${toCursor([1, 'abc-0', 'unknown_event'])}`
    expect(search(text)).toEqual({
      game_id: 'demo',
      env: 'prod',
      code: 'unknown_event',
      verdict: 'quarantined',
      event: 'boss.defeated',
      door: 'events',
      pointer: '/event',
      start: Date.UTC(2026, 10, 20),
      end: Date.UTC(2026, 10, 21),
      replayed: false,
      limit: 500,
      rejection_id: 'abc-0',
      cursor: { receivedMs: 1, rejectionId: 'abc-0', code: 'unknown_event' },
    })
  })

  it.for([
    ['limit=0', 'limit: expected a whole number from 1 to 500'],
    ['limit=501', 'limit: expected a whole number from 1 to 500'],
    ['limit=1e2', 'limit: expected a whole number from 1 to 500'],
    ['limit=', 'limit: expected a whole number from 1 to 500'],
    ['limit=1&limit=2', 'limit: expected once'],
    ['verdict=corrected', 'verdict: expected quarantined or rejected'],
    ['door=window', 'door: expected events or payments'],
    ['replayed=yes', 'replayed: expected true or false'],
    ['start=2026-11-20', 'start: expected an RFC 3339 instant, such as 2026-11-20T10:00:00Z'],
    ['end=tomorrow', 'end: expected an RFC 3339 instant, such as 2026-11-20T10:00:00Z'],
    [
      'start=2026-11-20T00:00:00Z&end=2026-11-20T00:00:00Z',
      'start: expected an instant before end',
    ],
    ['cursor=xyz', 'cursor: expected the next_cursor of an answer of this address'],
    [`cursor=${toCursor(['a', 'b'])}`, 'cursor: expected the next_cursor'],
    [`code=${'x'.repeat(513)}`, 'code: expected at most 512 characters'],
    ['reason=unknown_event', 'reason: is not known at this address'],
    ['__proto__=1', '__proto__: is not known at this address'],
    ['door=x&q=1', 'door: expected events or payments; q: is not known at this address'],
  ] as const)('are refused by name: %s', ([text, problem], { expect }) => {
    expect(problemOf(() => search(text))).toContain(`invalid_parameter: ${problem}`)
  })

  it.for([
    ['status=99', 'status: expected a whole number from 100 to 599'],
    ['actor=a&actor=b', 'actor: expected once'],
    ['code=unknown_event', 'code: is not known at this address'],
  ] as const)('of the audit log are refused by name: %s', ([text, problem], { expect }) => {
    expect(problemOf(() => search(text, auditSearchSchema))).toBe(`invalid_parameter: ${problem}`)
  })
})

describe('the body of a replay', () => {
  it('is read', ({ expect }) => {
    const text = JSON.stringify({
      code: 'unknown_event',
      event: 'boss.defeated',
      start: '2026-11-20T00:00:00Z',
      end: '2026-11-21T00:00:00+00:00',
      limit: 1,
      dry_run: true,
      cursor: toCursor(['unknown_event', 'abc-0']),
    })
    expect(body(text)).toEqual({
      code: 'unknown_event',
      event: 'boss.defeated',
      start: Date.UTC(2026, 10, 20),
      end: Date.UTC(2026, 10, 21),
      limit: 1,
      dry_run: true,
      cursor: { code: 'unknown_event', rejectionId: 'abc-0' },
    })
  })

  it.for([
    ['{', 'invalid_json: Send a JSON object, or nothing.'],
    ['[]', 'invalid_field: expected an object'],
    ['null', 'invalid_field: expected an object'],
    ['{"limit":0}', 'invalid_field: limit: expected a whole number from 1 to 10000'],
    ['{"limit":10001}', 'invalid_field: limit: expected a whole number from 1 to 10000'],
    ['{"limit":1.5}', 'invalid_field: limit: expected a whole number from 1 to 10000'],
    ['{"limit":"10"}', 'invalid_field: limit: expected a whole number from 1 to 10000'],
    ['{"dry_run":"no"}', 'invalid_field: dry_run: expected true or false'],
    ['{"start":5}', 'invalid_field: start: expected an RFC 3339 instant'],
    ['{"verdict":"rejected"}', 'invalid_field: verdict: is not known at this address'],
    [
      '{"start":"2026-11-20T00:00:00Z","end":"2026-11-19T00:00:00Z"}',
      'invalid_field: start: expected an instant before end',
    ],
  ] as const)('is refused by field: %s', ([text, problem], { expect }) => {
    expect(problemOf(() => body(text))).toBe(problem)
  })
})
