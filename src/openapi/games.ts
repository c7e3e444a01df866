/** Operations on games and their environments. */
import { createEnvironmentSchema, createGameSchema, patchGameSchema } from '../control/schemas.ts'
import {
  environmentSchema,
  environmentsAnswerSchema,
  gameSchema,
  gamesAnswerSchema,
} from './control-answers.ts'
import { CHANGE, CHANGE_OF_ONE, GAME, OF_GAME, TAG } from './control.ts'
import type { Operation } from './operation.ts'
import { described } from './operation.ts'

const GAME_NOTES = {
  name: 'For people',
  time_zone: 'IANA name; days are counted in it, and it cannot be changed later',
  game_type: 'Id of a game type of the catalog; filled in for events that do not say it',
  event_mode: 'strict: unknown events are quarantined; open: they are accepted with any properties',
  custom_events: 'Events that the game adds to the catalog',
  allowed_origins:
    'Origins whose pages may send events, such as https://play.example.com; * for all',
  pseudonymize: 'Replace user and device ids by pseudonyms before anything is stored',
  masked_properties: 'Properties whose values are never stored',
}

export const GAME_OPERATIONS: readonly Operation[] = [
  {
    ...TAG,
    id: 'listGames',
    method: 'get',
    path: '/api/admin/games',
    summary: 'Games that the caller may work with',
    access: 'games:read',
    scope: 'none',
    answers: [
      {
        status: 200,
        description: 'At most 1,000 games, without their custom events.',
        schema: gamesAnswerSchema,
      },
    ],
  },
  {
    ...TAG,
    id: 'createGame',
    method: 'post',
    path: '/api/admin/games',
    summary: 'Make a game',
    access: 'games:manage',
    scope: 'all_games',
    body: {
      schema: described(createGameSchema, {
        ...GAME_NOTES,
        game_id: 'Part of object names and sorting keys; cannot be changed',
        environments: 'Environments to begin with',
      }),
      example: {
        game_id: 'demo',
        name: 'Demo',
        time_zone: 'Europe/Berlin',
        environments: ['prod', 'dev'],
      },
    },
    answers: [{ status: 201, description: 'The game.', schema: gameSchema }],
    problems: CHANGE,
  },
  {
    ...TAG,
    ...OF_GAME,
    id: 'getGame',
    method: 'get',
    path: GAME,
    summary: 'One game',
    access: 'games:read',
    answers: [{ status: 200, description: 'The game.', schema: gameSchema }],
    problems: ['rate_limited', 'not_found'],
  },
  {
    ...TAG,
    ...OF_GAME,
    id: 'updateGame',
    method: 'patch',
    path: GAME,
    summary: 'Change a game',
    description: 'What is absent stays. `time_zone` may be repeated, not changed.',
    access: 'games:manage',
    body: {
      schema: described(patchGameSchema, GAME_NOTES),
      example: {
        event_mode: 'strict',
        custom_events: [
          {
            id: 'boss.defeated',
            attributes: { boss_level: { type: 'integer', required: true, minimum: 1 } },
          },
        ],
      },
    },
    answers: [{ status: 200, description: 'The game after the change.', schema: gameSchema }],
    problems: CHANGE_OF_ONE,
  },
  {
    ...TAG,
    ...OF_GAME,
    id: 'archiveGame',
    method: 'post',
    path: `${GAME}/archive`,
    summary: 'Close a game: it takes no events and answers no questions',
    access: 'games:manage',
    answers: [{ status: 200, description: 'The game.', schema: gameSchema }],
    problems: ['rate_limited', 'not_found', 'conflict'],
  },
  {
    ...TAG,
    ...OF_GAME,
    id: 'restoreGame',
    method: 'post',
    path: `${GAME}/restore`,
    summary: 'Open an archived game again',
    access: 'games:manage',
    answers: [{ status: 200, description: 'The game.', schema: gameSchema }],
    problems: ['rate_limited', 'not_found', 'conflict'],
  },
  {
    ...TAG,
    ...OF_GAME,
    id: 'listEnvironments',
    method: 'get',
    path: `${GAME}/environments`,
    summary: 'Environments of a game',
    access: 'games:read',
    answers: [{ status: 200, description: 'They.', schema: environmentsAnswerSchema }],
    problems: ['rate_limited', 'not_found'],
  },
  {
    ...TAG,
    ...OF_GAME,
    id: 'createEnvironment',
    method: 'post',
    path: `${GAME}/environments`,
    summary: 'Add an environment to a game',
    access: 'games:manage',
    body: {
      schema: described(createEnvironmentSchema, { env: 'Such as prod, staging or dev' }),
      example: { env: 'staging' },
    },
    answers: [{ status: 201, description: 'The environment.', schema: environmentSchema }],
    problems: CHANGE_OF_ONE,
  },
]
