/** GET /healthz: what was checked, and how it went. 200 when everything answers, 503 otherwise. */
import { Hono } from 'hono'
import { z } from 'zod'

import type { AppEnv } from './app-env.ts'
import { ask } from './clickhouse/reader.ts'
import { configOf } from './config.ts'
import { within } from './deadline.ts'
import { describeError, log } from './log.ts'

/** A part that needs longer than this is as good as down for the person who is paged. */
const DEADLINE_MS = 3_000

interface Check {
  readonly ok: boolean
  readonly latency_ms: number
  readonly [detail: string]: unknown
}

/** Routes under /healthz; no key, no secret and no figure of any game. */
export function healthRoutes(): Hono<AppEnv> {
  return new Hono<AppEnv>().get('/', async (c) => {
    const { env } = c
    const [clickhouse, control, queue] = await Promise.all([
      check('clickhouse', async () => {
        const sql = 'SELECT max(version) AS schema_version FROM schema_migrations'
        const row = z.object({ schema_version: z.int().positive() })
        const [answer] = await ask(configOf(env).clickhouse, { sql, params: {}, row })
        return { ...answer }
      }),
      check('control_db', async () => {
        await env.CONTROL_DB.prepare('SELECT 1 FROM games LIMIT 1').first()
        return {}
      }),
      check('queue', async () => ({
        type: configOf(env).queueType,
        backlog: (await env.EVENTS_QUEUE.metrics()).backlogCount,
        dead_letters: (await env.DEAD_LETTER_QUEUE.metrics()).backlogCount,
      })),
    ])
    const checks = { clickhouse, control_db: control, queue }
    const ok = Object.values(checks).every((result) => result.ok)
    return c.json({ status: ok ? 'ok' : 'failing', checks }, ok ? 200 : 503)
  })
}

/** The reason goes to the log; callers without a key learn only that the part does not answer. */
async function check(name: string, run: () => Promise<Record<string, unknown>>): Promise<Check> {
  const startMs = Date.now()
  try {
    const details = await within(DEADLINE_MS, run())
    return { ok: true, latency_ms: Date.now() - startMs, ...details }
  } catch (error) {
    log('error', 'health check failed', { check: name, error: describeError(error) })
    return { ok: false, latency_ms: Date.now() - startMs }
  }
}
