import { applyD1Migrations, createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import * as fc from 'fast-check'
import { beforeAll, describe, inject, it } from 'vitest'

import { forgetControlData } from '../../src/access/timed-cache.ts'
import { createApp } from '../../src/app.ts'
import type { AuditAnswer } from '../../src/audit-log/schemas.ts'
import { auditAnswerSchema } from '../../src/audit-log/schemas.ts'
import type { AuditEntry } from '../../src/event/audit.ts'
import { toAuditRow } from '../../src/event/audit.ts'
import { replayAnswerSchema } from '../../src/quarantine/schemas.ts'
import { addGame, answerOf, request, storeRows, waitForRows } from './quarantine-support.ts'
import { userToken } from './support.ts'

const list = (gameId: string, search: Record<string, string> = {}) =>
  answerOf(auditAnswerSchema, gameId, `/api/admin/audit?${new URLSearchParams(search).toString()}`)

const anEntry = (gameId: string, fields: Partial<AuditEntry> = {}): string =>
  toAuditRow({
    timeMs: Date.now() - 1_000,
    gameId,
    env: 'prod',
    actorKind: 'key',
    actorId: 'k_1',
    action: 'events.track',
    target: '',
    status: 202,
    traceId: '0123456789abcdef',
    accepted: 1,
    rejected: 0,
    bytes: 100,
    snapshot: {},
    ...fields,
  })

beforeAll(() => applyD1Migrations(env.CONTROL_DB, inject('d1Migrations')))

describe('GET /api/admin/audit', () => {
  it('tells who replayed what, and a dry run leaves no entry', async ({ expect }) => {
    const game = 'audit-replay'
    await addGame(game)
    for (const body of [{ dry_run: true }, { code: 'unknown_event' }]) {
      await answerOf(replayAnswerSchema, game, '/api/events/rejected/replay', { body })
    }
    await waitForRows(game, 'audit_log', 1)
    const { entries } = await list(game)
    expect(entries).toEqual([
      expect.objectContaining({
        env: 'prod',
        actor_kind: 'admin_key',
        actor_id: 'admin',
        action: 'events.replay',
        status: 200,
        accepted: 0,
        bytes: 24,
        snapshot: '{"code":"string(13)"}',
      }),
    ])
  })

  it('shows entries of the environment and of the whole game, restricted by every filter', async ({
    expect,
  }) => {
    const game = 'audit-filter'
    await addGame(game)
    const at = Date.now() - 3_600_000
    await storeRows('audit_log', [
      anEntry(game, { timeMs: at, traceId: 'a' }),
      anEntry(game, { timeMs: at + 1, traceId: 'b', status: 400, actorId: 'k_2' }),
      anEntry(game, { timeMs: at + 2, traceId: 'c', env: '', action: 'games.update' }),
      anEntry(game, { timeMs: at + 3, traceId: 'd', env: 'staging' }),
      anEntry('audit-other', { timeMs: at + 4, traceId: 'e' }),
      anEntry(game, { timeMs: at - 8 * 86_400_000, traceId: 'f' }),
    ])
    const traces = async (search: Record<string, string>) =>
      (await list(game, search)).entries.map((entry) => entry.trace_id)
    expect(await traces({})).toEqual(['c', 'b', 'a'])
    expect(await traces({ actor: 'k_2' })).toEqual(['b'])
    expect(await traces({ action: 'games.update' })).toEqual(['c'])
    expect(await traces({ status: '400' })).toEqual(['b'])
    const [start, end] = [1, 2].map((ms) => new Date(at + ms).toISOString())
    expect(await traces({ start: start ?? '', end: end ?? '' })).toEqual(['b'])
    expect(await traces({ start: new Date(at - 9 * 86_400_000).toISOString() })).toContain('f')
    expect(await traces({ actor: 'k_2', status: '202' })).toEqual([])
  })

  it('shows an archived game, and only to whom it was open', async ({ expect }) => {
    const game = 'audit-archived'
    await addGame(game)
    await storeRows('audit_log', [anEntry(game, { traceId: 'before' })])
    await env.CONTROL_DB.prepare('UPDATE games SET archived_time = created_time WHERE game_id = ?')
      .bind(game)
      .run()
    forgetControlData()
    const { entries } = await list(game)
    expect(entries.map((entry) => entry.trace_id)).toEqual(['before'])
    const rejected = await request(game, '/api/events/rejected')
    expect(await rejected.json()).toMatchObject({ status: 403, code: 'forbidden' })
  })

  it('shows calls about no game where none is named, to those who are limited to none', async ({
    expect,
  }) => {
    await addGame('audit-none')
    await storeRows('audit_log', [
      anEntry('', { traceId: 'about-none', env: '', action: 'users.create', actorId: 'root' }),
      anEntry('audit-none', { traceId: 'about-one', actorId: 'root' }),
    ])
    const ask = (token: string) =>
      createApp().request(
        '/api/admin/audit?actor=root',
        { headers: { Authorization: `Bearer ${token}` } },
        env,
        createExecutionContext(),
      )
    const { entries } = auditAnswerSchema.parse(await (await ask(env.ADMIN_KEY)).json())
    expect(entries.map((entry) => entry.trace_id)).toEqual(['about-none'])
    const limited = await ask(await userToken('operator', ['audit-none']))
    expect(await limited.json()).toMatchObject({ status: 403, code: 'forbidden' })
  })

  it('pages through everything, with nothing twice', async ({ expect }) => {
    const entry = fc.record({
      timeMs: fc.integer({ min: 0, max: 2 }),
      traceId: fc.constantFrom('a', 'b'),
      action: fc.constantFrom('keys.create', 'keys.revoke'),
      target: fc.constantFrom('', 'k_1', 'ключ'),
      status: fc.constantFrom(201, 503),
      env: fc.constantFrom('', 'prod'),
    })
    const nameOf = (fields: Record<string, unknown>) =>
      ['traceId', 'action', 'target', 'status', 'env'].map((name) => fields[name]).join(' ')
    const at = Date.now() - 3_600_000
    let games = 0
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(entry, {
          selector: (fields) => `${fields.timeMs} ${nameOf(fields)}`,
          minLength: 1,
          maxLength: 12,
        }),
        fc.integer({ min: 1, max: 13 }),
        async (fields, limit) => {
          const game = `audit-pages-${(games += 1)}`
          await addGame(game)
          const rows = fields.map((each) => anEntry(game, { ...each, timeMs: at + each.timeMs }))
          // A message that is delivered once more stores its rows again.
          await storeRows('audit_log', rows)
          await storeRows('audit_log', rows)
          const seen = (await allPages(game, limit)).map(
            ({ time, trace_id: traceId, action, target, status, env: entryEnv }) =>
              `${Date.parse(time) - at} ${nameOf({ traceId, action, target, status, env: entryEnv })}`,
          )
          expect(seen.toSorted()).toEqual(
            fields.map((each) => `${each.timeMs} ${nameOf(each)}`).toSorted(),
          )
          const times = seen.map((name) => Number(name[0]))
          expect(times).toEqual(times.toSorted((a, b) => b - a))
        },
      ),
      { numRuns: 15 },
    )
  })

  it('names the parameter that cannot be used', async ({ expect }) => {
    await addGame('audit-parameter')
    const response = await request('audit-parameter', '/api/admin/audit?status=ok')
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      code: 'invalid_parameter',
      detail: 'status: expected a whole number from 100 to 599',
    })
  })
})

async function allPages(game: string, limit: number): Promise<AuditAnswer['entries']> {
  const entries: AuditAnswer['entries'] = []
  let cursor: string | null = ''
  for (let page = 0; cursor !== null && page < 20; page += 1) {
    const answer: AuditAnswer = await list(game, {
      limit: String(limit),
      ...(cursor !== '' && { cursor }),
    })
    entries.push(...answer.entries)
    cursor = answer.next_cursor
  }
  return entries
}
