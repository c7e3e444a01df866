/** Lines of the audit log on their way to ClickHouse: through the queue, like everything else. */
import { configOf } from './config.ts'
import type { AuditEntry } from './event/audit.ts'
import { toAuditRow } from './event/audit.ts'
import type { Envelope } from './event/envelope.ts'
import { encodeEnvelope } from './event/envelope.ts'
import { createEventQueue } from './queue/create-event-queue.ts'

/** Stands in the message for a game and an environment; the rows carry their own, which may be none. */
const AUDIT_SCOPE = { gameId: '_audit', env: '_audit' } as const

/**
 * Puts the entries of one request on the queue, in one message. Once it resolves they are on disk, unless
 * ANALYTICS_MQ_TYPE is noop; rejects when they may not be.
 */
export async function sendAudit(env: Env, entries: readonly AuditEntry[]): Promise<void> {
  const [first] = entries
  if (first === undefined) return
  const { traceId, timeMs: receivedTimeMs } = first
  await sendAuditRows(env, entries.map(toAuditRow), { traceId, receivedTimeMs })
}

/** The same for lines of toAuditRow; together they fit into one message. */
export async function sendAuditRows(
  env: Env,
  rows: readonly string[],
  request: Pick<Envelope, 'traceId' | 'receivedTimeMs'>,
): Promise<void> {
  const ndjson = new TextEncoder().encode(rows.join(''))
  const message = encodeEnvelope({
    ...AUDIT_SCOPE,
    ...request,
    sections: [{ table: 'audit_log', rows: rows.length, ndjson }],
    tokens: [],
  })
  await createEventQueue(configOf(env).queueType, env.EVENTS_QUEUE).send([message])
}
