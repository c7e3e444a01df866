/** Who may do what: configs/rbac.json, checked when the Worker starts. */
import { z } from 'zod'

import rbacFile from '../../configs/rbac.json' with { type: 'json' }

export const PERMISSIONS = [
  'events:write',
  'analytics:read',
  'analytics:manage',
  'games:read',
  'games:manage',
  'keys:manage',
  'users:manage',
  'audit:read',
] as const
export type Permission = (typeof PERMISSIONS)[number]

const permissionsSchema = z.array(z.enum(PERMISSIONS))

const rbacSchema = z.strictObject({
  /** Permissions of users, by role */
  roles: z.record(z.string().regex(/^[a-z][a-z0-9_]{0,63}$/), permissionsSchema),
  /** Permissions of keys, by kind */
  keys: z.strictObject({
    write: permissionsSchema,
    server: permissionsSchema,
    read: permissionsSchema,
  }),
})
export type Rbac = z.output<typeof rbacSchema>

/** The content of configs/rbac.json. Throws ZodError naming what is wrong in it. */
export function parseRbac(json: unknown): Rbac {
  return rbacSchema.parse(json)
}

const rbac = parseRbac(rbacFile)

/** Names of the roles, as rbac.json lists them. */
export const ROLES: readonly string[] = Object.keys(rbac.roles)

/** What a role allows; nothing for one that rbac.json does not know. */
export function permissionsOfRole(role: string): readonly Permission[] {
  return Object.hasOwn(rbac.roles, role) ? (rbac.roles[role] ?? []) : []
}

/** What a kind of key allows. */
export function permissionsOfKey(kind: keyof Rbac['keys']): readonly Permission[] {
  return rbac.keys[kind]
}
