/**
 * Which days a replay is about. Decided once and remembered beside the data, because a replay on another
 * day that moved the events along would be new events and change every number.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'

import { z } from 'zod'

import { MAX_EVENT_AGE_MS } from '../../configs/limits.ts'
import { DAY_MS, INSTALL_DAYS, REPLAY_DAYS } from './cookie-cats.ts'

const anchorSchema = z.strictObject({ last_install_day: z.iso.date() })

/** A replay of a million events takes minutes; none may grow too old on the way. */
const MARGIN_MS = 3_600_000

/** The last install day that a first replay chooses: day 7 of its players was yesterday, in UTC. */
export function newestLastInstallDay(nowMs: number): string {
  return dateOf(nowMs - (REPLAY_DAYS - INSTALL_DAYS + 1) * DAY_MS)
}

/**
 * The start of the first install day in UTC, in milliseconds since the epoch. Throws when an event would lie
 * in the future, or so far back that ingest refuses it.
 */
export function firstInstallDayMs(lastInstallDay: string, nowMs: number): number {
  const lastDayMs = Date.parse(`${lastInstallDay}T00:00:00Z`)
  if (Number.isNaN(lastDayMs)) throw new Error(`${lastInstallDay} is not a date (YYYY-MM-DD)`)
  const newest = newestLastInstallDay(nowMs)
  if (lastInstallDay > newest) {
    throw new Error(
      `with ${lastInstallDay} as the last install day some players' day 7 is not over; ${newest} is the newest that works`,
    )
  }
  const firstDayMs = lastDayMs - (INSTALL_DAYS - 1) * DAY_MS
  if (firstDayMs < nowMs - MAX_EVENT_AGE_MS + MARGIN_MS) {
    throw new Error(
      `the replay begins on ${dateOf(firstDayMs)}, and ingest refuses events that are older than ` +
        `${MAX_EVENT_AGE_MS / DAY_MS} days. Numbers that are stored stay as they are; for another replay ` +
        'start with new data (remove .data/) or name --last-install-day and a game without data.',
    )
  }
  return firstDayMs
}

/** The last install day that the first replay wrote to `file`, written now if this is the first. */
export async function rememberedLastInstallDay(file: URL, nowMs: number): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  })
  if (text !== null) return anchorSchema.parse(JSON.parse(text)).last_install_day
  const anchor: z.input<typeof anchorSchema> = { last_install_day: newestLastInstallDay(nowMs) }
  await mkdir(new URL('.', file), { recursive: true })
  await writeFile(file, `${JSON.stringify(anchor)}\n`)
  return anchor.last_install_day
}

/** YYYY-MM-DD in UTC. */
export function dateOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10)
}
