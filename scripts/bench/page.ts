/** docs/reference/performance.md: how it is measured in words, the tables of a run. */
import { format } from 'oxfmt'

import type { Results } from './results.ts'
import { BASELINE_TOLERANCE, TARGETS, targetVerdicts } from './results.ts'
import { renderChange, renderResults, renderVerdicts } from './tables.ts'

const RULES = `# Performance

<!-- Written by npm run bench -- --write; the text is in scripts/bench/page.ts. -->

What an event costs the Worker, and how it was measured. Absolute figures are those of the machine named below;
ratios compare two figures of one run and hold elsewhere too.

- **CPU** is user and system time of the workerd process, simulator of the platform included, not wall time. Every
  runtime is a process of its own that serves HTTP itself; the development server and its proxies do not run. The
  rate limiter of the simulator, which writes to a database for each call, is replaced by one that says yes.
- **Floor**: a bare Hono Worker that parses the same JSON and sends one message of the same size to the same queue. It
  checks nothing.
- **ingest** is everything up to the answer. Messages wait behind a gate until all POSTs of a round are answered; what
  is used after the gate opens is **consume**, with a stand-in that takes the bytes and answers as ClickHouse does.
  **sketch** is what that costs more than with a consumer whose tokens go nowhere.
- Rounds of all runtimes are interleaved, and the first one warms up. The smallest time counts, because disturbance
  only adds; a ratio is the median of those of single rounds, because a machine is slow for both at the same time.
- **Inserts** go into a real ClickHouse, through the consumer and with \`curl\`, with the same bytes and settings.
- **Visible** is the time from POST to the answer of the query API that counts the user, while other events arrive. A
  queue batch gathers for two seconds at most (\`max_batch_timeout\` in wrangler.toml).
- **Heap** is what the inspector reports (\`Runtime.getHeapUsage\`, buffers included). For a full batch of the largest
  messages garbage is collected before each look, so it is what the isolate needs; for a backlog garbage counts.

A run fails when a target is missed (ingest at most ${TARGETS.floorRatio} times the floor and ${TARGETS.microsPerEvent} microseconds in all at 100 events per
POST, inserts at most ${TARGETS.insertRatio} times curl, heap below ${TARGETS.heapBytes / 1e6} MB), or when a ratio is more than
${Math.round((BASELINE_TOLERANCE - 1) * 100)} % worse than in scripts/bench/baseline.json.`

/** The page as it stands in the repository; `before` is of the same machine. Throws Error when it cannot be formatted. */
export async function renderPage(
  results: Results,
  before: Results,
  machine: string,
): Promise<string> {
  const text = [
    RULES,
    `## Results\n\nMeasured on ${machine}.`,
    renderResults(results),
    renderVerdicts('Targets', targetVerdicts(results)),
    `## Before and after\n\nThe same machine before the last work on speed (scripts/bench/before.json), and now.`,
    renderChange(before, results),
  ].join('\n\n')
  const { code, errors } = await format('performance.md', `${text}\n`, { printWidth: 100 })
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'))
  return code
}
