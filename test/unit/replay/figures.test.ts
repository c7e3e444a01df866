/** What a replay expects to find follows from the file alone. */
import { describe, it } from 'vitest'

import { parsePlayer, readPlayers } from '../../../scripts/replay/cookie-cats.ts'
import { comparisonTable, countEqual, expectedFigures } from '../../../scripts/replay/figures.ts'

const firstInstallDayMs = Date.UTC(2026, 10, 2)
const players = await readPlayers(new URL('../../../data/cookie-cats.csv.gz', import.meta.url))

describe('expectedFigures', () => {
  it('of the file are its published totals, per variant and per install day', ({ expect }) => {
    const figures = expectedFigures(players, { firstInstallDayMs, rounds: true })
    expect(figures.get('overview: new users')).toBe('90,189')
    expect(figures.get('overview: D1 and D7 in percent')).toBe('44.520950 / 18.606482')
    expect(figures.get('all cohorts: players, D1, D7')).toBe('90,189 / 40,153 / 16,781')
    expect(figures.get('gate_30')).toBe('44,700 / 20,034 / 8,502')
    expect(figures.get('gate_40')).toBe('45,489 / 20,119 / 8,279')
    expect(figures.get('progression.complete events')).toBe('4,678,325')
    const days = [...figures].filter(([name]) => name.startsWith('2026-'))
    expect(days.map(([name]) => name).join(' ')).toMatch(/^2026-11-02 .* 2026-11-15$/)
    expect(days).toHaveLength(14)
    const sizes = days.map(([, value]) => Number(value.split(' / ')[0]?.replace(',', '')))
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(90_189)
  })

  it('of a few players name the variants that occur and the days that are empty', ({ expect }) => {
    const few = [parsePlayer('14,gate_40,2,True,False'), parsePlayer('29,gate_40,0,False,True')]
    const figures = expectedFigures(few, { firstInstallDayMs, rounds: false })
    expect(figures.has('gate_30')).toBe(false)
    expect(figures.get('gate_40')).toBe('2 / 1 / 1')
    expect(figures.get('2026-11-02')).toBe('1 / 1 / 0')
    expect(figures.get('2026-11-03')).toBe('1 / 0 / 1')
    expect(figures.get('2026-11-15')).toBe('0 / 0 / 0')
    expect(figures.has('progression.complete events')).toBe(false)
  })
})

describe('the comparison', () => {
  it('counts and shows what is equal, what differs and what is missing', ({ expect }) => {
    const expected = new Map([
      ['a', '1 / 2'],
      ['bb', '30'],
      ['c', '4'],
    ])
    const answered = new Map([
      ['a', '1 / 2'],
      ['bb', '3'],
    ])
    expect(countEqual(expected, answered)).toBe(1)
    expect(comparisonTable(expected, answered)).toBe(
      [
        '    expected  answered',
        'a      1 / 2     1 / 2  equal',
        'bb        30         3  NOT EQUAL',
        'c          4         -  NOT EQUAL',
      ].join('\n'),
    )
  })
})
