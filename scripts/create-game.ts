/**
 * Makes a game with a write key and a read key, or adds keys to one. Only digests are stored, so the keys
 * are shown once, here.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { z } from 'zod'

import { MAX_SCOPE_LENGTH } from '../configs/limits.ts'
import type { ControlDatabase, Game } from './local/control-database.ts'
import {
  migrateLocalDatabase,
  newKeys,
  saveGames,
  workerDataDir,
} from './local/control-database.ts'
import { PROJECT_ROOT } from './local/wrangler.ts'

const USAGE = `npm run create-game -- --game ID --env ENV --name NAME --time-zone ZONE [options]

Makes a game with a write key and a read key, or adds two keys to one, and prints them once.

  --game ID            A-Z a-z 0-9 _ . -, such as my-game
  --env ENV            environment of the game, such as prod
  --name NAME          as people call it; a new name replaces the old one
  --time-zone ZONE     IANA name, such as Europe/Berlin or UTC: the days of the game; stays as it is
  --remote             in the deployed control database, not the one of npm start
  --data-dir PATH      where npm start keeps its data, .data unless told`

const scopeSchema = z
  .string('is missing')
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]*$/,
    'may hold A-Z a-z 0-9 _ . - and starts with one of A-Z a-z 0-9',
  )
  .max(MAX_SCOPE_LENGTH, `has more than ${MAX_SCOPE_LENGTH} characters`)

const argumentsSchema = z.object({
  game: scopeSchema,
  env: scopeSchema,
  name: z.string('is missing').trim().min(1, 'is empty').max(200, 'has more than 200 characters'),
  'time-zone': z.string('is missing').transform((value, context) => {
    const timeZone = canonicalTimeZone(value)
    if (timeZone !== null) return timeZone
    context.addIssue('is not a time zone of the IANA database, such as Europe/Berlin or UTC')
    return z.NEVER
  }),
  remote: z.boolean().default(false),
  'data-dir': z.string().default(join(PROJECT_ROOT, '.data')),
})

/** Spelled as the databases spell it; null for names that Intl does not know, and for bare offsets. */
function canonicalTimeZone(name: string): string | null {
  if (!/^[A-Za-z]/.test(name)) return null
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
  } catch {
    // RangeError: no such zone.
    return null
  }
}

/**
 * The game that command line arguments describe, and where it goes; null when help is asked for. Throws
 * naming each wrong argument.
 */
export function gameFromArguments(args: readonly string[]): {
  readonly game: Game
  readonly database: ControlDatabase
} | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean' },
      game: { type: 'string' },
      env: { type: 'string' },
      name: { type: 'string' },
      'time-zone': { type: 'string' },
      remote: { type: 'boolean' },
      'data-dir': { type: 'string' },
    },
  })
  if (values.help === true) return null
  const parsed = argumentsSchema.safeParse(values)
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path, message }) => `--${path.join('.')} ${message}`,
    )
    throw new Error(problems.join('\n'))
  }
  const {
    game: gameId,
    env,
    name,
    'time-zone': timeZone,
    remote,
    'data-dir': dataDir,
  } = parsed.data
  return {
    game: { gameId, env, name, timeZone },
    database: remote ? 'remote' : { local: workerDataDir(dataDir) },
  }
}

async function main(): Promise<void> {
  const request = gameFromArguments(process.argv.slice(2))
  if (request === null) {
    console.log(USAGE)
    return
  }
  const { game, database } = request
  const keys = newKeys()
  if (database !== 'remote') await migrateLocalDatabase(database.local)
  await saveGames(database, [{ ...game, ...keys }])
  console.log(`game       ${game.gameId} (${game.name}), environment ${game.env}, ${game.timeZone}`)
  console.log(`write key  ${keys.writeKey}`)
  console.log(`read key   ${keys.readKey}`)
  console.log('Keep the keys now: only their digests are stored.')
}

if (import.meta.main) {
  try {
    await main()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    console.error(message)
    if (message.includes('no such table')) {
      console.error('First run: wrangler d1 migrations apply CONTROL_DB --remote')
    }
    process.exitCode = 1
  }
}
