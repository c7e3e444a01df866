/**
 * The nonces of one signing key, so that a signed request that somebody captured cannot be sent again.
 *
 * A nonce is kept for as long as its timestamp may be accepted: a request that is stamped a whole skew ahead of
 * our clock stays good for two. Nothing lives in memory between calls, so an eviction forgets nothing.
 */
import { DurableObject } from 'cloudflare:workers'
import { z } from 'zod'

import { MAX_NONCE_LENGTH, SIGNATURE_SKEW_MS } from '../configs/limits.ts'

/** The clocks of two machines of the network are less than this apart, in milliseconds. */
const CLOCK_TOLERANCE_MS = 60_000

const KEPT_MS = 2 * SIGNATURE_SKEW_MS + CLOCK_TOLERANCE_MS

/** Old nonces that one claim deletes: more than it adds, so the table shrinks; few, so that no call is slow. */
const MAX_DELETED_NONCES = 100

const nonceSchema = z.string().min(1).max(MAX_NONCE_LENGTH)
const claimIdSchema = z.uuid()

export class NonceLedger extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    // WITHOUT ROWID: the nonce is found in the tree that holds the row.
    ctx.storage.sql.exec(`CREATE TABLE IF NOT EXISTS nonces (
      nonce TEXT PRIMARY KEY,
      claim_id TEXT NOT NULL,
      claimed_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`)
    ctx.storage.sql.exec('CREATE INDEX IF NOT EXISTS nonces_by_time ON nonces (claimed_ms)')
  }

  /**
   * Whether the nonce was free; then it is taken, by the claim of this id. Its age is counted by the clock of the
   * ledger, which no caller can hold back. On disk when it resolves. Throws ZodError for an argument of another shape.
   */
  claim(nonce: string, claimId: string): boolean {
    const nowMs = Date.now()
    const { sql } = this.ctx.storage
    sql.exec(
      `DELETE FROM nonces WHERE nonce IN (
        SELECT nonce FROM nonces WHERE claimed_ms < ? ORDER BY claimed_ms LIMIT ?
      )`,
      nowMs - KEPT_MS,
      MAX_DELETED_NONCES,
    )
    const { rowsWritten } = sql.exec(
      'INSERT INTO nonces (nonce, claim_id, claimed_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      nonceSchema.parse(nonce),
      claimIdSchema.parse(claimId),
      nowMs,
    )
    return rowsWritten > 0
  }

  /** Frees a nonce whose request was not taken after all; one that another claim holds stays. */
  release(nonce: string, claimId: string): void {
    this.ctx.storage.sql.exec(
      'DELETE FROM nonces WHERE nonce = ? AND claim_id = ?',
      nonceSchema.parse(nonce),
      claimIdSchema.parse(claimId),
    )
  }
}
