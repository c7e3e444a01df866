/** One operation as a call that can be typed. */
import type { Operation } from './operation.ts'
import { EXAMPLE_TIME } from './operation.ts'
import { keyKindsOf } from './security.ts'

/** Variables of the shell that the calls expect: URL, and one of these for who calls. */
const KEY_VARIABLES = { write: 'WRITE_KEY', server: 'SERVER_KEY', read: 'READ_KEY' } as const

const SIGNED_HEADERS = [
  'X-Key-Id: $KEY_ID',
  'X-Timestamp: $TIMESTAMP',
  'X-Nonce: $NONCE',
  'X-Signature: $SIGNATURE',
]

/** The lines of a curl command, joined as a shell takes them. */
export function curlOf(operation: Operation): string {
  const { method, body, answers } = operation
  const isStream = answers[0].mediaType === 'text/event-stream'
  const parts = [
    `curl${isStream ? ' -N' : ''}${method === 'get' ? '' : ` -X ${method.toUpperCase()}`} "${urlOf(operation)}"`,
    ...headersOf(operation).map((header) => `-H "${header}"`),
    ...(body === undefined ? [] : [`-d '${timed(quoted(JSON.stringify(body.example)))}'`]),
  ]
  return parts.join(' \\\n  ')
}

function urlOf({ path, exampleQuery }: Operation): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => `$${name.toUpperCase()}`)
  const query = new URLSearchParams(exampleQuery).toString()
  return `$URL${filled}${query === '' ? '' : `?${query}`}`
}

function headersOf(operation: Operation): string[] {
  const { access, scope = 'game', body } = operation
  const type = body === undefined ? [] : ['Content-Type: application/json']
  if (access === 'public') return type
  if (access === 'signed') return [...SIGNED_HEADERS, ...type]
  const [kind] = keyKindsOf(operation)
  const secret = kind === undefined ? 'TOKEN' : KEY_VARIABLES[kind]
  const named =
    kind === undefined && scope === 'game' ? ['X-Game-ID: $GAME_ID', 'X-Env: $GAME_ENV'] : []
  return [`Authorization: Bearer $${secret}`, ...named, ...type]
}

/** Text within single quotes of a shell. */
function quoted(text: string): string {
  return text.replaceAll("'", String.raw`'\''`)
}

/** Text within single quotes, where the shell puts in the present time. */
function timed(text: string): string {
  return text.replaceAll(EXAMPLE_TIME, `'$(date -u +%FT%TZ)'`)
}
