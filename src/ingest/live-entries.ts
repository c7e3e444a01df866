/** A judged batch as the live feed shows it: what came in and what became of it. */
import { MAX_LIVE_ENTRIES_PER_POST } from '../../configs/limits.ts'
import { isJsonObject } from '../event/attributes.ts'
import type { GameProfile } from '../event/game-profile.ts'
import type { LiveEntry } from '../event/live-entry.ts'
import { cutPayload } from '../event/live-entry.ts'
import { pseudonymOf } from '../event/pseudonym.ts'
import type { Verdict } from '../event/rejection.ts'
import { parseTime } from '../event/time.ts'
import type { AcceptedBatch } from './accepted-batch.ts'
import type { IngestContext } from './ingest-context.ts'
import { payloadOf, textField } from './rejected-rows.ts'

/** Entries for the last events of a batch, in its order; payloads without secrets, ids as the game wants them. */
export function liveEntries(
  rawEvents: readonly unknown[],
  { verdicts }: AcceptedBatch,
  context: IngestContext,
): LiveEntry[] {
  const byIndex = new Map<number, Verdict>(verdicts.map((verdict) => [verdict.index, verdict]))
  const first = Math.max(0, rawEvents.length - MAX_LIVE_ENTRIES_PER_POST)
  return rawEvents.slice(first).map((raw, offset) => {
    const index = first + offset
    const verdict = byIndex.get(index)
    return {
      time_ms: timeOf(raw),
      received_time_ms: context.receivedTimeMs,
      trace_id: context.traceId,
      index,
      status: verdict?.status ?? 'accepted',
      event: textField(raw, 'event') ?? '',
      event_id: verdict?.event_id ?? textField(raw, 'event_id') ?? '',
      user_id: userOf(raw, context.game),
      code: verdict?.code ?? '',
      pointer: verdict?.pointer ?? '',
      detail: verdict?.detail ?? '',
      advice: verdict?.advice ?? '',
      payload: cutPayload(payloadOf(raw, context).text),
    }
  })
}

/** What the client said, in milliseconds since the epoch; null when it cannot be read. */
function timeOf(raw: unknown): number | null {
  return isJsonObject(raw) ? parseTime(raw['event_time'] ?? raw['ts']) : null
}

function userOf(raw: unknown, { pseudonymKey }: GameProfile): string {
  const userId = textField(raw, 'user_id') ?? ''
  return pseudonymKey === null || userId === '' ? userId : pseudonymOf(pseudonymKey, userId)
}
