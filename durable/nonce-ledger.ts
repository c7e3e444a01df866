/**
 * The nonces of one signing key, so that a signed request that somebody captured cannot be sent again.
 *
 * A nonce is kept for as long as its timestamp may be accepted: a request that is stamped a whole skew ahead of
 * our clock stays good for two. Nothing lives in memory between calls, so an eviction forgets nothing.
 */
import { DurableObject } from 'cloudflare:workers'
import { z } from 'zod'

import { MAX_NONCE_LENGTH, SIGNATURE_SKEW_MS } from '../configs/limits.ts'

const KEPT_MS = 2 * SIGNATURE_SKEW_MS

/** Old nonces that one claim deletes: more than it adds, so the table shrinks; few, so that no call is slow. */
const MAX_DELETED_NONCES = 100

const nonceSchema = z.string().min(1).max(MAX_NONCE_LENGTH)
const timeSchema = z.int().nonnegative()

export class NonceLedger extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    // WITHOUT ROWID: the nonce is found in the tree that holds the row.
    ctx.storage.sql.exec(`CREATE TABLE IF NOT EXISTS nonces (
      nonce TEXT PRIMARY KEY,
      claimed_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`)
    ctx.storage.sql.exec('CREATE INDEX IF NOT EXISTS nonces_by_time ON nonces (claimed_ms)')
  }

  /**
   * Whether the nonce was free; then it is taken. `nowMs`: when the request arrived, in milliseconds since the
   * epoch. On disk when it resolves. Throws ZodError for an argument of another shape.
   */
  claim(nonce: string, nowMs: number): boolean {
    const claimedMs = timeSchema.parse(nowMs)
    const { sql } = this.ctx.storage
    sql.exec(
      `DELETE FROM nonces WHERE nonce IN (
        SELECT nonce FROM nonces WHERE claimed_ms < ? ORDER BY claimed_ms LIMIT ?
      )`,
      claimedMs - KEPT_MS,
      MAX_DELETED_NONCES,
    )
    const { rowsWritten } = sql.exec(
      'INSERT INTO nonces (nonce, claimed_ms) VALUES (?, ?) ON CONFLICT DO NOTHING',
      nonceSchema.parse(nonce),
      claimedMs,
    )
    return rowsWritten > 0
  }

  /** Frees a nonce whose request was not taken after all. */
  release(nonce: string): void {
    this.ctx.storage.sql.exec('DELETE FROM nonces WHERE nonce = ?', nonceSchema.parse(nonce))
  }
}
