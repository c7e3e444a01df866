/** What was put aside: the rows that the database refuses and the messages that came too often, and nothing else. */
import { z } from 'zod'

import type { ClickHouseConnection } from '../../src/clickhouse/connection.ts'
import { request } from '../../src/clickhouse/request.ts'
import { runSql } from '../database/run-sql.ts'
import type { Findings } from './compare-tables.ts'
import type { Oracle } from './oracle.ts'
import type { ChaosStack } from './stack.ts'

const letterSchema = z.object({
  dead_letter_id: z.string(),
  reason: z.string(),
  game_id: z.string(),
  target: z.string(),
  encoding: z.string(),
  payload: z.string(),
})
type Letter = z.infer<typeof letterSchema>

const rowSchema = z.object({ props_json: z.string() })
const propsSchema = z.object({ mark: z.string() })
const INSERT_DEADLINE_MS = 30_000

async function letters(connection: ClickHouseConnection): Promise<Letter[]> {
  const columns = Object.keys(letterSchema.shape).join(', ')
  const text = await runSql(
    connection,
    `SELECT ${columns} FROM dead_letters FINAL FORMAT JSONEachRow`,
  )
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => letterSchema.parse(JSON.parse(line)))
}

/** Compares the letters with what must have been put aside; resolves to their number. */
export async function compareDeadLetters(
  stack: ChaosStack,
  oracle: Oracle,
  findings: Findings,
): Promise<number> {
  const all = await letters(stack.connection)
  const { exhausted } = await stack.control()
  const whole = all.filter(({ encoding }) => encoding === 'base64')
  if (whole.length !== exhausted || whole.some(({ reason }) => reason !== 'message_not_stored')) {
    findings.wrong.push(
      `dead_letters: ${whole.length} whole messages, ${exhausted} came too often: ` +
        [...new Set(whole.map(({ reason }) => reason))].join(', '),
    )
  }
  for (const letter of all) {
    if (letter.encoding === 'base64') continue
    const { mark } = propsSchema.parse(
      JSON.parse(rowSchema.parse(JSON.parse(letter.payload)).props_json),
    )
    if (oracle.games.get(letter.game_id)?.events.get(mark)?.isPoison !== true) {
      findings.wrong.push(`dead_letters: the good row ${mark} was put aside`)
    }
  }
  return all.length
}

/**
 * As an operator would: rows are inserted again, messages are sent to the queue again as they are. Letters in `done` are
 * passed over, the others added to it; resolves to their number.
 */
export async function replayDeadLetters(stack: ChaosStack, done: Set<string>): Promise<number> {
  stack.proxy.refusesPoison = false
  const all = (await letters(stack.connection)).filter(({ dead_letter_id: id }) => !done.has(id))
  for (const { dead_letter_id: id } of all) done.add(id)
  const rows = all.filter(({ encoding, target }) => encoding === 'ndjson' && target === 'events')
  if (rows.length > 0) {
    const reply = await request(stack.connection, {
      parameters: {
        query: 'INSERT INTO events FORMAT JSONEachRow',
        date_time_input_format: 'best_effort',
        async_insert: '0',
      },
      body: rows.map(({ payload }) => payload).join('\n'),
      deadlineMs: INSERT_DEADLINE_MS,
    })
    if (reply.status !== 200) throw new Error(`the replay of dead letters failed: ${reply.text}`)
  }
  for (const { encoding, payload } of all) {
    if (encoding === 'base64')
      await stack.control('', Uint8Array.from(Buffer.from(payload, 'base64')))
  }
  return all.length
}
