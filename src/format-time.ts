/** Times as answers spell them. */

/** RFC 3339 in UTC. */
export function formatTime(timeMs: number): string {
  return new Date(timeMs).toISOString()
}

/** RFC 3339 in UTC; null for 0, which stands for "never" in the tables. */
export function formatTimeOrNull(timeMs: number): string | null {
  return timeMs === 0 ? null : formatTime(timeMs)
}
