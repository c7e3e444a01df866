/** What must not be shown of values that were not accepted: secrets that clients send by mistake. */
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

/** Levels and values that are walked; what lies beyond is masked as a whole. */
const MAX_DEPTH = 32
const MAX_VALUES = 2_048

const NO_NAMES: ReadonlySet<string> = new Set()

/** Secrets are texts; a `token: 7` is a counter of the game. */
function isSecret(name: string, value: unknown): boolean {
  return (
    typeof value !== 'number' &&
    typeof value !== 'boolean' &&
    SECRET_NAMES.has(name.toLowerCase().replaceAll(/[_-]/g, ''))
  )
}

/** A JSON value as it may be shown. `isWhole`: nothing was replaced by MASK. */
export interface Masked {
  readonly value: unknown
  readonly isWhole: boolean
}

/** The value with its secrets, and the values of `further` names, replaced by MASK, at every level. */
export function maskSecrets(value: unknown, further: ReadonlySet<string> = NO_NAMES): Masked {
  const walk = { left: MAX_VALUES, isWhole: true }
  return { value: masked(value, further, 0, walk), isWhole: walk.isWhole }
}

function masked(
  value: unknown,
  further: ReadonlySet<string>,
  depth: number,
  walk: { left: number; isWhole: boolean },
): unknown {
  walk.left -= 1
  const hide = () => {
    walk.isWhole = false
    return MASK
  }
  if (walk.left < 0) return hide()
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_DEPTH) return hide()
  if (Array.isArray(value)) return value.map((item) => masked(item, further, depth + 1, walk))
  if (!isJsonObject(value)) return hide()
  const shown: Record<string, unknown> = Object.create(null)
  for (const [name, item] of Object.entries(value)) {
    shown[name] =
      isSecret(name, item) || further.has(name) ? hide() : masked(item, further, depth + 1, walk)
  }
  return shown
}

/** Names of a snapshot, their characters, and levels of it: deeper names may be ids of players. */
const MAX_SNAPSHOT_NAMES = 64
const MAX_SNAPSHOT_NAME_LENGTH = 64
const MAX_SNAPSHOT_DEPTH = 2

/**
 * The shape of a value without any value: names, types and lengths, such as `{"user_id":"string(8)"}`. For
 * the audit log, which must say what was sent and not who did what.
 */
export function shapeOf(value: unknown, depth = 0): unknown {
  if (value === null) return 'null'
  if (typeof value === 'string') return `string(${value.length})`
  if (typeof value !== 'object') return typeof value
  if (Array.isArray(value)) return `array(${value.length})`
  const names = Object.keys(value)
  if (depth >= MAX_SNAPSHOT_DEPTH || !isJsonObject(value)) return `object(${names.length})`
  const shape: Record<string, unknown> = Object.create(null)
  for (const name of names.slice(0, MAX_SNAPSHOT_NAMES)) {
    const shown = name.slice(0, MAX_SNAPSHOT_NAME_LENGTH).toWellFormed()
    shape[shown] = shapeOf(value[name], depth + 1)
  }
  return shape
}
