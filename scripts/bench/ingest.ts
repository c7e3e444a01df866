/**
 * `npm run bench:ingest`: what an event costs the Worker, in microseconds of CPU (user and system time of the
 * workerd processes, not wall time), at several batch sizes. `ingest` judges and forgets (ANALYTICS_MQ_TYPE
 * noop); `all` is ingest, queue, consume and sketches, ClickHouse not counted. Bounded in time; stops by itself.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { newKeys } from '../local/control-database.ts'
import { startStack } from '../local/stack.ts'

const BATCH_SIZES = [1, 20, 100, 500]
const ROUNDS = 3
const ROUND_MS = 4_000
const CONNECTIONS = 4
/** Clock ticks of /proc per second; fixed on Linux. */
const TICKS_PER_SECOND = 100

const game = {
  gameId: 'bench',
  env: 'prod',
  name: 'Bench',
  timeZone: 'Europe/Berlin',
  ...newKeys(),
}
const EVENTS = [
  'session.start',
  'progression.start',
  'progression.complete',
  'economy.earn',
] as const

let sent = 0

/** A body like those of game clients: several events of one user, ids of their own, some properties. */
function bodyOf(size: number): string {
  const nowMs = Date.now()
  const events = Array.from({ length: size }, (_, index) => {
    sent += 1
    const user = Math.floor(sent / 20)
    return {
      event: EVENTS[index % EVENTS.length],
      event_id: `00000000-0000-4000-8000-${String(sent).padStart(12, '0')}`,
      event_time: new Date(nowMs - index).toISOString(),
      user_id: `user-${user}`,
      session_id: `session-${user}`,
      device_id: `device-${user}`,
      platform: 'ios',
      country: 'DE',
      channel: 'app_store',
      app_version: '1.2.3',
      props: {
        level_id: `level-${index % 50}`,
        currency: 'gold',
        amount: 25,
        duration_ms: 41_250,
        stars: 3,
      },
    }
  })
  return JSON.stringify({ events, sent_at: nowMs })
}

async function sendFor(url: string, size: number): Promise<number> {
  const untilMs = Date.now() + ROUND_MS
  let events = 0
  const send = async (): Promise<void> => {
    while (Date.now() < untilMs) {
      const response = await fetch(`${url}/api/events/track`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${game.writeKey}`, 'Content-Type': 'application/json' },
        body: bodyOf(size),
      })
      if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`)
      await response.arrayBuffer()
      events += size
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, send))
  return events
}

/** CPU seconds of the workerd processes below a process. */
function cpuSeconds(pid: number): number {
  const listing = execFileSync('ps', ['-e', '-o', 'pid=,ppid=,comm='], { encoding: 'utf8' })
  const rows = listing
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  const family = new Set([String(pid)])
  for (let grown = true; grown;) {
    grown = false
    for (const [child = '', parent = ''] of rows) {
      if (family.has(child) || !family.has(parent)) continue
      family.add(child)
      grown = true
    }
  }
  return rows
    .filter(([child = '', , name]) => family.has(child) && name === 'workerd')
    .reduce((sum, [child = '']) => {
      const fields = readFileSync(`/proc/${child}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
      return sum + (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
    }, 0)
}

/** The smallest of several rounds: what other work on the machine adds is never negative. */
async function measure(vars: Record<string, string>): Promise<Map<number, number>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'croupier-bench-'))
  const stack = await startStack({ dataDir, games: [game], log: () => undefined, vars })
  const cheapest = new Map<number, number>()
  try {
    await sendFor(stack.url, 100)
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const size of BATCH_SIZES) {
        const before = cpuSeconds(stack.worker.pid)
        const events = await sendFor(stack.url, size)
        const micros = ((cpuSeconds(stack.worker.pid) - before) / events) * 1e6
        cheapest.set(size, Math.min(micros, cheapest.get(size) ?? Number.POSITIVE_INFINITY))
      }
    }
  } finally {
    await stack.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  return cheapest
}

const ingest = await measure({ ANALYTICS_MQ_TYPE: 'noop' })
const all = await measure({})
console.table(
  BATCH_SIZES.map((size) => ({
    'events per POST': size,
    'ingest, us per event': Number(ingest.get(size)?.toFixed(1)),
    'all, us per event': Number(all.get(size)?.toFixed(1)),
  })),
)
