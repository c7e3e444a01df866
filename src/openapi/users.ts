/** Operations on the users of the control plane. */
import { createTokenSchema, createUserSchema, patchUserSchema } from '../control/schemas.ts'
import { tokenSchema, userSchema, usersAnswerSchema, whoAmISchema } from './control-answers.ts'
import { CHANGE, CHANGE_OF_ONE, OF_USER, TAG } from './control.ts'
import type { Operation } from './operation.ts'
import { described } from './operation.ts'

const ROLE_NOTES = { role: 'A role of configs/rbac.json', games: 'Ids of games, or * for all' }

export const USER_OPERATIONS: readonly Operation[] = [
  {
    ...TAG,
    id: 'whoAmI',
    method: 'get',
    path: '/api/admin/me',
    summary: 'Who is asking, and what they may do',
    access: 'any_caller',
    scope: 'none',
    answers: [{ status: 200, description: 'The caller.', schema: whoAmISchema }],
  },
  {
    ...TAG,
    id: 'listUsers',
    method: 'get',
    path: '/api/admin/users',
    summary: 'Users of the control plane',
    access: 'users:manage',
    scope: 'all_games',
    answers: [{ status: 200, description: 'At most 1,000 users.', schema: usersAnswerSchema }],
  },
  {
    ...TAG,
    id: 'createUser',
    method: 'post',
    path: '/api/admin/users',
    summary: 'Make a user',
    access: 'users:manage',
    scope: 'all_games',
    body: {
      schema: described(createUserSchema, { ...ROLE_NOTES, user_id: 'Cannot be changed' }),
      example: { user_id: 'ana@example.com', role: 'analyst', games: ['demo'] },
    },
    answers: [{ status: 201, description: 'The user.', schema: userSchema }],
    problems: CHANGE,
  },
  {
    ...TAG,
    ...OF_USER,
    id: 'updateUser',
    method: 'patch',
    path: '/api/admin/users/{user_id}',
    summary: 'Change a user, disable a user, withdraw tokens',
    access: 'users:manage',
    body: {
      schema: described(patchUserSchema, {
        ...ROLE_NOTES,
        disabled: 'true: no token of the user works; they stay withdrawn when it is false again',
        withdraw_tokens: 'Withdraws every token that was made so far',
      }),
      example: { role: 'operator', games: '*' },
    },
    answers: [{ status: 200, description: 'The user after the change.', schema: userSchema }],
    problems: CHANGE_OF_ONE,
  },
  {
    ...TAG,
    ...OF_USER,
    id: 'createToken',
    method: 'post',
    path: '/api/admin/users/{user_id}/tokens',
    summary: 'Make a token of a user',
    access: 'users:manage',
    body: {
      schema: described(createTokenSchema, { ttl_seconds: 'How long it works; at most 30 days' }),
      optional: true,
      example: { ttl_seconds: 86_400 },
    },
    answers: [{ status: 201, description: 'The token; shown once.', schema: tokenSchema }],
    problems: CHANGE_OF_ONE,
  },
]
