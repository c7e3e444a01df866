/** Names of Durable Objects: one function per class, so that every caller reaches the same object. */

interface Scoped {
  readonly gameId: string
  readonly env: string
}

/**
 * The name of the sketches of one game and environment. Shard 0 is the object that all reads ask; the shards 1 to n
 * take deliveries in its place and hand on to it what is new.
 */
export function gameSketchesName(scope: Scoped, shard = 0): string {
  return shard === 0 ? scopeName(scope) : `${scopeName(scope)}/${shard}`
}

/** The name of the settings of one game and environment. */
export function gameSettingsName(scope: Scoped): string {
  return scopeName(scope)
}

/** The name of the live feed of one game and environment. */
export function liveFeedName(scope: Scoped): string {
  return scopeName(scope)
}

/** The name of the nonces of one signing key. */
export function nonceLedgerName(keyId: string): string {
  return keyId
}

/**
 * The name of the object in which small POSTs of one game and environment gather, for one continent (the platform's
 * code of two letters, XX when unknown): whoever calls first has it created nearby.
 */
export function eventCoalescerName(scope: Scoped, continent: string): string {
  return `${scopeName(scope)}/${continent}`
}

/** Different pairs have different names, whatever characters the ids hold. */
function scopeName({ gameId, env }: Scoped): string {
  return `${encodeURIComponent(gameId)}/${encodeURIComponent(env)}`
}
