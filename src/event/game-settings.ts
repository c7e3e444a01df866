/** What a game takes in at the moment: changed by operators while it runs, read by every ingest request. */
import { z } from 'zod'

import { MAX_COALESCE_MS, MAX_SKETCH_SHARDS } from '../../configs/limits.ts'

const eventNameSchema = z
  .string('expected the name of an event')
  .min(1, 'expected the name of an event')
  .max(64, 'expected at most 64 characters')
const percentSchema = z
  .number('expected a number of percent')
  .min(0, 'expected at least 0 percent')
  .max(100, 'expected at most 100 percent')

const maintenanceWindowShape = {
  id: z.string('expected a string').min(1).max(64),
  /** RFC 3339 */
  start: z.iso.datetime({ offset: true, error: 'expected an RFC 3339 time with an offset' }),
  end: z.iso.datetime({ offset: true, error: 'expected an RFC 3339 time with an offset' }),
  message: z.string().max(500, 'expected at most 500 characters').default(''),
  /** Whether ingest answers 503 during the window; otherwise it is an announcement */
  block_writes: z.boolean('expected true or false').default(true),
}

const maintenanceWindowSchema = z.object(maintenanceWindowShape)

/**
 * The settings as they travel and as they are stored. Fields that this build does not know are left out, so that
 * a kill switch holds while two builds run side by side.
 */
export const gameSettingsSchema = z.object({
  /** Rises with every change */
  version: z.int().nonnegative(),
  /** False: the kill switch is pulled, and every POST is answered with 403 */
  ingest_enabled: z.boolean('expected true or false'),
  ingest_disabled_reason: z.string('expected a string').max(500, 'expected at most 500 characters'),
  /** Events that are taken; null takes every one, an empty list none */
  events: z
    .array(eventNameSchema, 'expected a list of events, or null for all')
    .max(1_000, 'expected at most 1,000 events')
    .nullable(),
  /** Events that are not taken, whatever `events` says */
  dropped_events: z
    .array(eventNameSchema, 'expected a list of events')
    .max(1_000, 'expected at most 1,000 events'),
  payments_enabled: z.boolean('expected true or false'),
  /** Share of events that are stored, in percent; events that count users or money are always stored */
  sample_global: percentSchema,
  /** The same for single events; wins over sample_global */
  sampling: z
    .record(eventNameSchema, percentSchema, 'expected percentages by event')
    .refine((sampling) => Object.keys(sampling).length <= 1_000, 'expected at most 1,000 events'),
  maintenance: z
    .array(maintenanceWindowSchema, 'expected a list of windows')
    .max(100, 'expected at most 100 windows'),
  /** Objects that share the counting of users: 1, or more for a game that one object cannot serve */
  sketch_shards: z
    .int('expected a whole number')
    .min(1, 'expected at least 1 shard')
    .max(MAX_SKETCH_SHARDS, `expected at most ${MAX_SKETCH_SHARDS} shards`),
  /** How long the answer to a small POST may wait for others that share its queue message, in milliseconds; 0: not */
  coalesce_ms: z
    .int('expected a whole number')
    .min(0, 'expected at least 0 milliseconds')
    .max(MAX_COALESCE_MS, `expected at most ${MAX_COALESCE_MS} milliseconds`),
  /** Until when somebody watches the live feed, in milliseconds since the epoch; 0 for never */
  live_until_ms: z.int().nonnegative(),
  /** RFC 3339; empty before the first change */
  updated_time: z.string(),
  /** Who made the last change */
  updated_by: z.string(),
})
export type GameSettings = z.output<typeof gameSettingsSchema>

/** The settings of a game that nobody has changed: everything is taken. */
export const DEFAULT_SETTINGS: GameSettings = {
  version: 0,
  ingest_enabled: true,
  ingest_disabled_reason: '',
  events: null,
  dropped_events: [],
  payments_enabled: true,
  sample_global: 100,
  sampling: {},
  maintenance: [],
  sketch_shards: 1,
  coalesce_ms: 0,
  live_until_ms: 0,
  updated_time: '',
  updated_by: '',
}

/** One change: the fields that it names get new values, the others stay. */
export const settingsPatchSchema = gameSettingsSchema
  .pick({
    ingest_enabled: true,
    ingest_disabled_reason: true,
    events: true,
    dropped_events: true,
    payments_enabled: true,
    sample_global: true,
    sampling: true,
    sketch_shards: true,
    coalesce_ms: true,
  })
  .extend({
    maintenance: z
      .array(
        z
          .strictObject(maintenanceWindowShape)
          .refine(({ start, end }) => Date.parse(start) < Date.parse(end), {
            path: ['end'],
            message: 'expected a time after start',
          }),
        'expected a list of windows',
      )
      .max(100, 'expected at most 100 windows')
      .refine(
        (windows) => new Set(windows.map(({ id }) => id)).size === windows.length,
        'expected windows with ids of their own',
      ),
  })
  .partial()
  .strict()
export type SettingsPatch = z.output<typeof settingsPatchSchema>

/** What became of a change: `conflict` when it was made for another version than the present one. */
export interface SettingsChange {
  readonly kind: 'changed' | 'conflict'
  /** After the change, or the present ones */
  readonly settings: GameSettings
}

/**
 * Settings that were stored, completed with the defaults where an older build did not know a field. Undefined
 * means that nothing is stored. Throws TypeError, which names the fields, for anything else than settings.
 */
export function completeSettings(stored: unknown): GameSettings {
  if (stored === undefined) return DEFAULT_SETTINGS
  const completed =
    typeof stored === 'object' && stored !== null ? { ...DEFAULT_SETTINGS, ...stored } : stored
  const parsed = gameSettingsSchema.safeParse(completed)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new TypeError(`the settings cannot be read: ${issues.join('; ')}`)
}

/**
 * The settings after a change by `by` at `nowMs` (milliseconds since the epoch); the version rises by one. A
 * game that is opened again loses the reason for which it was closed.
 */
export function changeSettings(
  settings: GameSettings,
  patch: SettingsPatch,
  { by, nowMs }: { readonly by: string; readonly nowMs: number },
): GameSettings {
  const reason = patch.ingest_enabled === true ? { ingest_disabled_reason: '' } : {}
  return gameSettingsSchema.parse({
    ...settings,
    ...reason,
    ...patch,
    version: settings.version + 1,
    updated_time: new Date(nowMs).toISOString(),
    updated_by: by,
  })
}
