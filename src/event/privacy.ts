/** What a game does not want to have stored: ids become pseudonyms, values of masked properties disappear. */
import type { Attributes, Columns } from './attributes.ts'
import { isJsonObject } from './attributes.ts'
import type { GameProfile } from './game-profile.ts'
import { MASK, maskSecrets } from './masking.ts'
import { pseudonymOf } from './pseudonym.ts'

/** Columns of an accepted event; it always belongs to a user. */
export type UserColumns = Columns & { readonly user_id: string }

/** The columns as they are stored. A masked column is left empty; user_id cannot be masked, only replaced. */
export function hideColumns(columns: UserColumns, game: GameProfile): UserColumns {
  const { pseudonymKey, maskedProperties } = game
  if (pseudonymKey === null && maskedProperties.length === 0) return columns
  const entries = Object.entries(columns).filter(([name]) => !maskedProperties.includes(name))
  const { device_id: deviceId, ...shown }: Columns = Object.fromEntries(entries)
  const hide = (id: string) => (pseudonymKey === null ? id : pseudonymOf(pseudonymKey, id))
  return {
    ...shown,
    user_id: hide(columns.user_id),
    ...(deviceId !== undefined && { device_id: hide(deviceId) }),
  }
}

/** The properties as they are stored. */
export function hideProps({ props, propsJson }: Attributes, game: GameProfile): string {
  return game.maskedProperties.length === 0
    ? propsJson
    : JSON.stringify(maskNames(props, game.maskedProperties))
}

/** A payload that was not accepted, as it may be kept and shown: without secrets, ids as pseudonyms. */
export function hidePayload(payload: unknown, game: GameProfile): unknown {
  const masked = maskSecrets(payload, game.maskedProperties)
  return game.pseudonymKey === null ? masked : withPseudonyms(masked, game.pseudonymKey)
}

const ID_NAMES: ReadonlySet<string> = new Set(['user_id', 'device_id'])

function withPseudonyms(value: unknown, key: Uint8Array): unknown {
  if (Array.isArray(value)) return value.map((item) => withPseudonyms(item, key))
  if (!isJsonObject(value)) return value
  const shown: Record<string, unknown> = Object.create(null)
  for (const [name, item] of Object.entries(value)) {
    if (!ID_NAMES.has(name)) shown[name] = withPseudonyms(item, key)
    // An id that is no text is none: it cannot have been accepted, and nobody needs to see it.
    else shown[name] = typeof item === 'string' ? pseudonymOf(key, item) : MASK
  }
  return shown
}

function maskNames(value: unknown, names: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => maskNames(item, names))
  if (!isJsonObject(value)) return value
  const masked: Record<string, unknown> = Object.create(null)
  for (const [name, item] of Object.entries(value)) {
    masked[name] = names.includes(name) ? MASK : maskNames(item, names)
  }
  return masked
}
