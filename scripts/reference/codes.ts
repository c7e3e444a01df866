/** docs/reference/codes.md: what may be said of an event, and of a request. */
import { PROBLEMS } from '../../src/api-error.ts'
import { CORRECTIONS, FILTERS, REFUSALS } from '../../src/event/rejection.ts'
import { OPERATIONS } from '../../src/openapi/operations.ts'
import { problemsOf } from '../../src/openapi/problems.ts'
import { cell, code, page, table } from './markdown.ts'

/** The page. */
export function codesPage(): string {
  const verdicts = [
    ...Object.entries(CORRECTIONS).map(([name, { advice }]) => [name, 'corrected', advice]),
    ...Object.entries(REFUSALS).map(([name, { status, advice }]) => [
      name,
      status === 'quarantined' ? 'quarantined or rejected' : status,
      advice,
    ]),
    ...Object.entries(FILTERS).map(([name, advice]) => [name, 'filtered', advice]),
  ].map(([name = '', status = '', advice = '']) => [code(name), status, cell(advice)])
  const problems = Object.entries(PROBLEMS).map(([name, { status, title }]) => [
    code(name),
    String(status),
    cell(title),
    whereOf(name),
  ])
  return page(
    'Codes',
    ['src/event/rejection.ts', 'src/api-error.ts', 'src/openapi'],
    [
      '## Verdicts\n\nAn entry of `results` in the answer of the [ingest API](ingest-api.md). `corrected` events are ' +
        'stored; `quarantined` ones are kept and may pass after a change of the catalog; `rejected` ones are kept and ' +
        'never pass as they are; `filtered` ones are not wanted at the moment. Of codes that may be both, events are ' +
        'quarantined where it is the catalog that stands against them and nothing of them was masked or cut; payments ' +
        'are always rejected.',
      table(['code', 'status', 'what to do'], verdicts),
      '## Problems\n\nThe `code` of a problem document (RFC 9457, `application/problem+json`). What to retry: ' +
        '[ingest API](ingest-api.md#retries).',
      table(['code', 'HTTP', 'meaning', 'where'], problems),
    ],
  )
}

/** Where a problem may come from: everywhere, or the groups of operations that name it. */
function whereOf(problem: string): string {
  const naming = OPERATIONS.filter((operation) =>
    problemsOf(operation).some((name) => name === problem),
  )
  if (naming.length === OPERATIONS.length) return 'everywhere'
  if (naming.length === 0) return 'everywhere, for another method than those of the address'
  return [...new Set(naming.map(({ tag }) => tag))].join(', ')
}
