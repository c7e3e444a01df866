/** Figures as rows of daily_users, minute_online and daily_online_peak, packed into messages of the events queue. */
import { MESSAGE_CHUNK_BYTES } from '../../configs/limits.ts'
import { concatBytes, toHex } from '../../src/event/bytes.ts'
import { formatDay } from '../../src/event/calendar.ts'
import type { RowTable } from '../../src/event/envelope.ts'
import { encodeEnvelope } from '../../src/event/envelope.ts'
import type { DayFigures, MinuteFigures, Peak } from '../figures.ts'

const MINUTE_MS = 60_000

/** The header of a message beside its rows, with a game id and an environment of the longest kind. */
const HEADER_BYTES = 1_800

/** The game whose figures they are. */
interface Game {
  readonly gameId: string
  readonly env: string
}

/** A peak and its game day. */
export interface DayPeak {
  readonly day: number
  readonly peak: Peak
}

/** Figures that were taken at one time. */
export interface Edition {
  readonly days: readonly Omit<DayFigures, 'onlinePeak'>[]
  readonly minutes: readonly MinuteFigures[]
  readonly peaks: readonly DayPeak[]
  /** Milliseconds since the epoch; of two editions the later one has the larger */
  readonly version: number
}

interface Line {
  readonly table: RowTable
  readonly ndjson: Uint8Array
}

/**
 * The messages that carry an edition: one, unless it exceeds a chunk that the queue bills. None for an edition without
 * figures. A peak without a minute makes no row.
 */
export function packEdition(game: Game, edition: Edition): Uint8Array[] {
  const messages: Uint8Array[] = []
  let lines: Line[] = []
  let bytes = HEADER_BYTES
  for (const line of toLines(game, edition)) {
    if (bytes + line.ndjson.length > MESSAGE_CHUNK_BYTES) {
      messages.push(pack(game, edition.version, lines))
      lines = []
      bytes = HEADER_BYTES
    }
    lines.push(line)
    bytes += line.ndjson.length
  }
  return lines.length === 0 ? messages : [...messages, pack(game, edition.version, lines)]
}

function pack({ gameId, env }: Game, version: number, lines: readonly Line[]): Uint8Array {
  const byTable = Map.groupBy(lines, ({ table }) => table)
  return encodeEnvelope({
    gameId,
    env,
    traceId: toHex(crypto.getRandomValues(new Uint8Array(8))),
    receivedTimeMs: version,
    sections: [...byTable].map(([table, ofTable]) => ({
      table,
      rows: ofTable.length,
      ndjson: concatBytes(ofTable.map(({ ndjson }) => ndjson)),
    })),
    tokens: [],
  })
}

function toLines({ gameId, env }: Game, { days, minutes, peaks, version }: Edition): Line[] {
  const shared = { game_id: gameId, env, version }
  return [
    ...days.map(({ day, dau, newUsers, wau, mau }) =>
      toLine('daily_users', {
        d: formatDay(day),
        ...shared,
        dau: dau.value,
        dau_error: dau.error,
        new_users: newUsers.value,
        new_users_error: newUsers.error,
        wau: wau.value,
        wau_error: wau.error,
        mau: mau.value,
        mau_error: mau.error,
      }),
    ),
    ...minutes.map(({ minute, online, active5m, active15m }) =>
      toLine('minute_online', {
        m: toDateTime(minute),
        ...shared,
        online: online.value,
        online_error: online.error,
        active_5m: active5m.value,
        active_5m_error: active5m.error,
        active_15m: active15m.value,
        active_15m_error: active15m.error,
      }),
    ),
    ...peaks.flatMap(({ day, peak }) =>
      peak.minute === null
        ? []
        : toLine('daily_online_peak', {
            d: formatDay(day),
            ...shared,
            peak: peak.value,
            peak_error: peak.error,
            m: toDateTime(peak.minute),
          }),
    ),
  ]
}

function toLine(table: RowTable, row: Record<string, string | number>): Line {
  return { table, ndjson: new TextEncoder().encode(`${JSON.stringify(row)}\n`) }
}

/** The start of a minute as ClickHouse reads a DateTime('UTC'). */
function toDateTime(minute: number): string {
  const iso = new Date(minute * MINUTE_MS).toISOString()
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}`
}
