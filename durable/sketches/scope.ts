/** Whose tokens an object counts, and how the game counts: told with every delivery, stored with the first. */
import { z } from 'zod'

import type { TokenDelivery } from '../figures.ts'

const scopeSchema = z.object({
  game_id: z.string().min(1),
  env: z.string().min(1),
  shard: z.int().nonnegative(),
  /** IANA zone; UTC until the game told */
  time_zone: z.string().min(1),
  /** Objects that share the counting */
  shards: z.int().min(1),
})

/** What an object knows of itself. */
export interface Scope {
  readonly gameId: string
  readonly env: string
  /** 0 for the object that is read; others only take deliveries in its place */
  readonly shard: number
  readonly timeZone: string
  readonly shards: number
}

/** What is stored; null when nothing is. Throws ZodError for another shape. */
export function readScope(stored: unknown): Scope | null {
  if (stored === undefined) return null
  const { game_id: gameId, env, shard, time_zone: timeZone, shards } = scopeSchema.parse(stored)
  return { gameId, env, shard, timeZone, shards }
}

/** A scope as readScope reads it. */
export function toStoredScope(scope: Scope): z.input<typeof scopeSchema> {
  const { gameId, env, shard, timeZone, shards } = scope
  return { game_id: gameId, env, shard, time_zone: timeZone, shards }
}

/**
 * The scope after a delivery: the counting that was told last holds. Throws RangeError for a delivery that belongs
 * to another object.
 */
export function scopeAfter(
  known: Scope | null,
  { gameId, env, shard, counting }: Omit<TokenDelivery, 'groups'>,
): Scope {
  const told = counting && { timeZone: counting.timeZone, shards: counting.shards }
  if (known === null) return { gameId, env, shard, timeZone: 'UTC', shards: 1, ...told }
  if (known.gameId !== gameId || known.env !== env || known.shard !== shard) {
    throw new RangeError(
      `a delivery for ${gameId}/${env} shard ${shard} came to ${known.gameId}/${known.env} shard ${known.shard}`,
    )
  }
  return { ...known, ...told }
}

/** Game and environment of a name that gameSketchesName made for shard 0; null for another. */
export function scopeOfName(name: string | undefined): { gameId: string; env: string } | null {
  const [gameId, env, ...rest] = (name ?? '').split('/')
  if (!gameId || !env || rest.length > 0) return null
  try {
    return { gameId: decodeURIComponent(gameId), env: decodeURIComponent(env) }
  } catch {
    return null
  }
}

/** Whether two scopes say the same. */
export function isSameScope(a: Scope | null, b: Scope): boolean {
  return (
    a !== null &&
    a.gameId === b.gameId &&
    a.env === b.env &&
    a.shard === b.shard &&
    a.timeZone === b.timeZone &&
    a.shards === b.shards
  )
}
