/** The answer of GET /overview. */
import type { Dimension } from '../clickhouse/queries/dimension.ts'
import { eventsTtlDays } from '../clickhouse/queries/events-ttl.ts'
import { userValues } from '../clickhouse/queries/group-values.ts'
import { formatInstant } from '../event/calendar.ts'
import { gameDay, minuteOf } from '../event/game-day.ts'
import { describeError, log } from '../log.ts'
import { OVERVIEW_DEFINITIONS } from './definitions.ts'
import type { LiveBlock, ReadLiveFigures } from './live-figures.ts'
import { readLiveBlock } from './live-figures.ts'
import { askOverviewFacts, hasPayments, splitFacts } from './overview-facts.ts'
import type { OverviewFigures, Telling } from './overview-figures.ts'
import { toOverviewFigures } from './overview-figures.ts'
import type { OverviewQuery } from './parameters.ts'
import type { MissingPart } from './partial.ts'
import { missingEvents, missingMoney, roundedMoney } from './partial.ts'
import type { Asker, Groups, Inquiry } from './question.ts'
import { toGroups, toInquiry } from './question.ts'

export interface OverviewAnswer extends OverviewFigures {
  readonly currency: string
  readonly start: string
  readonly end: string
  readonly time_zone: string
  readonly as_of: string
  readonly groups?: Groups<OverviewFigures>
  readonly live: LiveBlock | null
  readonly partial: readonly MissingPart[]
  readonly definitions: typeof OVERVIEW_DEFINITIONS
}

/**
 * The figures of the range, split if asked, and the live block. When the sketches do not answer, `live` is null
 * and `partial` says so. Throws DatabaseError.
 */
export async function answerOverview(
  query: OverviewQuery,
  asker: Asker,
  readLiveFigures: ReadLiveFigures,
): Promise<OverviewAnswer> {
  const { timeZone, nowMs } = asker
  const inquiry = toInquiry(query, asker)
  const telling = { ...inquiry, timeZone, nowMs, currency: query.currency }
  // The current minute has only just begun; the one before it is complete.
  const present = { day: gameDay(nowMs, timeZone), minute: minuteOf(nowMs) - 1 }
  const [facts, groups, ttlDays, live] = await Promise.all([
    askOverviewFacts(asker.connection, inquiry),
    query.by === null ? undefined : splitOverview(query.by, asker, inquiry, telling),
    eventsTtlDays(asker.connection),
    readLiveBlock(readLiveFigures, present),
  ])
  const { startMs, endMs } = inquiry.question
  const figures = toOverviewFigures(facts, telling)
  const { values = [], other = null } = groups?.answer ?? {}
  return {
    ...figures,
    currency: query.currency,
    start: formatInstant(startMs, timeZone),
    end: formatInstant(endMs, timeZone),
    time_zone: timeZone,
    as_of: formatInstant(nowMs, timeZone),
    ...(groups && { groups: groups.answer }),
    live: live instanceof Error ? null : live,
    partial: [
      ...missingLive(live),
      ...missingEvents(Math.min(startMs, inquiry.windows.mauStartMs), ttlDays, nowMs),
      ...missingMoney('', facts.payments !== null),
      ...missingMoney('groups.', groups?.hasPayments ?? true),
      ...roundedMoney('', [figures]),
      ...roundedMoney('groups.', other === null ? values : [...values, other]),
    ],
    definitions: OVERVIEW_DEFINITIONS,
  }
}

async function splitOverview(
  by: Dimension,
  { connection }: Asker,
  inquiry: Inquiry,
  telling: Telling,
): Promise<{ answer: Groups<OverviewFigures>; hasPayments: boolean }> {
  const found = await userValues(connection, inquiry.question, inquiry.windows, by)
  const values = found.values.map(({ value }) => value)
  const question = { ...inquiry.question, grouping: { dimension: by, values } }
  const facts = await askOverviewFacts(connection, { ...inquiry, question })
  const factsOf = splitFacts(facts)
  const answer = toGroups(by, found, (group) => toOverviewFigures(factsOf(group), telling))
  return { answer, hasPayments: hasPayments(question) }
}

function missingLive(live: LiveBlock | Error): MissingPart[] {
  if (!(live instanceof Error)) return []
  log('warn', 'live figures missing', { reason: describeError(live) })
  return [{ field: 'live', reason: 'the live figures did not answer' }]
}
