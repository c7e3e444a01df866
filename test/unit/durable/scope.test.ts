import { describe, it } from 'vitest'

import { gameSketchesName } from '../../../durable/names.ts'
import {
  isSameScope,
  readScope,
  scopeAfter,
  scopeOfName,
  toStoredScope,
} from '../../../durable/sketches/scope.ts'

const told = { gameId: 'demo', env: 'prod', shard: 0 }
const counting = { timeZone: 'Asia/Tokyo', shards: 4, hashId: 1 }

describe('the scope of an object', () => {
  it('is what the newest delivery told; one that tells nothing changes nothing', ({ expect }) => {
    const first = scopeAfter(null, { ...told, counting: null })
    expect(first).toEqual({ ...told, timeZone: 'UTC', shards: 1 })
    const second = scopeAfter(first, { ...told, counting })
    expect(second).toEqual({ ...told, timeZone: 'Asia/Tokyo', shards: 4 })
    expect(scopeAfter(second, { ...told, counting: null })).toEqual(second)
    expect(isSameScope(first, second)).toBe(false)
    expect(isSameScope(second, scopeAfter(second, { ...told, counting }))).toBe(true)
    expect(isSameScope(null, first)).toBe(false)
  })

  it('comes back from storage', ({ expect }) => {
    const scope = scopeAfter(null, { ...told, counting })
    expect(readScope(JSON.parse(JSON.stringify(toStoredScope(scope))))).toEqual(scope)
    expect(readScope(undefined)).toBeNull()
    expect(() => readScope({ game_id: 'demo' })).toThrow('env')
  })

  it('refuses deliveries for others', ({ expect }) => {
    const scope = scopeAfter(null, { ...told, counting })
    for (const other of [{ gameId: 'x' }, { env: 'x' }, { shard: 1 }]) {
      expect(() => scopeAfter(scope, { ...told, ...other, counting })).toThrow(RangeError)
    }
  })

  it('is told by the name of the object that is read, and by no other', ({ expect }) => {
    for (const gameId of ['demo', 'a/b', 'игра %2F']) {
      const scope = { gameId, env: 'prod/eu' }
      expect(scopeOfName(gameSketchesName(scope))).toEqual(scope)
      expect(scopeOfName(gameSketchesName(scope, 3))).toBeNull()
    }
    for (const name of [undefined, '', 'demo', '/prod', '%/prod']) {
      expect(scopeOfName(name)).toBeNull()
    }
  })
})
