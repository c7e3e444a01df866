/** What the connection of a request says of the player behind it. */
import { isbot } from 'isbot'
import { z } from 'zod'

import type { RequestOrigin } from '../event/enrichment.ts'
import { platformOf } from '../event/enrichment.ts'

/** Cities and regions of the edge fit the columns; anything else would be a fault of ours in the player's event. */
const place = z.string().max(128).catch('')
const countrySchema = z
  .string()
  // XX is unknown, T1 is Tor: no countries.
  .regex(/^(?!XX$)[A-Z]{2}$/)
  .catch('')
const cfSchema = z.object({ country: countrySchema, region: place, city: place }).partial()

/** HTTP stacks of game engines and of mobile systems: libraries to a bot list, players to us. */
const GAME_CLIENT =
  /Unity(?:Player|WebRequest)|\bokhttp\b|\bDalvik\b|\bCFNetwork\b|Godot|cocos2d|\bUE[45]\b/i

/** User agents repeat: one game has a few hundred. */
const MAX_CACHED_AGENTS = 1_000

const agents = new Map<string, Pick<RequestOrigin, 'platform' | 'isBot'>>()

/** The origin of a request that a player's client sent. The address of the client is neither read nor kept. */
export function originOf(request: Request): RequestOrigin {
  const parsed = cfSchema.safeParse(request.cf ?? {})
  const { country = '', region = '', city = '' } = parsed.success ? parsed.data : {}
  return { country, region, city, ...agentOf(request.headers.get('User-Agent') ?? '') }
}

function agentOf(userAgent: string): Pick<RequestOrigin, 'platform' | 'isBot'> {
  const known = agents.get(userAgent)
  if (known !== undefined) return known
  const agent = {
    platform: platformOf(userAgent),
    isBot: !GAME_CLIENT.test(userAgent) && isbot(userAgent),
  }
  if (agents.size >= MAX_CACHED_AGENTS) agents.clear()
  agents.set(userAgent, agent)
  return agent
}
