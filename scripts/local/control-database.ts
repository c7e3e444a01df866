/**
 * The control database (D1) from scripts: games, environments and digests of keys, in the database of a
 * local Worker or in the deployed one. wrangler is the only door to both.
 */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { z } from 'zod'

import { writePrivate } from './private-file.ts'
import { PROJECT_ROOT, runWrangler } from './wrangler.ts'

/** Binding of the control database in wrangler.toml. */
const DATABASE = 'CONTROL_DB'
const MIGRATIONS = join(PROJECT_ROOT, 'configs/d1')

/** 128 random bits as hex: not guessable, and safe in a header, a shell and a URL. */
const KEY_BYTES = 16
const KEY_ID_BYTES = 8

export interface Game {
  readonly gameId: string
  readonly env: string
  readonly name: string
  /** IANA name; days of the game are days of this zone */
  readonly timeZone: string
  /** Origins whose pages may send events, or `*`; those that the game has stay when this is absent */
  readonly allowedOrigins?: readonly string[]
}

export interface GameKeys {
  /** May only send events, as a client; may be public */
  readonly writeKey: string
  /** May only send events, as a server */
  readonly serverKey: string
  /** May only ask */
  readonly readKey: string
  /** Public ids of the three */
  readonly keyIds: { readonly write: string; readonly server: string; readonly read: string }
}

type KeyKind = keyof GameKeys['keyIds']

/** A control database: the one of a local Worker, by its directory, or the deployed one. */
export type ControlDatabase = { readonly local: string } | 'remote'

/** Data directory of the Worker below the data directory of a stack. */
export function workerDataDir(dataDir: string): string {
  return join(dataDir, 'worker')
}

/** Three new keys and their ids, from the system's random source. */
export function newKeys(): GameKeys {
  return {
    writeKey: `cw_${randomHex(KEY_BYTES)}`,
    serverKey: `cs_${randomHex(KEY_BYTES)}`,
    readKey: `cr_${randomHex(KEY_BYTES)}`,
    keyIds: { write: newKeyId(), server: newKeyId(), read: newKeyId() },
  }
}

function newKeyId(): string {
  return `k_${randomHex(KEY_ID_BYTES)}`
}

function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex')
}

/** Creates the tables of a local control database, or brings them up to date. */
export async function migrateLocalDatabase(directory: string): Promise<void> {
  await runWrangler(['d1', 'migrations', 'apply', DATABASE, ...placeOf({ local: directory })])
}

/**
 * Migrates a local control database and saves the games, unless exactly that was done before: two runs of
 * wrangler take seconds, and nothing changes between most starts.
 */
export async function prepareLocalDatabase(
  directory: string,
  games: readonly (Game & GameKeys)[],
): Promise<void> {
  const stampFile = join(directory, 'control.stamp')
  const stamp = stampOf(games)
  const isPrepared = existsSync(join(directory, 'v3/d1')) && existsSync(stampFile)
  if (isPrepared && readFileSync(stampFile, 'utf8') === stamp) return
  await migrateLocalDatabase(directory)
  await saveGames({ local: directory }, games)
  writePrivate(stampFile, stamp)
}

function stampOf(games: readonly (Game & GameKeys)[]): string {
  const hash = createHash('sha256').update(JSON.stringify(games))
  for (const file of readdirSync(MIGRATIONS).toSorted()) {
    hash.update(file).update(readFileSync(join(MIGRATIONS, file)))
  }
  return hash.digest('hex')
}

/**
 * Creates the games, or updates their names, and adds the keys; keys that are there already stay valid.
 * Throws for a game that exists with another time zone, whose days of the past would move: nothing of that
 * game is saved. Throws with wrangler's words when the database refuses.
 */
export async function saveGames(
  database: ControlDatabase,
  games: readonly (Game & GameKeys)[],
): Promise<void> {
  if (games.length === 0) return
  const sql = games.flatMap((game) => [
    saveGameSql(game),
    saveEnvironmentSql(game),
    saveKeySql(game, 'write', game.writeKey),
    saveKeySql(game, 'server', game.serverKey),
    saveKeySql(game, 'read', game.readKey),
  ])
  sql.push(`SELECT game_id, time_zone FROM games WHERE game_id IN (${games.map(idOf).join(', ')})`)
  const command = ['--yes', '--json', '--command', sql.join(';\n')]
  const output = await runWrangler(['d1', 'execute', DATABASE, ...placeOf(database), ...command])
  const stored = resultsSchema.parse(JSON.parse(output)).at(-1)?.results ?? []
  refuseOtherTimeZones(games, z.array(storedGameSchema).parse(stored))
}

/** One entry per statement. */
const resultsSchema = z.array(z.object({ results: z.array(z.unknown()) }))
const storedGameSchema = z.object({ game_id: z.string(), time_zone: z.string() })

function refuseOtherTimeZones(
  games: readonly Game[],
  stored: readonly z.infer<typeof storedGameSchema>[],
): void {
  const zones = new Map(stored.map(({ game_id: gameId, time_zone: zone }) => [gameId, zone]))
  const problems = games
    .filter(({ gameId, timeZone }) => zones.get(gameId) !== timeZone)
    .map(
      ({ gameId, timeZone }) =>
        `The game ${gameId} counts its days in ${zones.get(gameId)}; in ${timeZone} ` +
        'days of the past would be others, so its time zone stays, and nothing was saved',
    )
  if (problems.length > 0) throw new Error(problems.join('\n'))
}

function placeOf(database: ControlDatabase): string[] {
  return database === 'remote' ? ['--remote'] : ['--local', '--persist-to', database.local]
}

function saveGameSql({ gameId, name, timeZone, allowedOrigins }: Game): string {
  const origins = sqlText(JSON.stringify(allowedOrigins ?? []))
  const update = allowedOrigins === undefined ? '' : ', allowed_origins = excluded.allowed_origins'
  return `INSERT INTO games (game_id, name, time_zone, allowed_origins)
    VALUES (${sqlText(gameId)}, ${sqlText(name)}, ${sqlText(timeZone)}, ${origins})
    ON CONFLICT (game_id) DO UPDATE SET name = excluded.name${update}
    WHERE games.time_zone = excluded.time_zone`
}

function saveEnvironmentSql(game: Game): string {
  return `INSERT INTO environments (game_id, env)
    SELECT game_id, ${sqlText(game.env)} FROM games
    WHERE game_id = ${idOf(game)} AND time_zone = ${sqlText(game.timeZone)}
    ON CONFLICT DO NOTHING`
}

function saveKeySql(game: Game & GameKeys, kind: KeyKind, key: string): string {
  const digest = createHash('sha256').update(key).digest('hex')
  return `INSERT INTO keys (key_id, key_hash, game_id, env, kind)
    SELECT ${sqlText(game.keyIds[kind])}, ${sqlText(digest)}, game_id, ${sqlText(game.env)}, ${sqlText(kind)}
    FROM games WHERE game_id = ${idOf(game)} AND time_zone = ${sqlText(game.timeZone)}
    ON CONFLICT DO NOTHING`
}

function idOf({ gameId }: Game): string {
  return sqlText(gameId)
}

/** wrangler binds no parameters, so values travel as hex: no character of theirs can end the literal. */
function sqlText(value: string): string {
  return `CAST(X'${Buffer.from(value, 'utf8').toString('hex')}' AS TEXT)`
}
