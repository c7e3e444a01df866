/** The options of the replay, and what it takes from a running `npm start`. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { describe, it, onTestFinished } from 'vitest'

import { readSettings } from '../../../scripts/replay/settings.ts'

const clickhouse = {
  url: 'http://127.0.0.1:1',
  user: 'default',
  password: '',
  database: 'analytics',
}
const development = {
  url: 'http://127.0.0.1:8787/',
  game_id: 'demo',
  env: 'prod',
  write_key: 'w',
  read_key: 'r',
  clickhouse,
}

async function developmentFile(content: unknown): Promise<URL> {
  const directory = await mkdtemp(join(tmpdir(), 'replay-settings-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const file = pathToFileURL(join(directory, 'dev.json'))
  if (content !== undefined) await writeFile(file, JSON.stringify(content))
  return file
}

describe('readSettings', () => {
  it('takes the running server and sensible sizes when nothing is said', async ({ expect }) => {
    expect(await readSettings([], await developmentFile(development))).toEqual({
      target: {
        url: 'http://127.0.0.1:8787',
        gameId: 'demo',
        env: 'prod',
        writeKey: 'w',
        readKey: 'r',
        clickhouse: null,
      },
      rounds: false,
      limit: Number.MAX_SAFE_INTEGER,
      batchSize: 500,
      concurrency: 4,
      lastInstallDay: null,
      waitMs: 120_000,
    })
  })

  it('counts rounds in the ClickHouse of the running server', async ({ expect }) => {
    const settings = await readSettings(['--rounds'], await developmentFile(development))
    expect(settings).toMatchObject({ rounds: true, target: { clickhouse } })
  })

  it('takes another server whole, without a running one', async ({ expect }) => {
    const settings = await readSettings(
      [
        '--url=http://127.0.0.1:9/',
        '--game=g',
        '--env=e',
        '--write-key=a',
        '--read-key=b',
        '--limit=5',
      ],
      await developmentFile(undefined),
    )
    expect(settings?.target).toEqual({
      url: 'http://127.0.0.1:9',
      gameId: 'g',
      env: 'e',
      writeKey: 'a',
      readKey: 'b',
      clickhouse: null,
    })
    expect(settings?.limit).toBe(5)
  })

  it.for([
    [[], 'run npm start first'],
    [['--url=http://127.0.0.1:9'], '--url needs'],
    [['--limit=0'], 'limit'],
    [['--batch-size=1001'], 'batch-size'],
    [['--concurrency=2.5'], 'concurrency'],
    [['--last-install-day=15.11.2026'], 'last-install-day'],
    [['--round'], '--round'],
  ] as const)('refuses %j without a running server', async ([args, reason], { expect }) => {
    await expect(readSettings(args, await developmentFile(undefined))).rejects.toThrow(reason)
  })

  it('is null when help is asked for', async ({ expect }) => {
    expect(await readSettings(['--help'], await developmentFile(undefined))).toBeNull()
  })
})
