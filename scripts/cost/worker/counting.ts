/**
 * Croupier as it is deployed, counting what the platform bills: it changes nothing, it only looks. Bindings and
 * storage are counted at their prototypes, so that calls from inside Durable Objects count too.
 *
 * The rate limiter is left out: it costs nothing on the platform, and in the simulator writes to a database.
 */
import croupier, {
  EventCoalescer,
  GameSettings,
  GameSketches,
  LiveFeed,
  NonceLedger,
} from '../../../src/index.ts'
import {
  countAlarms,
  countBatch,
  countBindings,
  countDatabase,
  countLogs,
  counts,
  countStorage,
} from './counters.ts'

countLogs()
for (const { prototype } of [EventCoalescer, GameSettings, GameSketches, LiveFeed, NonceLedger]) {
  countAlarms(prototype)
}

class CountedSettings extends GameSettings {
  constructor(ctx: DurableObjectState, env: Env) {
    countStorage(ctx.storage)
    super(ctx, env)
  }
}

class CountedSketches extends GameSketches {
  constructor(ctx: DurableObjectState, env: Env) {
    countStorage(ctx.storage)
    super(ctx, env)
  }
}

export {
  CountedSettings as GameSettings,
  CountedSketches as GameSketches,
  EventCoalescer,
  LiveFeed,
  NonceLedger,
}

let countedEnv: Env | undefined

/** One environment for all requests: the Worker remembers what it has parsed by the object. */
function counted(env: Env): Env {
  if (countedEnv !== undefined) return countedEnv
  countBindings(env)
  const changed: Env = Object.assign(Object.create(null), env, {
    INGEST_RATE: { limit: () => Promise.resolve({ success: true }) },
    CONTROL_DB: countDatabase(env.CONTROL_DB),
  })
  countedEnv = changed
  return changed
}

export default {
  fetch(request, env, ctx) {
    if (new URL(request.url).pathname === '/bench/counts') return Response.json(counts)
    counts.requests += 1
    return croupier.fetch(request, counted(env), ctx)
  },
  async queue(batch, env) {
    counts.batches += 1
    await croupier.queue(countBatch(batch), counted(env))
  },
} satisfies ExportedHandler<Env>
