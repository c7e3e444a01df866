/** Names of time zones, from people. */

/** Spelled as the databases spell it; null for names that Intl does not know, and for bare offsets. */
export function canonicalTimeZone(name: string): string | null {
  if (!/^[A-Za-z]/.test(name)) return null
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
  } catch {
    // RangeError: no such zone.
    return null
  }
}
