import fc from 'fast-check'
import { describe, it } from 'vitest'

import { BreakdownPage } from '../../../durable/sketches/breakdown-page.ts'
import { splitMix64Tokens } from '../sketch/random-tokens.ts'

const HASH_ID = 7
const BOUND = 6
const tokens = splitMix64Tokens(5n, 400)

interface Seen {
  readonly name: string
  readonly users: readonly number[]
}

// Up to three times as many values as the bound.
const seenOf = fc.array(
  fc.record<Seen>({
    name: fc.nat({ max: 3 * BOUND - 1 }).map((n) => (n === 0 ? '' : `värde-${n}`)),
    users: fc.uniqueArray(fc.nat({ max: tokens.length - 1 }), { minLength: 1, maxLength: 20 }),
  }),
  { maxLength: 60 },
)

function tokensOf(users: readonly number[]): Uint32Array {
  return Uint32Array.from(users, (user) => tokens[user] ?? 0)
}

function pageOf(seen: readonly Seen[]): BreakdownPage {
  const page = new BreakdownPage(HASH_ID, BOUND)
  for (const { name, users } of seen) page.add(name, tokensOf(users))
  return page
}

function decode(bytes: Uint8Array, hashId = HASH_ID): BreakdownPage {
  return BreakdownPage.decode(bytes, hashId, BOUND)
}

describe('BreakdownPage', () => {
  it('is the same whatever the order and however often values come', ({ expect }) => {
    fc.assert(
      fc.property(seenOf, fc.nat(), (seen, seed) => {
        const shuffled = seen.toSorted(
          (a, b) => (((a.users[0] ?? 0) * seed) % 97) - (((b.users[0] ?? 0) * seed) % 97),
        )
        const once = pageOf(seen).encode()
        expect(pageOf(shuffled).encode()).toEqual(once)
        expect(pageOf([...seen.toReversed(), ...seen]).encode()).toEqual(once)
      }),
    )
  })

  it('counts every user of a value exactly, in a sketch of its own or in "other"', ({ expect }) => {
    fc.assert(
      fc.property(seenOf, (seen) => {
        const page = pageOf(seen)
        const users = new Map<string, Set<number>>()
        for (const { name, users: more } of seen) {
          users.set(name, new Set([...(users.get(name) ?? []), ...more]))
        }
        expect(page.values).toHaveLength(Math.min(users.size, BOUND))
        for (const { name, sketch } of page.values) {
          expect(sketch.estimate()).toBe(users.get(name)?.size)
          users.delete(name)
        }
        const others = new Set<number>()
        for (const ofValue of users.values()) for (const user of ofValue) others.add(user)
        expect(page.other?.estimate() ?? 0).toBe(others.size)
        expect(page.other === null).toBe(others.size === 0)
      }),
    )
  })

  it('says when it changed, and only then', ({ expect }) => {
    fc.assert(
      fc.property(seenOf, (seen) => {
        const page = new BreakdownPage(HASH_ID, BOUND)
        for (const { name, users } of seen) {
          const before = page.encode()
          const changes = page.add(name, tokensOf(users))
          expect(changes > 0).toBe(Buffer.compare(before, page.encode()) !== 0)
        }
        for (const { name, users } of seen) expect(page.add(name, tokensOf(users))).toBe(0)
      }),
    )
  })

  it('comes back from its bytes and goes on as if it had never left', ({ expect }) => {
    fc.assert(
      fc.property(seenOf, fc.nat({ max: 60 }), (seen, cut) => {
        const page = BreakdownPage.decode(pageOf(seen.slice(0, cut)).encode(), HASH_ID, BOUND)
        for (const { name, users } of seen.slice(cut)) page.add(name, tokensOf(users))
        expect(page.encode()).toEqual(pageOf(seen).encode())
      }),
    )
  })

  it('counts nobody for a value without tokens', ({ expect }) => {
    const page = new BreakdownPage(HASH_ID, BOUND)
    expect(page.add('ios', new Uint32Array(0))).toBe(0)
    expect(page.values).toEqual([])
  })

  it('stays below the 2 MB of a row with every value dense and of the longest kind', ({
    expect,
  }) => {
    const many = splitMix64Tokens(9n, 20_000)
    const page = new BreakdownPage(HASH_ID, 256)
    for (let value = 0; value < 300; value++) page.add(`${value}`.padEnd(64, '界'), many)
    expect(page.values).toHaveLength(256)
    expect(page.encode().length).toBeLessThan(1_200_000)
  })

  it('refuses bytes that it did not write, and those of another key', ({ expect }) => {
    const encoded = pageOf([{ name: 'ios', users: [1, 2] }]).encode()
    expect(() => decode(encoded, HASH_ID + 1)).toThrow('made under another key')
    expect(() => decode(encoded.subarray(0, -1))).toThrow('cut short')
    expect(() => decode(Uint8Array.of(...encoded, 0))).toThrow('bytes after the last record')
    expect(() => decode(Uint8Array.of(9))).toThrow('unknown format 9')
  })
})
