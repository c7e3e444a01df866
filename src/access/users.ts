/** Users of the control plane and the tokens that name them. Role and games come from D1, never from a token. */
import { sign, verify } from 'hono/jwt'
import { z } from 'zod'

import { ApiError } from '../api-error.ts'
import { soonFromControl } from './control-database.ts'
import { jsonColumn } from './game-row.ts'
import { TimedCache } from './timed-cache.ts'

/** Games that somebody may work with. */
export type Games = readonly string[] | '*'

export interface User {
  readonly userId: string
  readonly role: string
  readonly games: Games
  readonly tokenVersion: number
  readonly isDisabled: boolean
}

/** The column `games` of a user. */
export const gamesColumn = z.union([z.literal('*'), jsonColumn(z.array(z.string()))])

const userRowSchema = z.object({
  user_id: z.string(),
  role: z.string(),
  games: gamesColumn,
  token_version: z.int(),
  disabled_time: z.string().nullable(),
})

const claimsSchema = z.object({ sub: z.string(), ver: z.int(), exp: z.int() })

/** Never trusted beyond its time: a user may hold every permission. */
const users = new TimedCache<User>({ staleMs: 0 })

/** Whether `games` include the game. */
export function includesGame(games: Games, gameId: string): boolean {
  return games === '*' || games.includes(gameId)
}

async function readUser(db: D1Database, userId: string): Promise<User | null> {
  const row = await soonFromControl(
    db
      .prepare(
        `SELECT user_id, role, games, token_version, disabled_time FROM users WHERE user_id = ?`,
      )
      .bind(userId)
      .first(),
  )
  if (row === null) return null
  const parsed = userRowSchema.parse(row)
  return {
    userId: parsed.user_id,
    role: parsed.role,
    games: parsed.games,
    tokenVersion: parsed.token_version,
    isDisabled: parsed.disabled_time !== null,
  }
}

/** A token of a user: HS256, valid until `expiresMs`. */
export function signUserToken(
  jwtSecret: string,
  { userId, tokenVersion }: Pick<User, 'userId' | 'tokenVersion'>,
  nowMs: number,
  expiresMs: number,
): Promise<string> {
  const claims = {
    sub: userId,
    ver: tokenVersion,
    iat: Math.floor(nowMs / 1_000),
    exp: Math.floor(expiresMs / 1_000),
  }
  return sign(claims, jwtSecret, 'HS256')
}

/** Whether a bearer value is a token and not a key: keys hold no dots. */
export function looksLikeToken(bearer: string): boolean {
  return bearer.split('.').length === 3
}

/**
 * The user that a token names, as remembered, or with `isFresh` as the control database has it at the moment. Throws
 * unknown_key for a token that is not, or no longer, good, and control_unavailable.
 */
export async function userOfToken(
  db: D1Database,
  jwtSecret: string,
  token: string,
  { nowMs, isFresh }: { readonly nowMs: number; readonly isFresh: boolean },
): Promise<User> {
  const claims = claimsSchema.safeParse(await claimsOf(token, jwtSecret))
  if (!claims.success) throw refusal('it lacks one of sub, ver and exp')
  const { sub: userId } = claims.data
  const read = () => readUser(db, userId)
  const user = isFresh ? await read() : await users.get(userId, nowMs, read)
  if (user === null) throw refusal('its user does not exist')
  if (user.isDisabled) throw refusal('its user is disabled')
  if (user.tokenVersion !== claims.data.ver) throw refusal('it was withdrawn')
  return user
}

/** iat is not checked: the clocks of two locations differ, and it decides nothing. */
async function claimsOf(token: string, jwtSecret: string): Promise<unknown> {
  try {
    return await verify(token, jwtSecret, { alg: 'HS256', iat: false })
  } catch (error) {
    // The library's message quotes the token, so it goes nowhere.
    const isExpired = error instanceof Error && error.name === 'JwtTokenExpired'
    throw refusal(isExpired ? 'it expired' : 'expected one that was signed here, with HS256')
  }
}

function refusal(reason: string): ApiError {
  return new ApiError('unknown_key', `The token is not valid: ${reason}.`)
}
