import { describe, it } from 'vitest'

import { exceptionCodeOf, isCausedByData } from '../../../src/clickhouse/error-codes.ts'

describe('exceptionCodeOf', () => {
  it('prefers the header', ({ expect }) => {
    expect(exceptionCodeOf('241', 'Code: 60. DB::Exception: x')).toBe(241)
  })

  it('reads the text when there is no header', ({ expect }) => {
    expect(exceptionCodeOf(null, 'Code: 27. DB::Exception: Cannot parse input')).toBe(27)
    expect(exceptionCodeOf(null, 'Code: 27. DB::ParsingException: Cannot parse')).toBe(27)
  })

  it.for(['', 'Ok.', '<html>Code: 27. DB::Exception</html>', 'error Code: 27. DB::Exception'])(
    'finds no code in %j',
    (text, { expect }) => {
      expect(exceptionCodeOf(null, text)).toBeNull()
    },
  )

  it('ignores a header that is no number', ({ expect }) => {
    expect(exceptionCodeOf('n/a', '')).toBeNull()
  })
})

describe('isCausedByData', () => {
  it.for([25, 26, 27, 33, 38, 41, 69, 72, 117, 130, 131, 376, 467, 675, 676, 691])(
    'holds error %i against the rows',
    (code, { expect }) => {
      expect(isCausedByData(code, 'the value of key user_id')).toBe(true)
    },
  )

  it.for([
    [16, 'NO_SUCH_COLUMN_IN_TABLE'],
    [60, 'UNKNOWN_TABLE'],
    [62, 'SYNTAX_ERROR'],
    [81, 'UNKNOWN_DATABASE'],
    [115, 'UNKNOWN_SETTING'],
    [159, 'TIMEOUT_EXCEEDED'],
    [164, 'READONLY'],
    [194, 'REQUIRED_PASSWORD'],
    [202, 'TOO_MANY_SIMULTANEOUS_QUERIES'],
    [241, 'MEMORY_LIMIT_EXCEEDED'],
    [242, 'TABLE_IS_READ_ONLY'],
    [252, 'TOO_MANY_PARTS'],
    [354, 'ZLIB_INFLATE_FAILED'],
    [497, 'ACCESS_DENIED'],
    [516, 'AUTHENTICATION_FAILED'],
    [999, 'KEEPER_EXCEPTION'],
    [123_456, 'an error that this list has never heard of'],
  ] as const)('does not hold %i (%s) against the rows', ([code, name], { expect }) => {
    expect(isCausedByData(code, name)).toBe(false)
  })

  it('does not hold a column that the table lacks against the rows', ({ expect }) => {
    const text =
      'Code: 117. DB::Exception: Unknown field found while parsing JSONEachRow format: foo'
    expect(isCausedByData(117, text)).toBe(false)
  })
})
