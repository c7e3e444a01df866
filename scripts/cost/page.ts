/** docs/reference/cost.md: what is counted in words, the tables of a run, and what it cost before. */
import { format } from 'oxfmt'

import { table } from '../reference/markdown.ts'
import type { PriceList } from './price.ts'
import type { Cost } from './report.ts'
import { money, renderCost } from './report.ts'

const RULES = `# Cost

<!-- Written by npm run cost -- --write; the text is in scripts/cost/page.ts. -->

What a million events cost on the platform, ClickHouse not counted. Croupier runs as it is deployed, in the real
runtime, and a Worker around it counts what the platform bills: requests and queue batches, CPU, queue operations (each
64,000 bytes of a message once written, once read, once deleted), calls, alarms, active time and storage of Durable
Objects, rows of D1, log lines. Nothing is subtracted for what the paid plan includes.

- CPU is that of the whole runtime, simulator of the platform included: the platform's own bill is lower.
- Operations do not depend on the machine. Queue batches are full, as they are under load; coalesced POSTs make so few
  messages that here nearly each is a batch.

The run fails when a target is missed, or when a figure is a quarter above scripts/cost/baseline.json.`

/** The page as it stands in the repository. Throws Error when it cannot be formatted. */
export async function renderPage(cost: Cost, before: Cost, prices: PriceList): Promise<string> {
  const sources = prices.sources.map((source) => `<${source}>`).join(', ')
  const text = [
    RULES,
    renderCost(cost, prices),
    `Sources of the prices: ${sources}.`,
    '### Before and after\n\nBefore the last work on it (scripts/cost/before.json), and now, per million events.',
    table(
      ['', 'before', 'now'],
      cost.runs.map(({ name, total }) => {
        const was = before.runs.find((run) => run.name === name)
        return [name, was === undefined ? '' : money(was.total), money(total)]
      }),
    ),
  ].join('\n\n')
  const { code, errors } = await format('cost.md', `${text}\n`, { printWidth: 100 })
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'))
  return code
}
