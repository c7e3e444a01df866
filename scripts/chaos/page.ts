/** docs/reference/guarantees.md: what is promised, and a run that tried to break it. */
import { fileURLToPath } from 'node:url'

import { table } from '../reference/markdown.ts'
import type { BrokenBuild } from './broken-builds.ts'
import { BROKEN_BUILDS } from './broken-builds.ts'
import { faultsOf, summaryOf } from './report.ts'
import type { RunReport } from './run.ts'

export const PAGE = fileURLToPath(new URL('../../docs/reference/guarantees.md', import.meta.url))

/** The page for a run that passed, and for the runs of the broken builds. */
export function renderPage(report: RunReport, builds: readonly BrokenBuild[]): string {
  const { seed } = report
  return `# Guarantees

Measured by \`npm run chaos\`; \`node scripts/chaos.ts --write\` runs it and writes this page.

1. What was acknowledged with \`202\` is stored, once, as it was sent, whatever fails and however often it is sent or
   delivered again.
2. What was refused is kept, once, with its reason; what the database refuses or what came too often is a dead letter,
   and nothing else is.
3. Every figure of the query API is that of the acknowledged events. An approximate figure is within the error that it
   states.
4. A question that cannot be answered gets an error, never a zero.

## A run

Three games in three time zones, in the whole system on a real ClickHouse: sessions, payments in every way of reporting
them, refunds, refused events, events that are hours to days late and out of order, clocks that are off by seconds to
decades. Clients send until they are acknowledged, write the moment of sending and compress anew for every attempt, and
send again what was acknowledged. Meanwhile the query API is asked without pause.

An oracle knows what was sent and which acknowledgements came, and nothing of the code. At the end it is compared with
\`events\`, \`payments\`, \`events_rejected\`, \`audit_log\`, \`dead_letters\`, \`daily_users\`, \`minute_online\`,
\`daily_online_peak\` and \`daily_revenue\`, and with the overview, retention, the live figures, their days, cohorts, curves
and breakdowns of every game. Dead letters are replayed before that: rows are inserted again, messages are sent again.
Once more the database is killed, and no question may be answered with figures of it.

${table(['', `seed ${seed}`], summaryOf(report))}

${table(
  ['fault', 'fired'],
  faultsOf(report).map(([name, fired]) => [name, String(fired)]),
)}

_insert_ and _query_: on the way to ClickHouse, in front of it or behind its commit; SIGKILL starts it again on the same
data. _send_, _dead letter_: a queue that does not take a message, or takes it and says that it did not. _batch_: what a
consumer of at-least-once delivery may be handed, and crashes of the consumer. _object_: Durable Objects that throw or
are evicted before or after a call, alarms included. _post_: clients that hang up or lose the answer.

## What a seed repeats

The traffic, relative to the beginning of the run, and the schedule of faults: which insert, which send, which batch,
which call meets which fault, by its number. Not repeated is how these interleave: which rows are in the third insert
depends on the machine. A failure shows again with the same seed and sizes, though not always at once.

Waits of a retry are cut to one second, so that a run ends; a batch gathers for one second at most.

## Builds that are broken on purpose

Each is a patch in \`scripts/chaos/broken\`; \`node scripts/chaos.ts --broken all\` runs them, and each run has to fail.

${table(
  ['build', 'what is broken', 'what the run says'],
  builds.map(({ name, caught }) => [
    `\`${name}\``,
    BROKEN_BUILDS[name] ?? '',
    caught === null ? 'NOT CAUGHT' : caught.replaceAll('|', '\\|'),
  ]),
)}
`
}
