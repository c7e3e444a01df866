import { describe, it } from 'vitest'

import type { Operation } from '../../../scripts/chaos/schedule.ts'
import { createSchedules, FAULT_KINDS } from '../../../scripts/chaos/schedule.ts'

const OPERATIONS: readonly Operation[] = [
  'insert',
  'query',
  'send',
  'dead letter',
  'batch',
  'object',
  'post',
]

/** Number and kind of every fault among the first operations. */
function faultsOf(seed: number, operation: Operation, operations: number): string[] {
  const schedule = createSchedules(seed)[operation]
  const faults: string[] = []
  for (let n = 1; n <= operations; n += 1) {
    const fault = schedule.next()
    if (fault !== null) faults.push(`${fault.n} ${fault.kind} ${fault.random.next()}`)
  }
  return faults
}

describe('the schedule of faults', () => {
  it.for(OPERATIONS)(
    'of %s is the same for the same seed, and no other',
    (operation, { expect }) => {
      const faults = faultsOf(7, operation, 2_000)
      expect(faultsOf(7, operation, 2_000)).toEqual(faults)
      expect(faultsOf(8, operation, 2_000)).not.toEqual(faults)
    },
  )

  it('does not depend on what other operations do meanwhile', ({ expect }) => {
    const alone = faultsOf(7, 'insert', 200)
    const { insert, send } = createSchedules(7)
    const mixed: string[] = []
    for (let n = 1; n <= 200; n += 1) {
      send.next()
      const fault = insert.next()
      if (fault !== null) mixed.push(`${fault.n} ${fault.kind} ${fault.random.next()}`)
    }
    expect(mixed).toEqual(alone)
  })

  it.for(OPERATIONS)(
    'has every kind of %s once before any comes again',
    (operation, { expect }) => {
      const kinds = FAULT_KINDS[operation]
      const schedule = createSchedules(3)[operation]
      const fired: string[] = []
      while (fired.length < kinds.length) {
        const fault = schedule.next()
        if (fault !== null) fired.push(fault.kind)
      }
      expect(fired.toSorted()).toEqual([...kinds].toSorted())
    },
  )
})
