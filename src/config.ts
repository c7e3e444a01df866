/**
 * String variables of the Worker, parsed once per isolate. Bindings are typed by wrangler; strings can
 * hold anything, so a wrong one fails on the first request with its name.
 */
import { z } from 'zod'

import type { ClickHouseConnection } from './clickhouse/connection.ts'
import { connectionFrom } from './clickhouse/connection.ts'
import type { QueueType } from './queue/create-event-queue.ts'
import { QUEUE_TYPES } from './queue/create-event-queue.ts'
import type { HashKey } from './sketch/token.ts'
import { hashKeyId, parseHashKey } from './sketch/token.ts'

export interface Config {
  readonly queueType: QueueType
  readonly clickhouse: ClickHouseConnection
  readonly hashKey: HashKey
  /** hashKeyId of hashKey */
  readonly hashId: number
  /** Where sketches are created; null: near the first caller */
  readonly locationHint: LocationHint | null
  /** Opens every administrative route */
  readonly adminKey: string
  /** Signs the tokens of users (HS256) */
  readonly jwtSecret: string
  /** The secrets with which servers sign requests are derived from it */
  readonly ingestSecret: string
}

/** Location hints of the platform for Durable Objects. */
const LOCATION_HINTS = ['wnam', 'enam', 'sam', 'weur', 'eeur', 'apac', 'oc', 'afr', 'me'] as const
type LocationHint = (typeof LOCATION_HINTS)[number]

/** Characters of a secret: 32 of hex are 128 bits. */
const MIN_SECRET_LENGTH = 32

/** A variable is missing or has a value that cannot be used; the message names it, never its value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

const secretSchema = z
  .string()
  .min(MIN_SECRET_LENGTH, `expected at least ${MIN_SECRET_LENGTH} characters`)

/** As secretSchema; a token has two dots, and a header carries no space: such a key would open nothing. */
const adminKeySchema = secretSchema.regex(/^[^\s.]*$/, 'expected no dots and no white space')

const envSchema = z.object({
  ANALYTICS_MQ_TYPE: z.enum(QUEUE_TYPES),
  CLICKHOUSE_DSN: z.string().optional(),
  CLICKHOUSE_URL: z.string().optional(),
  CLICKHOUSE_USER: z.string().optional(),
  CLICKHOUSE_PASSWORD: z.string().optional(),
  CLICKHOUSE_DATABASE: z.string().optional(),
  SKETCH_KEY: z.string(),
  ADMIN_KEY: adminKeySchema,
  JWT_SECRET: secretSchema,
  ANALYTICS_INGEST_SECRET: secretSchema,
  ANALYTICS_LOCATION_HINT: z.enum(
    ['', ...LOCATION_HINTS],
    `expected one of ${LOCATION_HINTS.join(', ')}, or nothing`,
  ),
})

const configs = new WeakMap<object, Config>()

/** The parsed configuration of an environment. Throws ConfigError. */
export function configOf(env: Env): Config {
  const known = configs.get(env)
  if (known !== undefined) return known
  const parsed = envSchema.safeParse(env)
  if (!parsed.success) {
    const names = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw new ConfigError(names.join('; '))
  }
  const {
    ANALYTICS_MQ_TYPE: queueType,
    SKETCH_KEY: sketchKey,
    ADMIN_KEY: adminKey,
    JWT_SECRET: jwtSecret,
    ANALYTICS_INGEST_SECRET: ingestSecret,
    ANALYTICS_LOCATION_HINT: locationHint,
    ...clickhouse
  } = parsed.data
  try {
    const hashKey = parseHashKey(sketchKey)
    const config: Config = {
      queueType,
      clickhouse: connectionFrom(clickhouse),
      hashKey,
      hashId: hashKeyId(hashKey),
      locationHint: locationHint === '' ? null : locationHint,
      adminKey,
      jwtSecret,
      ingestSecret,
    }
    configs.set(env, config)
    return config
  } catch (cause) {
    throw new ConfigError('a variable cannot be used', { cause })
  }
}
