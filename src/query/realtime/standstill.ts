/** Whether users still arrive where they are counted: a zero of a pipeline that stands still is none of the game. Pure. */
import type { RealtimeFigures } from '../../../durable/figures.ts'
import { formatInstant } from '../../event/calendar.ts'
import type { Present } from '../parameters.ts'
import type { MissingPart } from '../partial.ts'
import { missing } from './missing.ts'

/** Clients flush every 20 to 60 s and the queue takes seconds: a game that is played is heard of more often. */
const SILENT_MS = 2 * 60_000

/** When the sketches last took users; null when they do not know. */
export function countedUntil(
  { lastTokensMs }: Pick<RealtimeFigures, 'lastTokensMs'>,
  timeZone: string,
): string | null {
  return isKnown(lastTokensMs) ? formatInstant(lastTokensMs, timeZone) : null
}

/** Says that nothing has arrived for two minutes, where there ever was anything. */
export function standstill(figures: RealtimeFigures, { timeZone, nowMs }: Present): MissingPart[] {
  const { lastTokensMs } = figures
  if (isKnown(lastTokensMs) && nowMs - lastTokensMs <= SILENT_MS) return []
  if (!isKnown(lastTokensMs) && !hasFigures(figures)) return []
  // Without the age, which would be another one with every answer.
  const since = countedUntil(figures, timeZone) ?? 'the live figures were restarted'
  const reason = `nothing has arrived since ${since}: nobody plays, or tokens do not arrive`
  return missing(['counted_until'], reason)
}

/** An object that runs the build before this one tells nothing. */
function isKnown(lastTokensMs: number | null | undefined): lastTokensMs is number {
  return typeof lastTokensMs === 'number'
}

function hasFigures({ day, minute, registeredTotal, onlinePeakAllTime }: RealtimeFigures): boolean {
  return [day.mau, minute.active15m, registeredTotal, onlinePeakAllTime].some(
    ({ value }) => value > 0,
  )
}
