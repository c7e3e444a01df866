/** Every game in every environment, from the control database. */
import { z } from 'zod'

import { within } from '../deadline.ts'

export interface ReconciledGame {
  readonly gameId: string
  readonly env: string
  /** IANA zone of its days */
  readonly timeZone: string
}

const PAGE_ROWS = 1_000
/** Nobody waits for the cron; a page is a matter of milliseconds. */
const PAGE_DEADLINE_MS = 10_000

const rowSchema = z.object({ game_id: z.string(), env: z.string(), time_zone: z.string() })

/**
 * All games, but for those that were archived before `archivedSinceMs`: an archived game takes no events. Throws when
 * the control database does not answer.
 */
export async function gamesToReconcile(
  db: D1Database,
  archivedSinceMs: number,
): Promise<ReconciledGame[]> {
  const games: ReconciledGame[] = []
  const archivedSince = new Date(archivedSinceMs).toISOString()
  for (;;) {
    const { gameId = '', env = '' } = games.at(-1) ?? {}
    const page = db
      .prepare(
        `SELECT environments.game_id, environments.env, games.time_zone
         FROM environments JOIN games ON games.game_id = environments.game_id
         WHERE (environments.game_id, environments.env) > (?1, ?2)
           AND (games.archived_time IS NULL OR games.archived_time > ?3)
         ORDER BY environments.game_id, environments.env LIMIT ?4`,
      )
      .bind(gameId, env, archivedSince, PAGE_ROWS)
      .all()
    const { results } = await within(PAGE_DEADLINE_MS, page)
    const rows = z.array(rowSchema).parse(results)
    games.push(
      ...rows.map((row) => ({ gameId: row.game_id, env: row.env, timeZone: row.time_zone })),
    )
    if (rows.length < PAGE_ROWS) return games
  }
}
