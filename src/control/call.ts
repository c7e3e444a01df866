/** One administrative call: what the audit log will say of it, and its body. */
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { z } from 'zod'

import type { Permission } from '../access/rbac.ts'
import type { PermissionOptions } from '../access/require-permission.ts'
import { requirePermission } from '../access/require-permission.ts'
import { ApiError } from '../api-error.ts'
import type { AppEnv } from '../app-env.ts'
import { maskSecrets } from '../event/masking.ts'

/** Filled in while the call is handled. */
export interface Call {
  /** Such as keys.revoke */
  action: string
  gameId: string
  env: string
  target: string
  /** The body, masked; null before it was read */
  snapshot: unknown
  /** Bytes of the body as sent; 0 before it was read */
  bytes: number
  /** Whether the row was committed with the change already */
  isRecorded: boolean
}

export type ControlContext = Context<AppEnv>

const calls = new WeakMap<ControlContext, Call>()

/** What is known of the call so far; only its path for addresses that `allow` does not guard. */
export function callOf(c: ControlContext): Call {
  const known = calls.get(c)
  if (known !== undefined) return known
  const call: Call = {
    action: 'admin.call',
    gameId: '',
    env: '',
    target: c.req.path,
    snapshot: null,
    bytes: 0,
    isRecorded: false,
  }
  calls.set(c, call)
  return call
}

/** Fields that hold secrets in some address of this API; a body may hold them by mistake. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  'key',
  'key_hash',
  'pseudonym_secret',
  'signing_secret',
  'jwt',
  'admin_key',
])

/** Middleware: names the call for the audit log, then lets it pass for those who have the permission. */
export function allow(
  action: string,
  permission: Permission,
  scope: Exclude<PermissionOptions['scope'], 'game' | undefined>,
) {
  const required = requirePermission(permission, { scope })
  return createMiddleware<AppEnv>(async (c, next) => {
    const gameId = c.req.param('game_id') ?? ''
    const target = c.req.param('key_id') ?? c.req.param('user_id') ?? gameId
    Object.assign(callOf(c), { action, gameId, target })
    return required(c, next)
  })
}

/**
 * The JSON body of a call; an empty body is an empty object. Throws invalid_json, and invalid_field, which names every field at fault.
 */
export async function readFields<Schema extends z.ZodType>(
  c: ControlContext,
  schema: Schema,
): Promise<z.output<Schema>> {
  const body = await c.req.arrayBuffer()
  const call = callOf(c)
  call.bytes = body.byteLength
  const json = parseJson(body)
  call.snapshot = maskSecrets(json, SECRET_FIELDS).value
  const parsed = schema.safeParse(json, { error: expectation })
  if (parsed.success) return parsed.data
  throw new ApiError('invalid_field', parsed.error.issues.flatMap(faultsOf).join('; '))
}

function parseJson(body: ArrayBuffer): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(body)
    return text.trim() === '' ? {} : JSON.parse(text)
  } catch (cause) {
    throw new ApiError('invalid_json', 'Expected JSON in UTF-8.', { cause })
  }
}

/** Words for the faults that a schema has no words of its own for. */
function expectation(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.input === undefined) return 'is missing'
  if (issue.code === 'invalid_type') return `expected ${article(issue.expected)}`
  if (issue.code === 'invalid_value') return `expected one of ${issue.values.join(', ')}`
  return undefined
}

function article(type: string): string {
  if (type === 'record') return 'an object'
  return /^[aio]/.test(type) ? `an ${type}` : `a ${type}`
}

function faultsOf(issue: z.core.$ZodIssue): string[] {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${[...path, key].join('.')}: is no field of this address`)
  }
  return [`${path.length === 0 ? 'body' : path.join('.')}: ${issue.message}`]
}
