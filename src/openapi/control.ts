/** What the operations of the control plane have in common. */
import { z } from 'zod'

import type { ProblemCode } from '../api-error.ts'

export const TAG = { tag: 'control', problems: ['rate_limited'] } as const
export const CHANGE: readonly ProblemCode[] = [
  'rate_limited',
  'invalid_encoding',
  'invalid_json',
  'invalid_field',
  'body_too_large',
  'conflict',
]
export const CHANGE_OF_ONE: readonly ProblemCode[] = [...CHANGE, 'not_found']

export const GAME = '/api/admin/games/{game_id}'
const gameId = z.string().meta({ description: 'Id of the game' })
export const OF_GAME = {
  scope: 'path_game',
  pathParameters: z.strictObject({ game_id: gameId }),
} as const
export const OF_KEY = {
  scope: 'path_game',
  pathParameters: z.strictObject({
    game_id: gameId,
    key_id: z.string().meta({ description: 'Id of the key, such as k_0123456789abcdef' }),
  }),
} as const
export const OF_USER = {
  scope: 'all_games',
  pathParameters: z.strictObject({ user_id: z.string().meta({ description: 'Id of the user' }) }),
} as const
