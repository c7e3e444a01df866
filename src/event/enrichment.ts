/**
 * What the connection of a player says where the player's client says nothing: country, region and city as the
 * edge sees them, the platform by the user agent. Never from a stored address, never against what was sent.
 */
import { z } from 'zod'

import type { Column, Columns } from './attributes.ts'
import type { GameProfile } from './game-profile.ts'

/** Whose word an event is: a player's client, or the studio's own server. */
export type Reporter = 'client' | 'server'

/** The connection that an event came over; empty strings for what is not known. */
export const requestOriginSchema = z.object({
  /** ISO 3166-1 alpha-2 */
  country: z.string(),
  region: z.string(),
  city: z.string(),
  /** A platform of the catalog */
  platform: z.string(),
  /** Whether the user agent is that of a known robot */
  isBot: z.boolean(),
})
export type RequestOrigin = Readonly<z.output<typeof requestOriginSchema>>

export interface Enriched {
  readonly columns: Columns
  /** Columns that the client did not send */
  readonly enriched: readonly Column[]
}

/**
 * The columns of an event with what is missing filled in. Region and city belong to the country of the
 * connection, so they are taken only where the event's country is the same. The game type is the game's.
 */
export function enrich(
  columns: Columns,
  { origin, game }: { readonly origin: RequestOrigin | null; readonly game: GameProfile },
): Enriched {
  const filled: Filled = { columns: { ...columns }, enriched: [] }
  if (origin !== null) {
    fill(filled, 'platform', origin.platform)
    fill(filled, 'country', origin.country)
    if ((filled.columns.country ?? '') === origin.country) {
      fill(filled, 'region', origin.region)
      fill(filled, 'city', origin.city)
    }
  }
  fill(filled, 'game_type', game.gameType)
  return filled
}

interface Filled {
  readonly columns: Partial<Record<Column, string>>
  readonly enriched: Column[]
}

function fill({ columns, enriched }: Filled, name: Column, value: string): void {
  if (columns[name] !== undefined || value === '') return
  columns[name] = value
  enriched.push(name)
}

/**
 * User agents of game clients and their platforms, in this order: consoles name a browser engine too, browsers name
 * the system that they run on.
 */
const PLATFORM_PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/PlayStation/i, 'ps'],
  [/Xbox/i, 'xbox'],
  [/Nintendo Switch/i, 'switch'],
  [/^Mozilla\/5\.0/, 'web'],
  [/\bAndroid\b|\bDalvik\b|\bokhttp\b/i, 'android'],
  [/\bCFNetwork\b|\biOS\b|\biPhone|\biPad/i, 'ios'],
  [/\bWindows\b|\bWinHttp\b/i, 'windows'],
  [/\bmacOS\b|\bMac OS X\b|\bMac\//i, 'macos'],
  [/\bLinux\b/i, 'linux'],
]

/** The platform of a user agent; empty when it does not say. */
export function platformOf(userAgent: string): string {
  return PLATFORM_PATTERNS.find(([pattern]) => pattern.test(userAgent))?.[1] ?? ''
}
