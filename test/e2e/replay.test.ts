/**
 * The replay command against the whole system: the numbers of a real game come out exactly, a second replay
 * changes none of them, and a database that is killed in the middle loses and repeats nothing.
 * The system is one of its own, because a test kills a part of it.
 */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { afterAll, beforeAll, describe, it } from 'vitest'
import { z } from 'zod'

import { runSql } from '../../scripts/database/run-sql.ts'
import { newKeys } from '../../scripts/local/control-database.ts'
import { type Stack, startStack } from '../../scripts/local/stack.ts'
import { PROJECT_ROOT } from '../../scripts/local/wrangler.ts'
import { DAY_MS, INSTALL_DAYS, readPlayers } from '../../scripts/replay/cookie-cats.ts'
import { dateOf, newestLastInstallDay } from '../../scripts/replay/days.ts'

const LAST_INSTALL_DAY = newestLastInstallDay(Date.now())
const DAYS = {
  start: dateOf(Date.parse(LAST_INSTALL_DAY) - (INSTALL_DAYS - 1) * DAY_MS),
  end: dateOf(Date.parse(LAST_INSTALL_DAY) + DAY_MS),
}

const FIGURES_OF_THE_FILE = {
  overview: {
    new_users: 90_189,
    active_users: 90_189,
    d1: (100 * 40_153) / 90_189,
    d7: (100 * 16_781) / 90_189,
  },
  retention: {
    totals: {
      size: 90_189,
      size_d1: 90_189,
      retained_d1: 40_153,
      size_d7: 90_189,
      retained_d7: 16_781,
    },
    groups: {
      values: [
        { value: 'gate_40', totals: { size: 45_489, retained_d1: 20_119, retained_d7: 8_279 } },
        { value: 'gate_30', totals: { size: 44_700, retained_d1: 20_034, retained_d7: 8_502 } },
      ],
    },
  },
}
const EVENTS_OF_THE_FILE = { 'user.register': 90_189, 'session.start': 90_189 + 40_153 + 16_781 }

/** Each replay has a game of its own: the comparison is about everything that a game holds. */
const whole = newGame('whole')
const few = newGame('few')
type TestGame = ReturnType<typeof newGame>

function newGame(gameId: string) {
  return { gameId, env: 'prod', name: gameId, timeZone: 'UTC', ...newKeys() }
}

let dataDir: string
let stack: Stack

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'replay-'))
  stack = await startStack({ dataDir, games: [whole, few], log: () => {} })
})

afterAll(async () => {
  await stack.stop()
  await rm(dataDir, { recursive: true, force: true })
})

describe('npm run replay', () => {
  it(
    'stores every acknowledged event once when ClickHouse is killed on the way',
    { timeout: 240_000 },
    async ({ expect }) => {
      const sender = startReplay(whole)
      const output = Promise.all([text(sender.stdout), ended(sender)])
      await progressBeyond(sender, 1)
      await stack.clickhouseServer?.kill()
      const acknowledged = await progressBeyond(sender, 1)
      await progressBeyond(sender, acknowledged)
      await stack.restartClickHouse()
      const [printed, code] = await output
      expect(code, printed).toBe(0)
      expect(printed).toContain('sent 237,312, accepted 237,312, rejected 0')
      expect(await eventsOf(whole)).toEqual(EVENTS_OF_THE_FILE)
      expect(await figuresOf(whole)).toMatchObject(FIGURES_OF_THE_FILE)
    },
  )

  it('a second time changes no number', { timeout: 240_000 }, async ({ expect }) => {
    const before = await figuresOf(whole)
    expect(before).toMatchObject(FIGURES_OF_THE_FILE)
    const { code, output } = await replay(whole)
    expect(code, output).toBe(0)
    expect(output).toContain('sent 237,312, accepted 237,312, rejected 0')
    expect(await figuresOf(whole)).toEqual(before)
    expect(await eventsOf(whole)).toEqual(EVENTS_OF_THE_FILE)
  })

  it(
    'with rounds stores as many as the file says were played',
    { timeout: 240_000 },
    async ({ expect }) => {
      const players = await readPlayers(
        new URL('../../data/cookie-cats.csv.gz', import.meta.url),
        500,
      )
      const rounds = players.reduce((sum, player) => sum + player.rounds, 0)
      const { code, output } = await replay(few, '--rounds', '--limit=500')
      expect(code, output).toBe(0)
      expect(await eventsOf(few)).toMatchObject({ 'progression.complete': rounds })
    },
  )
})

type Sender = ReturnType<typeof startReplay>

function startReplay(game: TestGame, ...options: string[]) {
  const target = [
    `--url=${stack.url}`,
    `--game=${game.gameId}`,
    `--env=${game.env}`,
    `--write-key=${game.writeKey}`,
    `--read-key=${game.readKey}`,
    `--last-install-day=${LAST_INSTALL_DAY}`,
  ]
  return spawn(process.execPath, ['scripts/replay.ts', ...target, ...options], {
    cwd: PROJECT_ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CLICKHOUSE_DSN: '', CLICKHOUSE_URL: stack.clickhouse.url },
  })
}

async function replay(game: TestGame, ...options: string[]) {
  const sender = startReplay(game, ...options)
  const [output, errors, code] = await Promise.all([
    text(sender.stdout),
    text(sender.stderr),
    ended(sender),
  ])
  return { code, output: `${output}\n${errors}` }
}

async function ended(child: ChildProcess): Promise<unknown> {
  const [code]: unknown[] = await once(child, 'exit')
  return code
}

/** Resolves with the number of sent events once the sender has printed one of at least `events`. */
async function progressBeyond(sender: Sender, events: number): Promise<number> {
  for await (const chunk of sender.stderr.iterator({ destroyOnReturn: false })) {
    const line = /sending: ([\d,]+) of/.exec(String(chunk))?.[1]
    const sent = Number(line?.replaceAll(',', '') ?? 0)
    if (sent > events) return sent
  }
  throw new Error('the replay ended before its progress was seen')
}

async function figuresOf(game: TestGame) {
  const [overview, retention] = await Promise.all([
    ask(game, 'overview', {}),
    ask(game, 'retention', { by: 'props.variant' }),
  ])
  return { overview, retention }
}

/** An answer without what depends on the moment of asking. */
async function ask(game: TestGame, path: string, parameters: Record<string, string>) {
  const search = new URLSearchParams({ ...DAYS, ...parameters })
  const response = await fetch(`${stack.url}/api/analytics/${path}?${search.toString()}`, {
    headers: { Authorization: `Bearer ${game.readKey}` },
  })
  const answer = z.record(z.string(), z.unknown()).parse(await response.json())
  return { ...answer, as_of: null, live: null }
}

/** Stored events by name; a row that merges would remove counts once. */
async function eventsOf({ gameId, env }: TestGame): Promise<Record<string, number>> {
  const answer = await runSql(
    stack.clickhouse,
    `SELECT event, count() FROM events FINAL
     WHERE game_id = {game_id:String} AND env = {env:String} GROUP BY event FORMAT TSV`,
    { game_id: gameId, env },
  )
  const lines = answer.trimEnd().split('\n')
  return Object.fromEntries(
    lines.map((line) => {
      const [event = '', count] = line.split('\t')
      return [event, Number(count)]
    }),
  )
}
