/** One row of the table that the OpenAPI document, the page /docs and the tables of docs/reference are made from. */
import { z } from 'zod'

import type { Permission } from '../access/rbac.ts'
import type { ProblemCode } from '../api-error.ts'

/** What belongs together, in the order of the page. */
export const TAGS = {
  ingest: 'Sending events and payments. 2xx is said only after everything is on disk.',
  live: 'The latest events and what became of them, while they arrive.',
  quarantine: 'What was refused, why, and the replay of what passes by now.',
  query: 'Figures of a game.',
  catalog: 'What events, attributes, metrics and game types mean.',
  settings: 'What a game takes in at the moment.',
  control: 'Games, environments, keys and users.',
  audit: 'Who did what.',
  service: 'The service itself.',
} as const
export type Tag = keyof typeof TAGS

/** Who may call. `any_caller`: whoever has a key, a token or the admin key; `signed`: a server key signs. */
export type Access = Permission | 'public' | 'signed' | 'any_caller'

/** Stands in the example of a body for the time of the call. */
export const EXAMPLE_TIME = '2026-11-12T10:30:00Z'

interface Body {
  /** Body as JSON */
  readonly schema: z.ZodType
  /** Whether an empty body means `{}` */
  readonly optional?: boolean
  /** Further media types that carry the same JSON */
  readonly alsoAs?: readonly string[]
  /** Media type with one JSON value a line */
  readonly lines?: string
  /** Times that must not be old are written as EXAMPLE_TIME */
  readonly example: unknown
}

interface Answer {
  readonly status: 200 | 201 | 202 | 204 | 304 | 503
  readonly description: string
  /** Absent for an answer without a body */
  readonly schema?: z.ZodType
  /** application/json unless told */
  readonly mediaType?: string
  readonly example?: unknown
}

export interface Operation {
  /** camelCase, unique */
  readonly id: string
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** With parameters in braces */
  readonly path: string
  readonly tag: Tag
  /** A phrase without a full stop */
  readonly summary: string
  /** Sentences; code in backticks */
  readonly description?: string
  readonly access: Access
  /**
   * `game` (unless told): about one game and environment, the key's or the one that is named. `path_game`: about the
   * game of the path. `all_games`: only for callers who are limited to no games. `none`: about no game.
   */
  readonly scope?: 'game' | 'path_game' | 'all_games' | 'none'
  /** Whether a write key may stand in `?key=` */
  readonly keyInUrl?: boolean
  readonly query?: z.ZodObject
  readonly pathParameters?: z.ZodObject
  /** Values of parameters for the curl line */
  readonly exampleQuery?: Readonly<Record<string, string>>
  readonly body?: Body
  readonly answers: readonly [Answer, ...Answer[]]
  /** Beyond those that its access brings with it (see problemsOf) */
  readonly problems?: readonly ProblemCode[]
}

/**
 * The same parameters or fields with a description each, where the schema that parses them has none. What a schema
 * refines across fields is not part of it any more; JSON Schema could not say it.
 */
export function described<Shape extends Record<string, z.ZodType>>(
  { shape }: z.ZodObject<Shape>,
  notes: { readonly [Name in keyof Shape]?: string },
): z.ZodObject {
  return z.strictObject(
    Object.fromEntries(
      Object.entries(shape).map(([name, field]) => {
        const description = notes[name]
        return [name, description === undefined ? field : field.meta({ description })]
      }),
    ),
  )
}
