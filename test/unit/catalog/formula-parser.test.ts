/** The formula language: text to tree. */
import * as fc from 'fast-check'
import { describe, it } from 'vitest'

import { FORMULA_FUNCTIONS } from '../../../scripts/catalog/formula-functions.ts'
import { parseFormula } from '../../../scripts/catalog/formula-parser.ts'
import type { Condition } from '../../../scripts/catalog/formula-syntax.ts'
import { FormulaError } from '../../../scripts/catalog/formula-tokens.ts'
import { formulaArbitrary, print } from './formula-arbitrary.ts'

const SEED = 20_261_123

describe('parseFormula', () => {
  it('reads events, a condition and a quotient', ({ expect }) => {
    const count = (where: Condition | null) => ({
      kind: 'call',
      call: {
        shape: 'selection',
        name: 'count',
        selection: { events: ['match.end'], where },
        also: null,
      },
    })
    expect(parseFormula("count(match.end where match_result = 'win') / count(match.end)")).toEqual({
      kind: 'operation',
      operator: '/',
      left: count({
        kind: 'compare',
        attribute: 'match_result',
        comparison: '=',
        literal: 'win',
      }),
      right: count(null),
    })
  })

  it('groups to the left, products before sums', ({ expect }) => {
    expect(parseFormula('a - b - c * d / e')).toEqual(parseFormula('(a - b) - ((c * d) / e)'))
    expect(parseFormula('a - b - c')).not.toEqual(parseFormula('a - (b - c)'))
  })

  it('binds not before and, and before or', ({ expect }) => {
    const where = (condition: string) => parseFormula(`count(a.b where ${condition})`)
    expect(where('not x = 1 and y = 2 or z is set')).toEqual(
      where('((not (x = 1)) and y = 2) or (z is set)'),
    )
  })

  it('takes days after events, and a second selection after days', ({ expect }) => {
    expect(parseFormula('conversion(a.b, c.d where x in (1, 2), 7, e.f)')).toMatchObject({
      call: {
        shape: 'cohort_selection',
        cohort: { events: ['a.b', 'c.d'], where: { kind: 'in', literals: [1, 2] } },
        days: 7,
        selection: { events: ['e.f'], where: null },
      },
    })
  })

  it('keeps a text as it stands between the quotes', ({ expect }) => {
    expect(parseFormula("count(a.b where x = ' Ab,  (c) ')")).toMatchObject({
      call: { selection: { where: { literal: ' Ab,  (c) ' } } },
    })
  })

  it('keeps with and without for users only', ({ expect }) => {
    expect(parseFormula('users(a.b without c.d)')).toMatchObject({
      call: { also: { mode: 'without', selection: { events: ['c.d'] } } },
    })
    expect(() => parseFormula('count(a.b with c.d)')).toThrow('expected ), found "with"')
  })

  it.for([
    ['', 'expected a number, a metric, a function or (, found the end at character 1'],
    ['dau +', 'found the end at character 6'],
    ['dau wau', 'expected an operator or the end, found "wau" at character 5'],
    ['(dau', 'expected ), found the end at character 5'],
    ['median(a.b.c)', 'there is no function median; expected one of users,'],
    ['users()', 'expected the id of an event, found ")" at character 7'],
    ['users(dau)', 'expected the id of an event, found "dau" at character 7'],
    ['sum(1)', 'expected an attribute of an event, found "1" at character 5'],
    ['match.end', 'expected a number, a metric, a function or (, found "match.end"'],
    ['peak(match.end)', 'expected the id of a metric, found "match.end"'],
    ['retention(a.b)', 'expected ,, found ")" at character 14'],
    ['retention(a.b, 1.5)', 'expected a number of days'],
    ['retention(a.b, c.d)', 'expected ,, found ")"'],
    ['count(a.b where)', 'expected an attribute, not or (, found ")"'],
    ['count(a.b where x)', 'expected = != < <= > >= in, is or contains after x, found ")"'],
    ['count(a.b where x = )', 'expected a number, true, false or a text in \'...\', found ")"'],
    ['count(a.b where x is 1)', 'expected set, found "1"'],
    ['count(a.b where x in 1)', 'expected (, found "1"'],
    ['count(a.b where x = -true)', 'expected a number, true, false'],
    ["count(a.b where x = 'win)", 'expected the closing quote, found "\'win)" at character 21'],
    ['dau % wau', 'expected a name, a number, a text or a sign, found "% wau" at character 5'],
    ['Dau', 'found "Dau" at character 1'],
    ['greatest(1)', 'expected ,, found ")"'],
    [`${'('.repeat(30)}dau${')'.repeat(30)}`, 'expected at most 20 levels of nesting'],
  ] as const)('refuses %s', ([formula, fault], { expect }) => {
    expect(() => parseFormula(formula)).toThrow(FormulaError)
    expect(() => parseFormula(formula)).toThrow(fault)
  })

  it('gives back every tree that is written down', ({ expect }) => {
    fc.assert(
      fc.property(formulaArbitrary, (expression) => {
        expect(parseFormula(print(expression))).toEqual(expression)
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  it('does not care for white space', ({ expect }) => {
    fc.assert(
      fc.property(formulaArbitrary, fc.constantFrom('  ', '\n', '\t '), (expression, space) => {
        const text = print(expression)
        expect(parseFormula(text.replaceAll(' ', space))).toEqual(parseFormula(text))
      }),
      { seed: SEED, numRuns: 100 },
    )
  })

  it('answers any text with a tree or a FormulaError', ({ expect }) => {
    const pieces = fc.constantFrom(
      ...FORMULA_FUNCTIONS.keys(),
      ..."where not and in is set a.b a.b.c x 't' 7 -1 ( ) , = <= / + ' ?".split(' '),
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 20 }), (parts) => {
        try {
          expect(parseFormula(parts.join(' '))).toHaveProperty('kind')
        } catch (error) {
          expect(error).toBeInstanceOf(FormulaError)
        }
      }),
      { seed: SEED, numRuns: 2_000 },
    )
  })
})
