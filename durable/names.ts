/** Names of Durable Objects: one function per class, so that every caller reaches the same object. */

/**
 * The name of the sketches of one game and environment. Different pairs have different names, whatever
 * characters the ids hold.
 */
export function gameSketchesName({ gameId, env }: { gameId: string; env: string }): string {
  return `${encodeURIComponent(gameId)}/${encodeURIComponent(env)}`
}
