/** Event names of a change, as the filter will compare them: ids of the catalog or of the game, no aliases. Pure. */
import { catalogOf } from '../event/catalog.ts'
import type { GameProfile } from '../event/game-profile.ts'
import type { SettingsPatch } from '../event/game-settings.ts'
import { readPayment } from '../event/payment.ts'

/** A field of the body that cannot be used. */
export interface FieldFault {
  readonly field: string
  readonly reason: string
}

export interface CanonicalPatch {
  readonly patch: SettingsPatch
  /** Empty when the patch can be used */
  readonly faults: readonly FieldFault[]
}

type Faults = FieldFault[]

/**
 * The patch with every event under its id. A fault for each name that the game cannot send, and for each sampled
 * event that must not be sampled.
 */
export function canonicalPatch(patch: SettingsPatch, game: GameProfile): CanonicalPatch {
  const faults: Faults = []
  const { events, dropped_events: dropped, sampling } = patch
  const canonical: SettingsPatch = {
    ...patch,
    ...(events !== undefined && {
      events: events === null ? null : canonicalList('events', events, game, faults),
    }),
    ...(dropped !== undefined && {
      dropped_events: canonicalList('dropped_events', dropped, game, faults),
    }),
    ...(sampling !== undefined && { sampling: canonicalSampling(sampling, game, faults) }),
  }
  return { patch: canonical, faults }
}

function canonicalList(
  field: string,
  names: readonly string[],
  game: GameProfile,
  faults: Faults,
): string[] {
  const ids = new Set<string>()
  for (const [index, name] of names.entries()) {
    const event = catalogOf(game).findEvent(name)
    if (event === undefined) faults.push(unknownEvent(`${field}.${index}`))
    else ids.add(event.id)
  }
  return [...ids]
}

function canonicalSampling(
  sampling: Readonly<Record<string, number>>,
  game: GameProfile,
  faults: Faults,
): Record<string, number> {
  const percents = new Map<string, number>()
  for (const [name, percent] of Object.entries(sampling)) {
    const field = `sampling.${name}`
    const event = catalogOf(game).findEvent(name)
    if (event === undefined) {
      faults.push(unknownEvent(field))
    } else if (percents.has(event.id)) {
      faults.push({ field, reason: `expected ${event.id} once; another name of it stands there` })
    } else if (percent < 100 && event.countsAs.length > 0) {
      const figures = event.countsAs.join(' and ')
      faults.push({ field, reason: `expected 100, or no entry: ${event.id} counts ${figures}` })
    } else if (percent < 100 && isPayment(event.id)) {
      faults.push({ field, reason: `expected 100, or no entry: ${event.id} is money` })
    } else {
      percents.set(event.id, percent)
    }
  }
  return Object.fromEntries(percents)
}

/** An event that is a payment is one, or a faulty one, whatever its properties are. */
function isPayment(eventId: string): boolean {
  return readPayment(eventId, {}, 'server') !== null
}

function unknownEvent(field: string): FieldFault {
  return { field, reason: 'expected an event of the catalog or of the game, such as session.start' }
}
