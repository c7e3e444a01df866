/**
 * The Worker of a chaos run: the real one, with queues, batches and objects that fail as the seed says. GET and POST
 * /__chaos are for the runner; this entry is never deployed.
 */
import type { CoalescedPost } from '../../../durable/coalesced-post.ts'
import real, {
  EventCoalescer as RealEventCoalescer,
  GameSettings as RealGameSettings,
  GameSketches as RealGameSketches,
  LiveFeed,
  NonceLedger,
} from '../../../src/index.ts'
import { deliver } from './batches.ts'
import { injectFaults } from './objects.ts'
import { failingEnv } from './queues.ts'
import { chaos } from './state.ts'

const CONTROL = '/__chaos'

export default {
  ...real,
  async fetch(request, env, ctx) {
    const url = new URL(request.url)
    if (url.pathname === CONTROL) return control(request, url, env)
    return real.fetch(request, failingEnv(env), ctx)
  },
  queue: (batch, env) => deliver(batch, env, real.queue),
} satisfies ExportedHandler<Env>

/** `?seed=7` begins, `?seed=none` ends; a body is a message that is sent to the events queue, as it is. */
async function control(request: Request, url: URL, env: Env): Promise<Response> {
  if (request.method === 'POST') {
    await env.EVENTS_QUEUE.send(new Uint8Array(await request.arrayBuffer()), {
      contentType: 'bytes',
    })
  }
  const seed = url.searchParams.get('seed')
  if (seed !== null) chaos.follow(seed === 'none' ? null : Number(seed))
  return Response.json(chaos.state())
}

export class GameSketches extends RealGameSketches {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, failingEnv(env))
  }
}
injectFaults(GameSketches.prototype, RealGameSketches.prototype)

export class GameSettings extends RealGameSettings {}
injectFaults(GameSettings.prototype, RealGameSettings.prototype)

class CountedEventCoalescer extends RealEventCoalescer {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, failingEnv(env))
  }

  override async enqueue(post: CoalescedPost): Promise<number> {
    const backlogBytes = await super.enqueue(post)
    chaos.coalesced += 1
    return backlogBytes
  }
}

export class EventCoalescer extends CountedEventCoalescer {}
injectFaults(EventCoalescer.prototype, CountedEventCoalescer.prototype)

export { LiveFeed, NonceLedger }
