/** docs/reference/roles.md: who may do what. */
import { PERMISSIONS, permissionsOfKey, permissionsOfRole, ROLES } from '../../src/access/rbac.ts'
import type { Operation } from '../../src/openapi/operation.ts'
import { OPERATIONS } from '../../src/openapi/operations.ts'
import { code, page, table } from './markdown.ts'

const KEY_KINDS = ['write', 'server', 'read'] as const

/** The page. */
export function rolesPage(): string {
  const columns = [
    ...ROLES.map((role) => ({ name: role, permissions: permissionsOfRole(role) })),
    ...KEY_KINDS.map((kind) => ({ name: `${kind} key`, permissions: permissionsOfKey(kind) })),
  ]
  const grants = PERMISSIONS.map((permission) => [
    code(permission),
    ...columns.map(({ permissions }) => (permissions.includes(permission) ? 'yes' : '')),
  ])
  const uses = PERMISSIONS.map((permission) => [
    code(permission),
    OPERATIONS.filter(({ access }) => access === permission)
      .map(addressOf)
      .join('<br>'),
  ])
  return page(
    'Roles and permissions',
    ['configs/rbac.json', 'src/openapi'],
    [
      'A user has one role, and works with a list of games or with all (`*`). A key belongs to one game and ' +
        'environment. The admin key of the deployment has every permission.',
      table(['permission', ...columns.map(({ name }) => name)], grants),
      '## What needs which permission\n\nRoutes that are not listed need no permission, or only a caller who is known: ' +
        'see [endpoints](endpoints.md).',
      table(['permission', 'routes'], uses),
      '`all games` in the endpoints means that the user must be one who works with all.',
    ],
  )
}

function addressOf({ method, path }: Operation): string {
  return code(`${method.toUpperCase()} ${path}`)
}
