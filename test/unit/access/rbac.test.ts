import { describe, it } from 'vitest'

import rbacFile from '../../../configs/rbac.json' with { type: 'json' }
import {
  parseRbac,
  PERMISSIONS,
  permissionsOfKey,
  permissionsOfRole,
  ROLES,
} from '../../../src/access/rbac.ts'

describe('configs/rbac.json', () => {
  it('gives roles and keys what they are for', ({ expect }) => {
    expect(ROLES).toEqual(['admin', 'operator', 'developer', 'analyst', 'viewer'])
    expect(permissionsOfRole('admin')).toEqual(PERMISSIONS)
    expect(permissionsOfRole('viewer')).toEqual(['analytics:read'])
    expect(permissionsOfKey('write')).toEqual(['events:write'])
    expect(permissionsOfKey('server')).toEqual(['events:write'])
    expect(permissionsOfKey('read')).toEqual(['analytics:read'])
  })

  it('gives nothing to a role that it does not know', ({ expect }) => {
    for (const role of ['', 'god', 'constructor', '__proto__', 'toString']) {
      expect(permissionsOfRole(role)).toEqual([])
    }
  })
})

describe('parseRbac', () => {
  it.for([
    ['a permission that does not exist', { ...rbacFile, roles: { viewer: ['events:delete'] } }],
    ['a role with a name that is none', { ...rbacFile, roles: { 'The Boss': [] } }],
    ['a kind of key that does not exist', { ...rbacFile, keys: { ...rbacFile.keys, root: [] } }],
    ['a kind of key that is missing', { ...rbacFile, keys: { write: [], read: [] } }],
    ['a field that means nothing', { ...rbacFile, users: {} }],
  ] as const)('refuses %s', ([, json], { expect }) => {
    expect(() => parseRbac(json)).toThrow()
  })
})
