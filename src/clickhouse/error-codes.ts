/**
 * Which ClickHouse errors the rows themselves cause. The list is closed and errs to one side: whatever is
 * not in it (overload, a missing table or column, a wrong password, an unknown setting) is retried,
 * because a verdict against the data takes good rows out of the way.
 * Codes: ClickHouse `src/Common/ErrorCodes.cpp`.
 */

const DATA_ERRORS: ReadonlySet<number> = new Set([
  6, // CANNOT_PARSE_TEXT
  25, // CANNOT_PARSE_ESCAPE_SEQUENCE: half of a surrogate pair in a string
  26, // CANNOT_PARSE_QUOTED_STRING
  27, // CANNOT_PARSE_INPUT_ASSERTION_FAILED: most malformed lines and values
  33, // CANNOT_READ_ALL_DATA
  38, // CANNOT_PARSE_DATE
  41, // CANNOT_PARSE_DATETIME
  53, // TYPE_MISMATCH
  69, // ARGUMENT_OUT_OF_BOUND: a decimal with too many digits
  70, // CANNOT_CONVERT_TYPE
  72, // CANNOT_PARSE_NUMBER: a minus sign in an unsigned column
  117, // INCORRECT_DATA: a null or a repeated field; see UNKNOWN_FIELD
  130, // CANNOT_READ_ARRAY_FROM_TEXT
  131, // TOO_LARGE_STRING_SIZE
  349, // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
  376, // CANNOT_PARSE_UUID
  467, // CANNOT_PARSE_BOOL
  675, // CANNOT_PARSE_IPV4
  676, // CANNOT_PARSE_IPV6
  691, // UNKNOWN_ELEMENT_OF_ENUM
])

/**
 * INCORRECT_DATA also reports a column that the table does not have: a Worker that was deployed before the
 * migration. Every row says so then, and all of them are good; only the text tells the two apart.
 */
const UNKNOWN_FIELD = 'Unknown field found'

const EXCEPTION_TEXT = /^Code: (\d+)\. DB::/

/**
 * The ClickHouse error code of an HTTP reply, from `X-ClickHouse-Exception-Code` or the text itself; null
 * when the reply carries none. The HTTP status says nothing: errors of the data come as 400 or 500, and a
 * failure after the headers comes as 200.
 */
export function exceptionCodeOf(header: string | null, text: string): number | null {
  const code = header ?? EXCEPTION_TEXT.exec(text)?.[1]
  return code !== undefined && /^\d+$/.test(code) ? Number(code) : null
}

/** True when the rows caused the error, so that sending the same rows again cannot succeed. */
export function isCausedByData(code: number, text: string): boolean {
  return DATA_ERRORS.has(code) && !text.includes(UNKNOWN_FIELD)
}
