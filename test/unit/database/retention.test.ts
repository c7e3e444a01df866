import { describe, it } from 'vitest'

import { retentionFrom } from '../../../scripts/database/retention.ts'

describe('retentionFrom', () => {
  it('keeps events for 90 days, rejected ones for 30 and the audit log for 400', ({ expect }) => {
    expect(retentionFrom({})).toEqual({ eventsDays: 90, rejectedDays: 30, auditDays: 400 })
  })

  it('takes empty text for absent', ({ expect }) => {
    expect(retentionFrom({ ANALYTICS_AUDIT_TTL_DAYS: ' ' }).auditDays).toBe(400)
  })

  it.for([
    ['ANALYTICS_EVENTS_TTL_DAYS', 'eventsDays', 31],
    ['ANALYTICS_REJECTED_TTL_DAYS', 'rejectedDays', 1],
    ['ANALYTICS_AUDIT_TTL_DAYS', 'auditDays', 1],
  ] as const)('reads %s, from its minimum on or 0', ([name, field, minDays], { expect }) => {
    expect(retentionFrom({ [name]: String(minDays) })[field]).toBe(minDays)
    expect(retentionFrom({ [name]: '0' })[field]).toBe(0)
    for (const wrong of ['-1', '1.5', '1d', '36501', ...(minDays > 1 ? [`${minDays - 1}`] : [])]) {
      expect(() => retentionFrom({ [name]: wrong }), wrong).toThrow(
        `${name} must be a whole number of days from ${minDays} to 36500, or 0 (keep for ever)`,
      )
    }
  })
})
