/** docs/reference/sketch-day.md: what was simulated in words, and the tables. */
import { format } from 'oxfmt'

import { BATCH_MESSAGES, BATCH_TIMEOUT_MS } from './consumer.ts'
import { EVENTS_PER_BATCH, FLUSH_MS, MEAN_SESSION_MINUTES, NIGHT_SHARE } from './day.ts'
import type { DayResult } from './result.ts'
import {
  costTable,
  dayTable,
  figureTable,
  groupTable,
  loadTable,
  scaleTable,
  storedTable,
} from './tables.ts'

const HEAD = `# A day of the sketches

<!-- Written by node scripts/simulate/sketch-day.ts --write; the text is in scripts/simulate/sketch-day/page.ts. -->

A simulated day of games with different numbers of players at the peak. The objects are of the deployed class, in the
real runtime with its SQLite, called as the consumer calls them; only the clock is set by the simulation. Rows are
counted by the cursors of the storage, alarms by the calls that set and delete them.

- Sessions last ${MEAN_SESSION_MINUTES} minutes on average (exponential). The players online follow a cosine
  over the day, down to ${NIGHT_SHARE} of the peak at 06:00. Users start several sessions a day; one in twenty is new.
- A client sends a batch every ${FLUSH_MS / 1_000} seconds, ${EVENTS_PER_BATCH} events each: what counts is the start
  of the session, a registration and one heartbeat a minute. A queue batch has ${BATCH_MESSAGES} of them or gathers for
  ${BATCH_TIMEOUT_MS / 1_000} seconds, and makes one call, after a delay that lets calls overtake each other.
- Users are seen with one of 4 platforms, 20 channels, 120 countries and 30 versions, skewed as such things are.
- Calls are made at the rate of the day in windows spread evenly over it, and counts are scaled by their share of the
  day. Between them the objects are told of each user's first session: what is known already changes nothing.`

/** The page. */
export async function renderPage(results: readonly DayResult[]): Promise<string> {
  const windows = results.map(
    ({ scenario: { peak, shards, windows: number, windowMinutes } }) =>
      `${peak.toLocaleString('en-US')} players, ${shards} ${shards === 1 ? 'object' : 'shards'}: ` +
      `${number} windows of ${windowMinutes} minutes`,
  )
  const page = `${HEAD}

Windows:

${windows.map((line) => `- ${line}`).join('\n')}

## Operations

Per day, all objects of the game together. The last line is arithmetic: the same calls, if every sketch, sample and
breakdown that a token belongs to were a row that each call writes.

${dayTable(results)}

## Cost

Per month of 30 such days, in dollars at the published prices; "beyond what the plan includes" takes the allowances of
the paid plan as if this game were alone on the account. Duration is the most that it can be: every object in use all
day. Between two calls nothing keeps an object from being put to sleep, and the platform does not bill such time, so
what is billed lies between this and the time that the calls take. An idle game pays for its bytes alone: see the last
line of the next table. Queue operations are those of the published figures.

${costTable(results)}

## Storage

All that is kept is 91 days of active users, 62 of new ones and five days of minutes: taken as 91 of both with all
breakdowns, and minutes as full as those that were counted. After
the last call an object publishes, saves its sketches and sets no alarm any more: an idle game has no requests, writes no rows, and pays for its bytes alone.

${storedTable(results)}

## Load

In the fullest window. CPU is that of the process, less that of the same calls to an object that does nothing; it was
measured on a machine that did other work, and covers all objects of the game, alarms and publishing included.

${loadTable(results)}

${scaleSection(results)}## Accuracy

At the end of the day, beside what happened. A figure whose told error is zero counts exactly.

${figureTable(results)}

Groups of figures; the intervals are meant to hold 95 % of the time.

${groupTable(results)}
`
  const { code, errors } = await format('sketch-day.md', page, { printWidth: 100 })
  if (errors.length > 0) throw new Error(errors.map((error) => error.message).join('\n'))
  return code
}

const LARGE_GAME_USERS = 100_000_000

function scaleSection(results: readonly DayResult[]): string {
  const sharded = results.findLast(({ scenario: { shards } }) => shards > 1)
  if (sharded === undefined) return ''
  return `## A hundred million daily users

Arithmetic from the unit costs of the game with shards above, not measured: calls, rows and CPU are taken to grow with the
players. They grow less, because a full sketch changes less often. A queue of the platform takes 5,000 messages a
second, so such a game needs many; this build has one, and the messages themselves are not in this bill.

${scaleTable(LARGE_GAME_USERS, sharded)}

`
}
