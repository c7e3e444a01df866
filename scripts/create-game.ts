/**
 * Makes a game with a write key, a server key and a read key, or adds keys to one. Only digests are stored, so
 * the keys are shown once, here.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { z } from 'zod'

import { MAX_SCOPE_LENGTH } from '../configs/limits.ts'
import { signingSecretOf } from '../src/access/signing-secret.ts'
import { canonicalTimeZone } from '../src/control/time-zone.ts'
import type { ControlDatabase, Game } from './local/control-database.ts'
import {
  migrateLocalDatabase,
  newKeys,
  saveGames,
  workerDataDir,
} from './local/control-database.ts'
import { localSecrets } from './local/secrets.ts'
import { PROJECT_ROOT } from './local/wrangler.ts'

const USAGE = `npm run create-game -- --game ID --env ENV --name NAME --time-zone ZONE [options]

Makes a game with a write key, a server key and a read key, or adds three keys to one, and prints them once.

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

/**
 * The game that command line arguments describe, and where it goes; null when help is asked for. Throws
 * naming each wrong argument.
 */
export function gameFromArguments(args: readonly string[]): {
  readonly game: Game
  readonly database: ControlDatabase
  readonly dataDir: string
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
    dataDir,
  }
}

async function main(): Promise<void> {
  const request = gameFromArguments(process.argv.slice(2))
  if (request === null) {
    console.log(USAGE)
    return
  }
  const { game, database, dataDir } = request
  const keys = newKeys()
  const { keyIds } = keys
  if (database !== 'remote') await migrateLocalDatabase(database.local)
  await saveGames(database, [{ ...game, ...keys }])
  console.log(`game       ${game.gameId} (${game.name}), environment ${game.env}, ${game.timeZone}`)
  console.log(`write key  ${keys.writeKey}  (id ${keyIds.write})`)
  console.log(`server key ${keys.serverKey}  (id ${keyIds.server})`)
  console.log(`read key   ${keys.readKey}  (id ${keyIds.read})`)
  if (database === 'remote') {
    console.log(
      'Make server keys with POST /api/admin/games/{game_id}/keys to sign requests with them.',
    )
  } else {
    const { ingestSecret } = localSecrets(dataDir)
    console.log(
      `signing    ${await signingSecretOf(ingestSecret, keyIds.server)}  (secret of the server key)`,
    )
  }
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
