/** How callers say who they are, and which of the ways opens an operation. */
import type { ZodOpenApiSecuritySchemeObject } from 'zod-openapi'

import { PERMISSIONS, permissionsOfKey, permissionsOfRole, ROLES } from '../access/rbac.ts'
import type { Operation } from './operation.ts'

const bearer = (description: string): ZodOpenApiSecuritySchemeObject => ({
  type: 'http',
  scheme: 'bearer',
  description,
})
const header = (name: string, description: string): ZodOpenApiSecuritySchemeObject => ({
  type: 'apiKey',
  in: 'header',
  name,
  description,
})

export const SECURITY_SCHEMES: Readonly<Record<string, ZodOpenApiSecuritySchemeObject>> = {
  writeKey: bearer('Write key (cw_…): in the hands of clients, sends events of one game.'),
  serverKey: bearer("Server key (cs_…): the studio's own servers; its word on money counts more."),
  readKey: bearer('Read key (cr_…): asks about one game.'),
  userToken: bearer('Token of a user; the role decides what it opens, see configs/rbac.json.'),
  adminKey: bearer('The admin key of the deployment.'),
  keyInUrl: {
    type: 'apiKey',
    in: 'query',
    name: 'key',
    description: 'A write key, for beacons, which cannot set headers.',
  },
  signature: header(
    'X-Signature',
    'base64(HMAC-SHA256(signing secret, X-Timestamp + "\\n" + X-Nonce + "\\n" + SHA-256 of the body as sent in hex))',
  ),
  signatureTimestamp: header('X-Timestamp', 'Seconds since the epoch, at most 300 off.'),
  signatureNonce: header('X-Nonce', 'Visible ASCII that is used once.'),
  signatureKeyId: header(
    'X-Key-Id',
    'Id of the server key; without it X-Game-ID and X-Env are needed.',
  ),
}

const KEY_KINDS = ['write', 'server', 'read'] as const

/** Names of roles that may call. */
export function rolesOf({ access }: Operation): readonly string[] {
  const permission = PERMISSIONS.find((name) => name === access)
  if (permission === undefined) return access === 'any_caller' ? ROLES : []
  return ROLES.filter((role) => permissionsOfRole(role).includes(permission))
}

/** Kinds of keys that may call. */
export function keyKindsOf({ access }: Operation): readonly (typeof KEY_KINDS)[number][] {
  if (access === 'any_caller') return KEY_KINDS
  const permission = PERMISSIONS.find((name) => name === access)
  if (permission === undefined) return []
  return KEY_KINDS.filter((kind) => permissionsOfKey(kind).includes(permission))
}

/** Security requirements of OpenAPI: any one of them is enough. */
export function securityOf(operation: Operation): Record<string, string[]>[] {
  const { access, keyInUrl = false } = operation
  if (access === 'public') return []
  if (access === 'signed') {
    const signed = { signature: [], signatureTimestamp: [], signatureNonce: [] }
    return [{ ...signed, signatureKeyId: [] }, signed]
  }
  const keys = keyKindsOf(operation).map((kind) => ({ [`${kind}Key`]: [] }))
  return [
    ...keys,
    ...(keyInUrl ? [{ keyInUrl: [] }] : []),
    { userToken: [...rolesOf(operation)] },
    { adminKey: [] },
  ]
}
