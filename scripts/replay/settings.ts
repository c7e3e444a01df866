/** What `npm run replay` was asked to do: its options, and for the rest what `npm start` wrote down. */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'

import { z } from 'zod'

import { MAX_EVENTS_PER_POST } from '../../configs/limits.ts'
import type { ClickHouseConnection } from '../../src/clickhouse/connection.ts'
import { connectionFrom } from '../../src/clickhouse/connection.ts'
import type { ReadTarget } from './figures.ts'
import type { Target } from './send.ts'

export const USAGE = `npm run replay -- [options]

Sends the Cookie Cats players (data/README.md) as events and compares the answers with the file.

  --rounds                   also one event per round played: 4,678,325 in all
  --limit N                  only the first N players
  --batch-size N             events per POST, 500 unless told
  --concurrency N            POSTs at a time, 4 unless told
  --last-install-day DATE    YYYY-MM-DD; otherwise that of the first replay, then eight days ago
  --wait-seconds N           how long the answers may stay as they are before it gives up, 120 unless told
  --url --game --env --write-key --read-key
                             another server than the one that npm start runs. With --rounds the
                             CLICKHOUSE_ variables say where to count.`

export interface ReplaySettings {
  readonly target: Target & ReadTarget
  readonly rounds: boolean
  readonly limit: number
  readonly batchSize: number
  readonly concurrency: number
  readonly lastInstallDay: string | null
  readonly waitMs: number
}

const atLeastOne = z.coerce.number().int().positive()
const optionsSchema = z.object({
  rounds: z.boolean().default(false),
  limit: atLeastOne.default(Number.MAX_SAFE_INTEGER),
  'batch-size': atLeastOne.max(MAX_EVENTS_PER_POST).default(500),
  concurrency: atLeastOne.max(64).default(4),
  'last-install-day': z.iso.date().nullable().default(null),
  'wait-seconds': atLeastOne.default(120),
  url: z.url().optional(),
  game: z.string().optional(),
  env: z.string().optional(),
  'write-key': z.string().optional(),
  'read-key': z.string().optional(),
})
type Options = z.output<typeof optionsSchema>

/** What `npm start` writes for the other scripts. */
const developmentSchema = z.object({
  url: z.url(),
  game_id: z.string(),
  env: z.string(),
  write_key: z.string(),
  read_key: z.string(),
  clickhouse: z.object({
    url: z.url(),
    user: z.string(),
    password: z.string(),
    database: z.string(),
  }),
})

/** Null when help is asked for. Throws an Error that names the option or what is missing. */
export async function readSettings(
  args: readonly string[],
  developmentFile: URL,
): Promise<ReplaySettings | null> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean' },
      rounds: { type: 'boolean' },
      limit: text,
      'batch-size': text,
      concurrency: text,
      'last-install-day': text,
      'wait-seconds': text,
      url: text,
      game: text,
      env: text,
      'write-key': text,
      'read-key': text,
    },
  })
  if (values.help === true) return null
  const parsed = optionsSchema.safeParse(values)
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error))
  const options = parsed.data
  return {
    target:
      options.url === undefined
        ? await developmentTarget(options, developmentFile)
        : namedTarget(options.url, options),
    rounds: options.rounds,
    limit: options.limit,
    batchSize: options['batch-size'],
    concurrency: options.concurrency,
    lastInstallDay: options['last-install-day'],
    waitMs: options['wait-seconds'] * 1_000,
  }
}

async function developmentTarget(options: Options, file: URL): Promise<Target & ReadTarget> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error('no server is known: run npm start first, or name one with --url', { cause })
  })
  const development = developmentSchema.parse(JSON.parse(text))
  return {
    url: development.url.replace(/\/$/, ''),
    gameId: options.game ?? development.game_id,
    env: options.env ?? development.env,
    writeKey: options['write-key'] ?? development.write_key,
    readKey: options['read-key'] ?? development.read_key,
    clickhouse: options.rounds ? development.clickhouse : null,
  }
}

function namedTarget(url: string, options: Options): Target & ReadTarget {
  const { game, env, 'write-key': writeKey, 'read-key': readKey } = options
  if (game === undefined || env === undefined || writeKey === undefined || readKey === undefined) {
    throw new Error('--url needs --game, --env, --write-key and --read-key as well')
  }
  const clickhouse: ClickHouseConnection | null = options.rounds
    ? connectionFrom(process.env)
    : null
  return { url: url.replace(/\/$/, ''), gameId: game, env, writeKey, readKey, clickhouse }
}
