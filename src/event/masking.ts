/** What must not be stored or shown: secrets that clients send by mistake, and properties that a game masks. */
import { isJsonObject } from './attributes.ts'

/** What stands in the place of a masked value. */
export const MASK = '***'

/** Names of values that nobody means to send to analytics, without case, `_` and `-`. */
const SECRET_NAMES: ReadonlySet<string> = new Set([
  'password',
  'passwd',
  'secret',
  'clientsecret',
  'token',
  'accesstoken',
  'refreshtoken',
  'idtoken',
  'authorization',
  'apikey',
  'privatekey',
  'cookie',
  'setcookie',
  'cardnumber',
  'cvv',
  'cvc',
  'iban',
])

/** Levels that are walked; what lies deeper is masked as a whole. */
const MAX_DEPTH = 32

function isSecretName(name: string): boolean {
  return SECRET_NAMES.has(name.toLowerCase().replaceAll(/[_-]/g, ''))
}

/** The value with the values of secret names, and of `further` names, replaced by MASK, at every level. */
export function maskSecrets(value: unknown, further: readonly string[] = [], depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_DEPTH) return MASK
  if (Array.isArray(value)) return value.map((item) => maskSecrets(item, further, depth + 1))
  if (!isJsonObject(value)) return MASK
  const masked: Record<string, unknown> = Object.create(null)
  for (const [name, item] of Object.entries(value)) {
    masked[name] =
      isSecretName(name) || further.includes(name) ? MASK : maskSecrets(item, further, depth + 1)
  }
  return masked
}

/** Names of a snapshot, and levels of it. */
const MAX_SNAPSHOT_NAMES = 64
const MAX_SNAPSHOT_DEPTH = 3

/**
 * The shape of a value without any value: names, types and lengths, such as `{"user_id":"string(8)"}`. For
 * the audit log, which must say what was sent and not who did what.
 */
export function shapeOf(value: unknown, depth = 0): unknown {
  if (value === null) return 'null'
  if (typeof value === 'string') return `string(${value.length})`
  if (typeof value !== 'object') return typeof value
  if (Array.isArray(value)) return `array(${value.length})`
  const entries = Object.entries(value)
  if (depth >= MAX_SNAPSHOT_DEPTH) return `object(${entries.length})`
  const shape: Record<string, unknown> = Object.create(null)
  for (const [name, item] of entries.slice(0, MAX_SNAPSHOT_NAMES)) {
    shape[name.slice(0, MAX_SNAPSHOT_NAMES).toWellFormed()] = shapeOf(item, depth + 1)
  }
  return shape
}
