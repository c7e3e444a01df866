/** Figures of the sketches on their way into the tables of aggregates. */
import { env } from 'cloudflare:workers'
import { describe, it, vi } from 'vitest'
import { z } from 'zod'

import { ask } from '../../src/clickhouse/reader.ts'
import { configOf } from '../../src/config.ts'
import { consume, rowsMessage } from './aggregates-support.ts'
import { countRows } from './support.ts'

describe('figures of the sketches', () => {
  const users = (gameId: string, dau: number, version: number) =>
    rowsMessage(gameId, 'daily_users', [
      { d: '2026-11-20', dau, dau_error: 1, new_users: 2, wau: 3, mau: 4, version },
    ])

  const dauOf = async (gameId: string) => {
    const rows = await ask(configOf(env).clickhouse, {
      sql: `SELECT dau FROM daily_users FINAL WHERE game_id = {gameId:String}`,
      params: { gameId },
      row: z.object({ dau: z.int() }),
    })
    return rows.map(({ dau }) => dau)
  }

  it('are stored in all their tables, by one message', async ({ expect }) => {
    const encoder = new TextEncoder()
    const scope = { game_id: 'figures', env: 'prod', version: 1 }
    const m = '2026-11-20 10:00:00'
    const section = (
      table: 'daily_users' | 'minute_online' | 'daily_online_peak',
      row: object,
    ) => ({
      table,
      rows: 1,
      ndjson: encoder.encode(`${JSON.stringify({ ...scope, ...row })}\n`),
    })
    const message = rowsMessage('figures', 'events', [], {
      sections: [
        section('daily_users', { d: '2026-11-20', dau: 7, new_users: 3 }),
        section('minute_online', { m, online: 5, active_5m: 6, active_15m: 7 }),
        section('daily_online_peak', { d: '2026-11-20', peak: 5, peak_error: 0, m }),
      ],
    })
    expect(await consume([message, message])).toEqual(['acked', 'acked'])
    const game = { game: 'figures' }
    const stored = (table: string, condition: string) =>
      countRows(table, `game_id = {game:String} AND ${condition}`, game)
    expect(await stored('daily_users', 'dau = 7 AND new_users = 3')).toBe(1)
    expect(await stored('minute_online', 'online = 5 AND active_15m = 7')).toBe(1)
    expect(await stored('daily_online_peak', `peak = 5 AND m = '${m}'`)).toBe(1)
  })

  it('are not doubled by a message that comes twice, nor replaced by an older one', async ({
    expect,
  }) => {
    await consume([users('versions', 10, 2)])
    await consume([users('versions', 10, 2), users('versions', 4, 1)])
    expect(await dauOf('versions')).toEqual([10])
    await consume([users('versions', 4, 1)])
    expect(await dauOf('versions')).toEqual([10])
    await consume([users('versions', 12, 3)])
    await consume([users('versions', 10, 2)])
    expect(await dauOf('versions')).toEqual([12])
  })

  it('are stored beside one that is refused', async ({ expect }) => {
    const row = { new_users: 0, version: 1 }
    const mixed = rowsMessage('figures-poison', 'daily_users', [
      { ...row, d: '2026-11-19', dau: 1 },
      { ...row, d: 'no day', dau: 2 },
      { ...row, d: '2026-11-21', dau: 3 },
    ])
    const outcomes = await consume([mixed, users('figures-beside', 9, 1)])
    expect(outcomes).toEqual(['acked', 'acked'])
    expect(new Set(await dauOf('figures-poison'))).toEqual(new Set([1, 3]))
    expect(await dauOf('figures-beside')).toEqual([9])
    const refused = `game_id = 'figures-poison' AND reason = 'row_refused' AND target = 'daily_users'`
    await vi.waitUntil(async () => (await countRows('dead_letters', refused, {})) === 1, {
      timeout: 20_000,
      interval: 200,
    })
  })
})
