/**
 * Where ClickHouse is: settings in, one connection out. Pure: it opens nothing, and the Worker and the
 * Node scripts read the same settings with it. No message built here carries a password.
 */
import { toBase64 } from '../event/bytes.ts'

/** An HTTP(S) address of ClickHouse and the credentials for it. */
export interface ClickHouseConnection {
  /** HTTP origin without a trailing slash, such as `http://127.0.0.1:8123`. */
  readonly url: string
  readonly user: string
  readonly password: string
  readonly database: string
}

/** The settings that name a ClickHouse; empty text counts as absent. */
export interface ClickHouseSettings {
  readonly CLICKHOUSE_DSN?: string | undefined
  readonly CLICKHOUSE_URL?: string | undefined
  readonly CLICKHOUSE_USER?: string | undefined
  readonly CLICKHOUSE_PASSWORD?: string | undefined
  readonly CLICKHOUSE_DATABASE?: string | undefined
}

const DEFAULT_USER = 'default'
const DEFAULT_DATABASE = 'analytics'

/** Ports of the native protocol, which a Worker cannot speak, and their HTTP neighbours. */
const PLAIN_NATIVE_PORT = '9000'
const TLS_NATIVE_PORT = '9440'
const PLAIN_HTTP_PORT = '8123'
const TLS_HTTP_PORT = '8443'

/** One path segment, quoted wherever it becomes SQL; the alphabet keeps it readable in a URL as well. */
const DATABASE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$/

const EXPECTED_DSN =
  'expected clickhouse://user:password@host:9000/database (?secure=true or port 9440 for TLS), ' +
  'clickhouse+http(s)://host:port/database or http(s)://user:password@host:8123/database'

/**
 * The connection that the settings describe.
 *
 * CLICKHOUSE_DSN wins over CLICKHOUSE_URL (both take every form below); what the address leaves out comes
 * from CLICKHOUSE_USER, CLICKHOUSE_PASSWORD and CLICKHOUSE_DATABASE, then from ClickHouse's defaults
 * (user `default`, no password) and the database `analytics`.
 *
 * - `clickhouse://host`: HTTP on port 8123; on 8443 with TLS after `?secure=true`, port 9440 or port 8443.
 *   The native port 9000 stands for 8123 and 9440 for 8443; any other port is an HTTP port.
 * - `clickhouse+http://`, `clickhouse+https://`: the same, with the protocol fixed.
 * - `http://`, `https://`: taken as they are.
 *
 * Throws an Error that names the setting and the expected form, and never repeats its value.
 */
export function connectionFrom(settings: ClickHouseSettings): ClickHouseConnection {
  const dsn = settings.CLICKHOUSE_DSN?.trim()
  const setting = dsn ? 'CLICKHOUSE_DSN' : 'CLICKHOUSE_URL'
  const address = dsn || settings.CLICKHOUSE_URL?.trim()
  if (!address) throw new Error(`CLICKHOUSE_DSN and CLICKHOUSE_URL are both empty: ${EXPECTED_DSN}`)

  const parsed = parseAddress(setting, address)
  const database = parsed.database || settings.CLICKHOUSE_DATABASE || DEFAULT_DATABASE
  if (!DATABASE_NAME.test(database)) {
    throw new Error(
      'The ClickHouse database name must be 1 to 63 of A-Z a-z 0-9 _ - and must not start with -',
    )
  }
  return {
    url: parsed.url,
    user: parsed.user || settings.CLICKHOUSE_USER || DEFAULT_USER,
    password: parsed.password || settings.CLICKHOUSE_PASSWORD || '',
    database,
  }
}

/** Value of the Authorization header; Basic, because a header of its own cannot hold a non-Latin password. */
export function authorizationOf({ user, password }: ClickHouseConnection): string {
  return `Basic ${toBase64(new TextEncoder().encode(`${user}:${password}`))}`
}

interface Address {
  readonly url: string
  readonly user: string
  readonly password: string
  readonly database: string
}

function parseAddress(setting: string, address: string): Address {
  const fail = (problem: string): Error => new Error(`${setting} ${problem}: ${EXPECTED_DSN}`)
  if (!URL.canParse(address)) throw fail('is not an address with one host')
  const parsed = new URL(address)
  if (parsed.hostname === '') throw fail('names no host')
  if (parsed.hostname.includes(',')) throw fail('names more than one host')
  if (parsed.hash !== '') throw fail('has a fragment (a # in a password is written %23)')

  const secure = secureParameter(parsed.searchParams)
  if (secure === 'unreadable') {
    throw fail('has a parameter other than one secure=true or secure=false')
  }
  const origin = httpOrigin(parsed, secure)
  if (origin === null || !URL.canParse(origin)) throw fail('has a protocol that is not understood')

  const segments = parsed.pathname.split('/').filter((segment) => segment !== '')
  if (segments.length > 1) throw fail('has a path of more than one part')
  try {
    return {
      url: new URL(origin).origin,
      user: decodeURIComponent(parsed.username),
      password: decodeURIComponent(parsed.password),
      database: decodeURIComponent(segments[0] ?? ''),
    }
  } catch {
    // Without a cause: the decoder's message may quote the password.
    throw fail('has a % that is not followed by two hex digits (write %25)')
  }
}

function secureParameter(parameters: URLSearchParams): boolean | 'absent' | 'unreadable' {
  const given = [...parameters]
  if (given.length === 0) return 'absent'
  const [name, value] = given[0] ?? []
  if (given.length > 1 || name !== 'secure') return 'unreadable'
  if (value === 'true' || value === '1') return true
  if (value === 'false' || value === '0') return false
  return 'unreadable'
}

/** `protocol://host:port`, or null for a protocol or a contradiction that is not understood. */
function httpOrigin(address: URL, secure: boolean | 'absent' | 'unreadable'): string | null {
  switch (address.protocol) {
    case 'http:':
    case 'https:':
      return secure === 'absent' ? address.origin : null
    case 'clickhouse+http:':
      return secure === true ? null : clickHouseOrigin(address, false)
    case 'clickhouse+https:':
      return secure === false ? null : clickHouseOrigin(address, true)
    case 'clickhouse:': {
      const tlsPort = address.port === TLS_NATIVE_PORT || address.port === TLS_HTTP_PORT
      return clickHouseOrigin(address, secure === 'absent' ? tlsPort : secure === true)
    }
    default:
      return null
  }
}

function clickHouseOrigin({ hostname, port }: URL, tls: boolean): string {
  const native = port === '' || port === PLAIN_NATIVE_PORT || port === TLS_NATIVE_PORT
  const httpPort = native ? (tls ? TLS_HTTP_PORT : PLAIN_HTTP_PORT) : port
  return `${tls ? 'https' : 'http'}://${hostname}:${httpPort}`
}
