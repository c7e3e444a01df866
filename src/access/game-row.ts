/** A game as the control database holds it, and the profile that the routes work with. */
import { z } from 'zod'

import { MAX_PARSED_GAMES } from '../../configs/limits.ts'
import { ApiError } from '../api-error.ts'
import type { Scope } from '../app-env.ts'
import type { GameProfile } from '../event/game-profile.ts'
import { customEventsSchema, EVENT_MODES } from '../event/game-profile.ts'
import { soonFromControl } from './control-database.ts'
import { TimedCache } from './timed-cache.ts'

/** Columns of `games` that a profile is made of. */
export const GAME_COLUMNS = `games.time_zone, games.game_type, games.event_mode, games.custom_events,
  games.allowed_origins, games.pseudonymize, games.pseudonym_secret, games.masked_properties,
  games.archived_time`

/** JSON in a column. */
export function jsonColumn<Schema extends z.ZodType>(schema: Schema) {
  return z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text)
      } catch {
        context.addIssue('expected JSON')
        return z.NEVER
      }
    })
    .pipe(schema)
}

const namesColumn = jsonColumn(z.array(z.string()))

const gameColumnsSchema = z.object({
  game_id: z.string(),
  env: z.string(),
  time_zone: z.string(),
  game_type: z.string(),
  event_mode: z.enum(EVENT_MODES),
  custom_events: jsonColumn(customEventsSchema),
  allowed_origins: namesColumn,
  pseudonymize: z.literal([0, 1]),
  pseudonym_secret: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits'),
  masked_properties: namesColumn,
  archived_time: z.string().nullable(),
})

/** The columns as they are stored: text, so that two rows can be compared. */
const storedRowSchema = z.looseObject({ game_id: z.string(), env: z.string() })
type StoredRow = z.output<typeof storedRowSchema>

/** A game in one environment. */
export interface ScopedGame {
  readonly scope: Scope
  readonly profile: GameProfile
  readonly isArchived: boolean
}

interface ParsedGame {
  readonly row: StoredRow
  readonly game: ScopedGame
}

const parsedGames = new Map<string, ParsedGame>()

/**
 * The game of a row with GAME_COLUMNS, game_id and env. Parsed once for as long as the row stays the same: all keys
 * of a game share one object, and with it the catalog that is built from it. Throws ZodError.
 */
export function toScopedGame(columns: unknown): ScopedGame {
  const row = storedRowSchema.parse(columns)
  const name = JSON.stringify([row.game_id, row.env])
  const present = parsedGames.get(name)
  const game =
    present !== undefined && isSameRow(present.row, row)
      ? present.game
      : parseGame(gameColumnsSchema.parse(row))
  // Deleted first, so that the game is the youngest again.
  parsedGames.delete(name)
  parsedGames.set(name, { row, game })
  const [oldest] = parsedGames.keys()
  if (parsedGames.size > MAX_PARSED_GAMES && oldest !== undefined) parsedGames.delete(oldest)
  return game
}

function isSameRow(one: StoredRow, other: StoredRow): boolean {
  return Object.keys(gameColumnsSchema.shape).every((name) => one[name] === other[name])
}

function parseGame(row: z.output<typeof gameColumnsSchema>): ScopedGame {
  const { game_id: gameId, env, time_zone: timeZone } = row
  return {
    scope: { gameId, env, timeZone },
    profile: {
      gameId,
      timeZone,
      gameType: row.game_type,
      eventMode: row.event_mode,
      customEvents: row.custom_events,
      allowedOrigins: row.allowed_origins,
      pseudonymKey: row.pseudonymize === 1 ? bytesOfHex(row.pseudonym_secret) : null,
      maskedProperties: row.masked_properties,
    },
    isArchived: row.archived_time !== null,
  }
}

function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

const games = new TimedCache<ScopedGame>()

/** The game in an environment; null when there is no such pair. Throws control_unavailable. */
export function findGame(
  db: D1Database,
  gameId: string,
  env: string,
  nowMs: number,
): Promise<ScopedGame | null> {
  return games.get(JSON.stringify([gameId, env]), nowMs, async () => {
    const row = await soonFromControl(selectGame(db, gameId, env).first())
    return row === null ? null : toScopedGame(row)
  })
}

/** The question for the row of a game in an environment, for toScopedGame. */
export function selectGame(db: D1Database, gameId: string, env: string): D1PreparedStatement {
  return db
    .prepare(
      `SELECT environments.game_id, environments.env, ${GAME_COLUMNS}
       FROM environments JOIN games ON games.game_id = environments.game_id
       WHERE environments.game_id = ? AND environments.env = ?`,
    )
    .bind(gameId, env)
}

/** Throws forbidden for a game that was archived: it takes no events and answers no questions. */
export function refuseArchived({ isArchived, scope }: ScopedGame): void {
  if (!isArchived) return
  throw new ApiError(
    'forbidden',
    `The game ${scope.gameId} is archived: it takes no events and answers no questions.`,
  )
}
