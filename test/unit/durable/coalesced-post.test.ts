/** What EventCoalescer takes from a Worker that may be of another build. */
import { describe, it } from 'vitest'

import {
  MAX_COALESCE_MS,
  MAX_COALESCED_EVENTS,
  MAX_COALESCED_POST_CHARACTERS,
} from '../../../configs/limits.ts'
import { isWorthCoalescing, readPost } from '../../../durable/coalesced-post.ts'

const ROW = '{"event":"session.start"}\n'
const CONTEXT = {
  gameId: 'g',
  env: 'prod',
  traceId: '0123456789abcdef',
  receivedTimeMs: 1_795_000_000_000,
  counting: { timeZone: 'UTC', shards: 1, hashId: 7 },
}
const GROUP = {
  metric: 'dau',
  bucket: 20_000,
  tokens: Uint32Array.of(64),
  by: ['ios', '', 'DE', '1'],
}
const POST = {
  waitMs: 100,
  context: CONTEXT,
  cargo: { eventRows: [ROW], auditRows: [ROW], tokens: [GROUP], revenueDays: [20_000] },
}

describe('a POST for company', () => {
  it('is read as it was sent', ({ expect }) => {
    expect(readPost(POST)).toEqual(POST)
    expect(readPost({ ...POST, cargo: {} })).toEqual({ ...POST, cargo: {} })
  })

  it.for([
    ['no POST', undefined],
    [
      'rows of a table that it does not know',
      { ...POST, cargo: { ...POST.cargo, newRows: [ROW] } },
    ],
    ['a fact that it does not know', { ...POST, priority: 1 }],
    ['a context that it does not know', { ...POST, context: { ...CONTEXT, region: 'eu' } }],
    [
      'counting that it does not know',
      { ...POST, context: { ...CONTEXT, counting: { ...CONTEXT.counting, salt: 1 } } },
    ],
    [
      'a metric that it does not know',
      { ...POST, cargo: { tokens: [{ ...GROUP, metric: 'wau' }] } },
    ],
    ['a group that it does not know', { ...POST, cargo: { tokens: [{ ...GROUP, weight: 1 }] } }],
    [
      'a token that is none',
      { ...POST, cargo: { tokens: [{ ...GROUP, tokens: Uint32Array.of(63) }] } },
    ],
    ['a row that is no line', { ...POST, cargo: { eventRows: ['{}'] } }],
    ['no wait', { ...POST, waitMs: 0 }],
    ['a wait that is too long', { ...POST, waitMs: MAX_COALESCE_MS + 1 }],
    [
      'too many rows',
      {
        ...POST,
        cargo: { eventRows: Array.from({ length: MAX_COALESCED_EVENTS + 1 }, () => ROW) },
      },
    ],
  ] as const)('is refused with %s, never cut to what is known', ([, post], { expect }) => {
    expect(() => readPost(post)).toThrow(TypeError)
  })

  it('has 20 rows of what clients sent at most, whatever tables they are for', ({ expect }) => {
    const rows = (count: number) => Array.from({ length: count }, () => ROW)
    const auditRows = rows(1)
    const full = { eventRows: rows(8), paymentRows: rows(6), rejectedRows: rows(6), auditRows }
    expect(isWorthCoalescing({ cargo: full })).toBe(true)
    expect(isWorthCoalescing({ cargo: { ...full, rejectedRows: rows(7) } })).toBe(false)
    expect(isWorthCoalescing({ cargo: {} })).toBe(true)
  })

  it('is no larger than half a billed chunk', ({ expect }) => {
    const row = 'x'.repeat(MAX_COALESCED_POST_CHARACTERS)
    expect(isWorthCoalescing({ cargo: { rejectedRows: [row] } })).toBe(true)
    expect(isWorthCoalescing({ cargo: { rejectedRows: [row], auditRows: ['\n'] } })).toBe(false)
  })
})
