/**
 * What `npm start` and `npm run create-game` promise beyond running: no silent loss at the end, no time zone
 * that changes under a game, and a way out when the schema of the built-in ClickHouse was edited.
 */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import fc from 'fast-check'
import { describe, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'

import { runSql } from '../../scripts/database/run-sql.ts'
import { startClickHouse } from '../../scripts/local/clickhouse.ts'
import { newKeys, workerDataDir } from '../../scripts/local/control-database.ts'
import { DeferredMessages } from '../../scripts/local/deferred-messages.ts'
import { freePort, portOf } from '../../scripts/local/free-port.ts'
import { type Stack, startStack } from '../../scripts/local/stack.ts'
import { PROJECT_ROOT, runWrangler } from '../../scripts/local/wrangler.ts'
import { migrate } from '../../scripts/migrate.ts'
import { retryDelaySeconds } from '../../src/consume/retry.ts'

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'local-stack-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

function newGame(timeZone: string, name = 'A game') {
  return { gameId: 'game', env: 'prod', name, timeZone, ...newKeys() }
}
type TestGame = ReturnType<typeof newGame>

describe('stopping', () => {
  it('right after an outage waits for events that wait for another attempt', async ({ expect }) => {
    const dataDir = await temporaryDirectory()
    const game = newGame('UTC')
    const lines: string[] = []
    const stack = await startStack({ dataDir, games: [game], log: (line) => lines.push(line) })
    await stack.clickhouseServer?.kill()
    await sendOneEvent(stack, game)
    await vi.waitFor(
      () => expect(workerLog(dataDir)).toMatch(/"message":"consumed".*"deferred":1/),
      {
        timeout: 30_000,
      },
    )
    await stack.restartClickHouse()
    await stack.stop()
    expect(lines.filter((line) => line.includes('giving up'))).toEqual([])
    expect(await storedEvents(dataDir)).toBe(1)
  })

  it('without ClickHouse says that acknowledged events may be lost', async ({ expect }) => {
    const dataDir = await temporaryDirectory()
    const lines: string[] = []
    const stack = await startStack({ dataDir, games: [], log: (line) => lines.push(line) })
    await stack.clickhouseServer?.kill()
    await stack.stop()
    expect(lines.at(-1)).toMatch(/^giving up: ClickHouse does not answer\. Acknowledged events may/)
  })
})

async function sendOneEvent(stack: Stack, { writeKey }: TestGame): Promise<void> {
  const response = await fetch(`${stack.url}/api/events/track`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${writeKey}`, 'X-Game-ID': 'game', 'X-Env': 'prod' },
    body: JSON.stringify({
      event: 'session.start',
      user_id: 'u',
      session_id: 's',
      platform: 'ios',
      event_time: new Date().toISOString(),
    }),
  })
  if (response.status !== 202) throw new Error(await response.text())
}

function workerLog(dataDir: string): string {
  return readFileSync(join(dataDir, 'worker.log'), 'utf8')
}

/** Of a stack that has ended. */
async function storedEvents(dataDir: string): Promise<number> {
  const server = await startClickHouse({ dataDir: join(dataDir, 'clickhouse') })
  try {
    const connection = { url: server.url, user: 'default', password: '', database: 'analytics' }
    return Number(await runSql(connection, 'SELECT count() FROM events'))
  } finally {
    await server.stop()
  }
}

describe('DeferredMessages', () => {
  const consumed = (deferred: number, durationMs = 0): string =>
    JSON.stringify({ message: 'consumed', messages: 9, deferred, duration_ms: durationMs })

  it('knows of none before the first deferral, whatever else the log says', ({ expect }) => {
    const messages = new DeferredMessages()
    for (const line of ['', 'Ready on http://127.0.0.1:1', '{"message"', 'null', consumed(0)]) {
      messages.note(line, 1)
    }
    expect(messages.mayWait(1)).toBe(false)
  })

  it('reads a deferral inside the colours of the dev server', ({ expect }) => {
    const messages = new DeferredMessages()
    messages.note(`\u001B[33m▲ \u001B[43;33m[WARNING]\u001B[0m ${consumed(1)}\u001B[0m`, 5)
    expect(messages.mayWait(5)).toBe(true)
  })

  it('takes a dead letter that was not kept for a message that waits', ({ expect }) => {
    const messages = new DeferredMessages()
    messages.note('{"level":"error","message":"dead letter not kept yet"}', 5)
    expect(messages.mayWait(5)).toBe(true)
  })

  it('never misses a message that waits, however long the outage and whatever the jitter', ({
    expect,
  }) => {
    const outage = fc.integer({ min: 0, max: 100_000 })
    const arrivals = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
      minLength: 1,
      maxLength: 20,
    })
    const jitter = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))
    fc.assert(
      fc.property(outage, arrivals, jitter, (outageSeconds, shares, randoms) => {
        const waits = shares.flatMap((share) =>
          waitsOf(share * outageSeconds, outageSeconds, () => Number(randoms.next().value)),
        )
        const messages = new DeferredMessages()
        const byTime = waits.toSorted((a, b) => a.fromMs - b.fromMs)
        for (const { fromMs } of byTime) messages.note(consumed(1), fromMs)
        const lastMs = Math.max(0, ...waits.map(({ untilMs }) => untilMs))
        expect(waits.length === 0 || messages.mayWait(lastMs)).toBe(true)
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  it('is sure again some time after the last deferral', ({ expect }) => {
    const messages = new DeferredMessages()
    messages.note(consumed(3), 1_000)
    messages.note(consumed(1), 5_000)
    expect(messages.mayWait(22_000)).toBe(true)
    expect(messages.mayWait(30_000)).toBe(false)
    messages.note(consumed(1), 90_000)
    expect(messages.mayWait(101_000)).toBe(false)
  })

  it('counts a batch that began while messages waited to the same outage', ({ expect }) => {
    const messages = new DeferredMessages()
    messages.note(consumed(1), 0)
    messages.note(consumed(1, 30_000), 32_000)
    expect(messages.mayWait(90_000)).toBe(true)
  })
})

interface Wait {
  readonly fromMs: number
  readonly untilMs: number
}

/** The waits of a message that arrives in an outage, all of them until it is stored. */
function waitsOf(arrivalSeconds: number, outageSeconds: number, random: () => number): Wait[] {
  const waits: Wait[] = []
  let nowSeconds = arrivalSeconds
  for (let attempt = 1; nowSeconds < outageSeconds; attempt += 1) {
    const untilSeconds = nowSeconds + retryDelaySeconds(attempt, random())
    waits.push({ fromMs: nowSeconds * 1_000, untilMs: untilSeconds * 1_000 })
    nowSeconds = untilSeconds
  }
  return waits
}

describe('starting', () => {
  it('on an edited schema says how to start from nothing', async ({ expect }) => {
    const dataDir = await temporaryDirectory()
    const server = await startClickHouse({ dataDir: join(dataDir, 'clickhouse') })
    const connection = { url: server.url, user: 'default', password: '', database: 'analytics' }
    await migrate(connection, () => undefined)
    await runSql(
      connection,
      "INSERT INTO schema_migrations (version, name, checksum) VALUES (1, '001_events.sql', 'other')",
    )
    await server.stop()
    await expect(startStack({ dataDir, games: [], log: () => undefined })).rejects.toThrow(
      /^001_events\.sql was edited after .* into a new file, or remove .* to start from nothing$/,
    )
  })

  it('with a taken port says which one it uses', async ({ expect }) => {
    const dataDir = await temporaryDirectory()
    const other = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void other.close())
    await once(other, 'listening')
    const port = portOf(other)
    const lines: string[] = []
    const stack = await startStack({ dataDir, port, games: [], log: (line) => lines.push(line) })
    await stack.stop()
    expect(lines).toContain(`${port} is taken, using ${new URL(stack.url).port}`)
  })
})

describe('create-game', () => {
  const command = async (...args: string[]) =>
    promisify(execFile)(process.execPath, ['scripts/create-game.ts', ...args], {
      cwd: PROJECT_ROOT,
    })

  it('refuses another time zone, names the stored one and saves nothing', async ({ expect }) => {
    const dataDir = await temporaryDirectory()
    const create = (name: string, zone: string) => {
      const game = ['--game=game', '--env=prod', `--name=${name}`, `--time-zone=${zone}`]
      return command(...game, `--data-dir=${dataDir}`)
    }
    const { stdout } = await create('First', 'Europe/Berlin')
    expect(stdout).toMatch(/^write key {2}cw_[0-9a-f]{32} {2}\(id k_[0-9a-f]{16}\)$/m)
    expect(stdout).toMatch(/^server key cs_[0-9a-f]{32} {2}\(id k_[0-9a-f]{16}\)$/m)
    expect(stdout).toMatch(/^signing {4}[A-Za-z0-9_-]{43} {2}/m)
    const failure: unknown = await create('Second', 'UTC').catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('The game game counts its days in Europe/Berlin; in UTC '),
    })
    expect(await controlData(dataDir)).toEqual({ name: 'First', keys: 3 })
    expect((await create('Third', 'Europe/Berlin')).stdout).toContain('game (Third)')
    expect(await controlData(dataDir)).toEqual({ name: 'Third', keys: 6 })
  })

  it('prints its usage when asked for help', async ({ expect }) => {
    const { stdout } = await command('--help')
    expect(stdout).toContain('npm run create-game -- --game ID --env ENV --name NAME --time-zone')
  })
})

/** The name of the only game, and how many keys there are. */
async function controlData(dataDir: string): Promise<unknown> {
  const place = ['--local', '--persist-to', workerDataDir(dataDir)]
  const sql = 'SELECT name, (SELECT count(*) FROM keys) AS keys FROM games'
  const output = await runWrangler([
    'd1',
    'execute',
    'CONTROL_DB',
    ...place,
    '--json',
    '--command',
    sql,
  ])
  const schema = z.tuple([z.object({ results: z.tuple([z.unknown()]) })])
  return schema.parse(JSON.parse(output))[0].results[0]
}

describe('npm run replay', () => {
  it('fails at once when no server runs', async ({ expect }) => {
    const url = `http://127.0.0.1:${await freePort()}`
    const names = ['--game=g', '--env=e', '--write-key=w', '--read-key=r']
    const failure: unknown = await promisify(execFile)(
      process.execPath,
      ['scripts/replay.ts', `--url=${url}`, ...names],
      { cwd: PROJECT_ROOT, timeout: 30_000 },
    ).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 1, stdout: '' })
    expect(failure).toHaveProperty(
      'stderr',
      expect.stringMatching(/ECONNREFUSED.*is npm start running\?/),
    )
  })
})
