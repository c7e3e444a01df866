import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import fc from 'fast-check'
import { describe, it } from 'vitest'

import { splitStatements } from '../../../scripts/database/sql-statements.ts'

const MIGRATIONS = 'configs/clickhouse'
const IDEMPOTENT = /^(CREATE|ALTER|DROP)\b.*\bIF (NOT )?EXISTS\b/s

/** Pieces that hold a semicolon which does not end a statement. */
const HIDING = [
  "';'",
  "'it''s;'",
  String.raw`'\';'`,
  '";"',
  '`a;b`',
  String.raw`'\\'`,
  '$tag$ ; $tag$',
  '$$;$$',
  '-- a; b\n',
  '# a; b\n',
  '#! a;\n',
  "/* ; ' \n ; */",
]

describe('splitStatements', () => {
  it('splits at semicolons and drops them', ({ expect }) => {
    expect(splitStatements('SELECT 1;\nSELECT 2 ;SELECT 3')).toEqual([
      'SELECT 1',
      'SELECT 2',
      'SELECT 3',
    ])
  })

  it.for(HIDING)('does not split inside %j', (piece, { expect }) => {
    const statement = `SELECT ${piece} AS x`
    expect(splitStatements(`${statement};${statement};`)).toEqual([statement, statement])
  })

  it('leaves out parts of comments and white space', ({ expect }) => {
    expect(splitStatements(';; -- nothing; here\n /* nor; here */ ; # or here')).toEqual([])
  })

  it('keeps a comment before a statement with it', ({ expect }) => {
    expect(splitStatements('-- why\nSELECT 1;')).toEqual(['-- why\nSELECT 1'])
  })

  it.for([
    ["SELECT 1;\nSELECT 'open", "' in line 2 is never closed"],
    ['SELECT "open', '" in line 1 is never closed'],
    ['SELECT 1 /* open', '/* in line 1 is never closed'],
  ])('refuses %j', ([script = '', message = ''], { expect }) => {
    expect(() => splitStatements(script)).toThrow(message)
  })

  it('gives back the statements that a script was joined from', ({ expect }) => {
    const word = fc.constantFrom('SELECT', 'x', '1', '(', ')', ...HIDING)
    const statement = fc
      .array(word, { maxLength: 8 })
      .map((words) => ['SELECT 1', ...words].join(' ').trim())
    fc.assert(
      fc.property(fc.array(statement), (statements) => {
        // A line comment at the end would swallow the semicolon.
        const script = statements.map((text) => `${text}\n;`).join('\n')
        expect(splitStatements(script)).toEqual(statements)
      }),
      { seed: 2 },
    )
  })

  it('finds only statements in the migrations that can be run again', ({ expect }) => {
    for (const file of readdirSync(MIGRATIONS)) {
      for (const statement of splitStatements(readFileSync(join(MIGRATIONS, file), 'utf8'))) {
        const code = statement.replaceAll(/^--.*\n/gm, '')
        expect(code, file).toMatch(IDEMPOTENT)
      }
    }
  })
})
