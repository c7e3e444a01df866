import { describe, it } from 'vitest'

import { Marks, readPublishState } from '../../../durable/sketches/marks.ts'

describe('Marks', () => {
  it('are taken newest first, and what is left is for the next time', ({ expect }) => {
    const marks = new Marks()
    for (const minute of [5, 9, 7, 9]) marks.add('online', minute)
    marks.add('dau', 1)
    const taken = marks.take(2)
    expect(taken.toStored()).toEqual({ dau: [1], new_users: [], online: [7, 9], peaks: [] })
    expect(marks.toStored()).toEqual({ dau: [], new_users: [], online: [5], peaks: [] })
    expect(marks.isEmpty).toBe(false)
    marks.take(2)
    expect(marks.isEmpty).toBe(true)
  })

  it('are joined without repeats', ({ expect }) => {
    const marks = new Marks({ dau: [1, 2], new_users: [], online: [], peaks: [4] })
    const other = new Marks({ dau: [2, 3], new_users: [1], online: [], peaks: [] })
    marks.merge(other)
    expect(marks.toStored()).toEqual({ dau: [1, 2, 3], new_users: [1], online: [], peaks: [4] })
    expect(other.of('dau')).toEqual([2, 3])
  })

  it('come back from storage with the newest version', ({ expect }) => {
    const stored = { version: 7, marks: new Marks().toStored() }
    expect(readPublishState(stored)).toEqual(stored)
    expect(readPublishState(undefined)).toEqual({ version: 0, marks: new Marks().toStored() })
    expect(() => readPublishState({ version: -1 })).toThrow('version')
  })
})
