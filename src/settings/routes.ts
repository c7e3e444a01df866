/** GET and POST /api/analytics/filters: what a game takes in, read and changed while it runs. */
import type { Context } from 'hono'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'

import { MAX_BODY_BYTES, SETTINGS_CACHE_MS } from '../../configs/limits.ts'
import { requirePermission } from '../access/require-permission.ts'
import { ApiError } from '../api-error.ts'
import type { AppEnv } from '../app-env.ts'
import type { GameSettings, SettingsPatch } from '../event/game-settings.ts'
import { maskSecrets } from '../event/masking.ts'
import { auditRefusals, onRecord } from './audit.ts'
import type { FieldFault } from './canonical-names.ts'
import { canonicalPatch } from './canonical-names.ts'
import { forgetSettings } from './current-settings.ts'
import type { FiltersAnswer, FiltersChanged } from './schemas.ts'
import { filtersBodySchema } from './schemas.ts'
import { changeStoredSettings, readStoredSettings } from './stored-settings.ts'

/** Faults that one answer tells. */
const MAX_TOLD_FAULTS = 10

interface AskedChange {
  readonly patch: SettingsPatch
  readonly version: number | undefined
  /** Of the body as sent */
  readonly bytes: number
}

/** Routes of the settings, to be mounted at /api/analytics. */
export function settingsRoutes(): Hono<AppEnv> {
  return new Hono<AppEnv>()
    .get('/filters', requirePermission('analytics:read'), async (c) =>
      c.json<FiltersAnswer>(toAnswer(await readStoredSettings(c.env, c.get('scope')))),
    )
    .post(
      '/filters',
      auditRefusals(),
      requirePermission('analytics:manage'),
      bodyLimit({ maxSize: MAX_BODY_BYTES, onError: refuseLargeBody }),
      async (c) => {
        const asked = await readChange(c)
        const record = { snapshot: maskSecrets(asked.patch).value, bytes: asked.bytes }
        const settings = await onRecord(c, record, () => change(c, asked))
        return c.json<FiltersChanged>({ ok: true, ...toAnswer(settings) })
      },
    )
    .all('/filters', (c) => {
      c.header('Allow', 'GET, POST')
      throw new ApiError('method_not_allowed', 'Read filters with GET, change them with POST.')
    })
}

function toAnswer(settings: GameSettings): FiltersAnswer {
  return { ...settings, reaches_ingest_within_seconds: Math.ceil(SETTINGS_CACHE_MS / 1_000) }
}

/** The settings after the change. Throws conflict and control_unavailable. */
async function change(c: Context<AppEnv>, { patch, version }: AskedChange): Promise<GameSettings> {
  const scope = c.get('scope')
  try {
    const by = c.get('principal').id
    const nowMs = c.get('nowMs')
    const outcome = await changeStoredSettings(c.env, scope, { patch, by, nowMs, version })
    if (outcome.kind === 'changed') return outcome.settings
    throw new ApiError(
      'conflict',
      `version: expected ${outcome.settings.version}, the present one; read the filters again.`,
    )
  } finally {
    // Also after a failure: the change may have been made although its answer did not arrive.
    forgetSettings(scope)
  }
}

/** The change that a body asks for. Throws empty_body, invalid_json, invalid_field. */
async function readChange(c: Context<AppEnv>): Promise<AskedChange> {
  const text = await c.req.text()
  const parsed = filtersBodySchema.safeParse(parseJson(text))
  if (!parsed.success) {
    refuse(
      parsed.error.issues.flatMap((issue) =>
        issue.code === 'unrecognized_keys'
          ? issue.keys.map((key) => ({ field: [...issue.path, key].join('.'), reason: 'unknown' }))
          : [{ field: issue.path.join('.') || 'body', reason: issue.message }],
      ),
    )
  }
  const { game_id: gameId, env, version, ...asked } = parsed.data
  const scope = c.get('scope')
  const { patch, faults } = canonicalPatch(asked, c.get('game'))
  const others = [
    ...otherScope('game_id', scope.gameId, gameId),
    ...otherScope('env', scope.env, env),
  ]
  if (others.length + faults.length > 0) refuse([...others, ...faults])
  return { patch, version, bytes: new TextEncoder().encode(text).byteLength }
}

function parseJson(text: string): unknown {
  if (text === '') throw new ApiError('empty_body', 'Send a JSON object with what is to change.')
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ApiError('invalid_json', 'Send a JSON object with what is to change.', { cause })
  }
}

function otherScope(field: string, own: string, named: string | undefined): FieldFault[] {
  const isOwn = named === undefined || named === own
  return isOwn ? [] : [{ field, reason: `expected ${own}, as the request says elsewhere` }]
}

function refuse(faults: readonly FieldFault[]): never {
  const told = faults.slice(0, MAX_TOLD_FAULTS).map(({ field, reason }) => `${field}: ${reason}`)
  const more = faults.length - told.length
  throw new ApiError('invalid_field', told.join('; ') + (more > 0 ? `; and ${more} more` : ''))
}

function refuseLargeBody(): never {
  throw new ApiError('body_too_large', `Send at most ${MAX_BODY_BYTES} bytes.`)
}
