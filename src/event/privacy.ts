/** What a game does not want to have stored: ids become pseudonyms, values of masked properties disappear. */
import { MAX_ID_LENGTH } from '../../configs/limits.ts'
import type { Attributes, Column, Columns } from './attributes.ts'
import { isJsonObject } from './attributes.ts'
import type { RequestOrigin } from './enrichment.ts'
import type { GameProfile } from './game-profile.ts'
import type { Masked } from './masking.ts'
import { MASK, maskSecrets, shapeOf } from './masking.ts'
import { pseudonymOf } from './pseudonym.ts'

/** Columns of an accepted event; it always belongs to a user. */
export type UserColumns = Columns & { readonly user_id: string }

/** Attributes that name a player or a device, wherever they stand. */
const ID_NAMES: ReadonlySet<string> = new Set([
  'user_id',
  'device_id',
  'previous_user_id',
  'friend_id',
  'reported_user_id',
])

/** Ids of one payload that are replaced; what a hostile one has beyond is masked. */
const MAX_PSEUDONYMS = 64

const maskedNames = new WeakMap<GameProfile, ReadonlySet<string>>()

function maskedNamesOf(game: GameProfile): ReadonlySet<string> {
  const known = maskedNames.get(game)
  if (known !== undefined) return known
  const names = new Set(game.maskedProperties)
  maskedNames.set(game, names)
  return names
}

/** Whether the game hides anything at all. */
export function hidesAnything({ pseudonymKey, maskedProperties }: GameProfile): boolean {
  return pseudonymKey !== null || maskedProperties.length > 0
}

/** The columns as they are stored. A masked column is left empty; user_id cannot be masked, only replaced. */
export function hideColumns(columns: UserColumns, game: GameProfile): UserColumns {
  if (!hidesAnything(game)) return columns
  const names = maskedNamesOf(game)
  const entries = Object.entries(columns).filter(([name]) => !names.has(name))
  const { device_id: deviceId, ...shown }: Columns = Object.fromEntries(entries)
  const { pseudonymKey } = game
  const hide = (id: string) => (pseudonymKey === null ? id : pseudonymOf(pseudonymKey, id))
  return {
    ...shown,
    user_id: hide(columns.user_id),
    ...(deviceId !== undefined && { device_id: hide(deviceId) }),
  }
}

/** The names of filled-in columns that are stored. */
export function hideEnriched(enriched: readonly Column[], game: GameProfile): readonly Column[] {
  if (game.maskedProperties.length === 0) return enriched
  const names = maskedNamesOf(game)
  return enriched.filter((name) => !names.has(name))
}

/** The properties as they are stored, as JSON. */
export function hideProps({ props, propsJson }: Attributes, game: GameProfile): string {
  if (!hidesAnything(game)) return propsJson
  const masked = maskNames(props, maskedNamesOf(game))
  return JSON.stringify(withPseudonyms(masked, game))
}

/**
 * A payload that was not accepted, as it may be kept and shown: without secrets, ids as pseudonyms. Where it does not
 * even say whose it is, a game that hides ids keeps its shape only: the id may stand under another name.
 */
export function hidePayload(payload: unknown, game: GameProfile): Masked {
  if (game.pseudonymKey !== null && !namesItsUser(payload)) {
    return { value: shapeOf(payload), isWhole: false }
  }
  const { value, isWhole } = maskSecrets(payload, maskedNamesOf(game))
  return { value: withPseudonyms(value, game), isWhole }
}

/** What the connection told, as it may be kept. */
export function hideOrigin(origin: RequestOrigin, game: GameProfile): RequestOrigin {
  const names = maskedNamesOf(game)
  const shown = (name: 'country' | 'region' | 'city' | 'platform') =>
    names.has(name) ? '' : origin[name]
  return {
    country: shown('country'),
    region: shown('region'),
    city: shown('city'),
    platform: shown('platform'),
    isBot: origin.isBot,
  }
}

function namesItsUser(payload: unknown): boolean {
  if (!isJsonObject(payload)) return false
  return [payload, payload['props'], payload['attrs']].some(
    (holder) => isJsonObject(holder) && typeof holder['user_id'] === 'string',
  )
}

/** Ids replaced at every level. */
function withPseudonyms(value: unknown, { pseudonymKey }: GameProfile): unknown {
  if (pseudonymKey === null) return value
  let left = MAX_PSEUDONYMS
  const hide = (id: unknown): string => {
    left -= 1
    // An id that is no text or too long is none: it cannot have been accepted, and nobody needs to see it.
    return typeof id === 'string' && id.length <= MAX_ID_LENGTH && left >= 0
      ? pseudonymOf(pseudonymKey, id)
      : MASK
  }
  const replaced = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(replaced)
    if (!isJsonObject(item)) return item
    const shown: Record<string, unknown> = Object.create(null)
    for (const [name, inner] of Object.entries(item)) {
      shown[name] = ID_NAMES.has(name) ? hide(inner) : replaced(inner)
    }
    return shown
  }
  return replaced(value)
}

function maskNames(value: unknown, names: ReadonlySet<string>): unknown {
  if (names.size === 0) return value
  if (Array.isArray(value)) return value.map((item) => maskNames(item, names))
  if (!isJsonObject(value)) return value
  const masked: Record<string, unknown> = Object.create(null)
  for (const [name, item] of Object.entries(value)) {
    masked[name] = names.has(name) ? MASK : maskNames(item, names)
  }
  return masked
}
