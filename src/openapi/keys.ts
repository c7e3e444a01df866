/** Operations on the keys of a game. */
import { createKeySchema, rotateKeySchema } from '../control/schemas.ts'
import { keySchema, keysAnswerSchema, newKeySchema, rotatedKeySchema } from './control-answers.ts'
import { CHANGE_OF_ONE, GAME, OF_GAME, OF_KEY, TAG } from './control.ts'
import type { Operation } from './operation.ts'
import { described } from './operation.ts'

export const KEY_OPERATIONS: readonly Operation[] = [
  {
    ...TAG,
    ...OF_GAME,
    id: 'listKeys',
    method: 'get',
    path: `${GAME}/keys`,
    summary: 'Keys of a game, without the keys themselves',
    access: 'keys:manage',
    answers: [
      {
        status: 200,
        description: 'At most 1,000 keys, the youngest first.',
        schema: keysAnswerSchema,
      },
    ],
    problems: ['rate_limited', 'not_found'],
  },
  {
    ...TAG,
    ...OF_GAME,
    id: 'createKey',
    method: 'post',
    path: `${GAME}/keys`,
    summary: 'Make a key',
    access: 'keys:manage',
    body: {
      schema: described(createKeySchema, {
        env: 'An environment of the game',
        kind: 'write: clients send events; server: servers send and sign; read: questions',
        label: 'For people',
      }),
      example: { env: 'prod', kind: 'write', label: 'iOS client' },
    },
    answers: [{ status: 201, description: 'The key; shown once.', schema: newKeySchema }],
    problems: CHANGE_OF_ONE,
  },
  {
    ...TAG,
    ...OF_KEY,
    id: 'rotateKey',
    method: 'post',
    path: `${GAME}/keys/{key_id}/rotate`,
    summary: 'Replace a key; the old one works for the overlap',
    access: 'keys:manage',
    body: {
      schema: described(rotateKeySchema, {
        overlap_seconds: 'How long both keys work; at most 30 days',
      }),
      optional: true,
      example: { overlap_seconds: 86_400 },
    },
    answers: [{ status: 201, description: 'The new key; shown once.', schema: rotatedKeySchema }],
    problems: CHANGE_OF_ONE,
  },
  {
    ...TAG,
    ...OF_KEY,
    id: 'revokeKey',
    method: 'post',
    path: `${GAME}/keys/{key_id}/revoke`,
    summary: 'Revoke a key; it stops working within a minute',
    access: 'keys:manage',
    answers: [{ status: 200, description: 'The key, without itself.', schema: keySchema }],
    problems: ['rate_limited', 'not_found', 'conflict'],
  },
]
