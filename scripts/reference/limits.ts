/** docs/reference/limits.md: every bound with its value and the reason for it, as configs/limits.ts says it. */
import { readFile } from 'node:fs/promises'

import * as limits from '../../configs/limits.ts'
import { cell, code, page, table } from './markdown.ts'

const SOURCE = 'configs/limits.ts'

/** A comment and the constants under it. */
const GROUP =
  /\/\*\*(?<comment>(?:(?!\*\/)[^])*)\*\/\n(?<constants>(?:export const \w+ = [^\n]+\n)+)/g
const CONSTANT = /^export const (?<name>\w+) = (?<expression>.+)$/gm

export interface Limit {
  readonly name: string
  /** As it is written */
  readonly expression: string
  readonly reason: string
}

/** The constants of the text of limits.ts with their comments, in its order. */
export function limitsIn(text: string): Limit[] {
  return [...text.matchAll(GROUP)].flatMap(({ groups = {} }) => {
    const reason = (groups['comment'] ?? '').replaceAll(/\n\s*\*/g, '\n').trim()
    return [...(groups['constants'] ?? '').matchAll(CONSTANT)].map(({ groups: found = {} }) => ({
      name: found['name'] ?? '',
      expression: found['expression'] ?? '',
      reason,
    }))
  })
}

/** The page. Throws Error for a constant that the comments do not tell of. */
export async function limitsPage(): Promise<string> {
  const text = await readFile(new URL(`../../${SOURCE}`, import.meta.url), 'utf8')
  const found = limitsIn(text)
  const values = new Map<string, unknown>(Object.entries(limits))
  const told = new Set(found.map(({ name }) => name))
  const untold = [...values.keys()].filter((name) => !told.has(name))
  if (untold.length > 0) throw new Error(`${SOURCE}: no comment above ${untold.join(', ')}`)
  const rows = found.map(({ name, expression, reason }) => [
    code(name),
    valueOf(values.get(name), expression),
    cell(reason),
  ])
  return page(
    'Limits',
    [SOURCE],
    [
      'Every bound of the write and the read path. They hold for all games; a deployment that needs others changes the ' +
        'source.',
      table(['limit', 'value', 'reason'], rows),
    ],
  )
}

/** The number as people read it, with the product that it is written as; several by their names. */
function valueOf(value: unknown, expression: string): string {
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, bound]) => `${code(name)}: ${Number(bound).toLocaleString('en-US')}`)
      .join(', ')
  }
  const shown = typeof value === 'number' ? value.toLocaleString('en-US') : String(value)
  return /^[\d_]+$/.test(expression) ? shown : `${shown} (${code(expression)})`
}
