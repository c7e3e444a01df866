/** The ledger of nonces: how long one is kept, and who may free it. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, it } from 'vitest'

import { SIGNATURE_SKEW_MS } from '../../configs/limits.ts'

describe('the ledger', () => {
  const CLOCK_TOLERANCE_MS = 60_000
  const KEPT_MS = 2 * SIGNATURE_SKEW_MS + CLOCK_TOLERANCE_MS
  const ledgerOf = (name: string) => env.NONCE_LEDGER.getByName(name)
  const claim = (name: string, nonce: string, claimId: string = crypto.randomUUID()) =>
    ledgerOf(name).claim(nonce, claimId)
  const countIn = (name: string) =>
    runInDurableObject(ledgerOf(name), (_, state) => {
      const [row] = state.storage.sql.exec<{ n: number }>('SELECT count(*) AS n FROM nonces')
      return row?.n
    })
  const age = (name: string, byMs: number) =>
    runInDurableObject(ledgerOf(name), (_, state) => {
      state.storage.sql.exec('UPDATE nonces SET claimed_ms = claimed_ms - ?', byMs)
    })

  it('keeps a nonce for two skews and what clocks may differ by, and forgets it then', async ({
    expect,
  }) => {
    expect(await claim('kept', 'n')).toBe(true)
    await age('kept', KEPT_MS - 5_000)
    expect(await claim('kept', 'n')).toBe(false)
    await age('kept', 5_001)
    expect(await claim('kept', 'n')).toBe(true)
  })

  it('shrinks, and deletes at most 100 nonces a call', async ({ expect }) => {
    const name = 'shrinks'
    await runInDurableObject(ledgerOf(name), (ledger) => {
      for (let index = 0; index < 250; index += 1) ledger.claim(`old-${index}`, crypto.randomUUID())
    })
    expect(await countIn(name)).toBe(250)
    await age(name, KEPT_MS + 1)
    for (const left of [151, 52, 3, 4]) {
      expect(await claim(name, `new-${left}`)).toBe(true)
      expect(await countIn(name)).toBe(left)
    }
  })

  it('frees a nonce for the claim that holds it only', async ({ expect }) => {
    const [first, second] = [crypto.randomUUID(), crypto.randomUUID()]
    expect(await claim('held', 'n', first)).toBe(true)
    await ledgerOf('held').release('n', second)
    expect(await claim('held', 'n', second)).toBe(false)
    await ledgerOf('held').release('n', first)
    expect(await claim('held', 'n', second)).toBe(true)
  })

  it('refuses arguments of another shape', async ({ expect }) => {
    await runInDurableObject(ledgerOf('shapes'), (ledger) => {
      const claimId = crypto.randomUUID()
      expect(() => ledger.claim('', claimId)).toThrow()
      expect(() => ledger.claim('n'.repeat(129), claimId)).toThrow()
      expect(() => ledger.claim('n', 'no uuid')).toThrow()
    })
    expect(await countIn('shapes')).toBe(0)
  })
})
