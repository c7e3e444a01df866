/**
 * The deployed class of the sketches, in its own storage, with a clock that the simulation sets and a meter on what is
 * billed. Deliveries come as bytes, each with its time; alarms that are due before it ring first.
 */
import { DurableObject } from 'cloudflare:workers'
import { z } from 'zod'

import type { TokenDelivery } from '../../../../durable/figures.ts'
import { GameSketches as DeployedSketches } from '../../../../durable/game-sketches.ts'
import { gameSketchesName } from '../../../../durable/names.ts'
import type { TokenGroup } from '../../../../src/event/envelope.ts'
import { BREAKDOWN_COLUMNS } from '../../../../src/event/envelope.ts'
import type { TimedDelivery } from '../frames.ts'
import { decodeFrames } from '../frames.ts'
import type { Meter, Metered } from './meter.ts'
import { meterStorage, newMeter } from './meter.ts'

// wrangler.toml names them, so a bundle has them.
export { EventCoalescer } from '../../../../durable/event-coalescer.ts'
export { GameSettings } from '../../../../durable/game-settings.ts'
export { LiveFeed } from '../../../../durable/live-feed.ts'
export { NonceLedger } from '../../../../durable/nonce-ledger.ts'

interface SimulationEnv extends Env {
  readonly GAME_SKETCHES: DurableObjectNamespace<GameSketches>
  readonly NO_SKETCHES: DurableObjectNamespace<NoSketches>
}

const clock = { nowMs: 0 }
Date.now = () => clock.nowMs

const objects = new Map<string, Metered>()

function meteredOf(name: string): Metered {
  const known = objects.get(name)
  if (known !== undefined) return known
  const metered: Metered = { meter: newMeter(), alarmMs: null }
  objects.set(name, metered)
  return metered
}

function countingQueue(meter: Meter) {
  return {
    send(message: Uint8Array) {
      meter.messages += 1
      meter.messageBytes += message.byteLength
      return Promise.resolve()
    },
  }
}

export class GameSketches extends DeployedSketches {
  readonly #metered: Metered
  readonly #settle: () => void

  constructor(ctx: DurableObjectState, env: Env) {
    const metered = meteredOf(ctx.id.name ?? '')
    const settle = meterStorage(ctx.storage, metered)
    const EVENTS_QUEUE = countingQueue(metered.meter)
    super(ctx, Object.assign(Object.create(null), env, { EVENTS_QUEUE }))
    this.#metered = metered
    this.#settle = settle
  }

  override addTokens(delivery: TokenDelivery | readonly TokenGroup[]): void {
    this.#metered.meter.calls += 1
    try {
      super.addTokens(delivery)
    } finally {
      this.#settle()
    }
  }

  /** Runs the alarm: the runtime rings by the clock of the machine. */
  async ring(): Promise<void> {
    this.#metered.meter.alarms += 1
    await this.alarm()
    this.#settle()
  }

  /** Bytes of the database, and of what is stored in each of its tables. */
  stored(): Record<string, number> {
    const { sql } = this.ctx.storage
    const bytesOf = (query: string): number =>
      sql.exec<{ bytes: number }>(`SELECT coalesce(${query}`).one().bytes
    const stored = {
      database: sql.databaseSize,
      minutes: bytesOf(`count(*), 0) AS bytes FROM sketches WHERE metric = 'online'`),
      minuteBytes: bytesOf(`sum(length(frame)), 0) AS bytes FROM sketches WHERE metric = 'online'`),
      dayBytes: bytesOf(`sum(length(frame)), 0) AS bytes FROM sketches WHERE metric <> 'online'`),
      sampleBytes: bytesOf('sum(length(frame)), 0) AS bytes FROM samples'),
      breakdownBytes: bytesOf('sum(length(page)), 0) AS bytes FROM breakdowns'),
      hotBytes: bytesOf('sum(length(records)), 0) AS bytes FROM hot'),
    }
    this.#settle()
    return stored
  }
}

/** Takes the same calls and does nothing: what the runtime and the simulation cost by themselves. */
export class NoSketches extends DurableObject {
  addTokens(_delivery: TokenDelivery): void {}
}

async function advance(env: SimulationEnv, toMs: number): Promise<void> {
  for (;;) {
    let next: { readonly name: string; readonly atMs: number } | null = null
    for (const [name, { alarmMs }] of objects) {
      if (alarmMs === null || alarmMs > toMs) continue
      if (next === null || alarmMs < next.atMs) next = { name, atMs: alarmMs }
    }
    if (next === null) break
    clock.nowMs = Math.max(clock.nowMs, next.atMs)
    meteredOf(next.name).alarmMs = null
    await env.GAME_SKETCHES.getByName(next.name).ring()
  }
  clock.nowMs = Math.max(clock.nowMs, toMs)
}

function toCall({ game, shard, groups }: TimedDelivery): { name: string; delivery: TokenDelivery } {
  return { name: gameSketchesName(game, shard), delivery: { ...game, shard, groups } }
}

async function deliver(env: SimulationEnv, deliveries: readonly TimedDelivery[]): Promise<void> {
  for (const timed of deliveries) {
    await advance(env, timed.atMs)
    const { name, delivery } = toCall(timed)
    await env.GAME_SKETCHES.getByName(name).addTokens(delivery)
  }
}

async function deliverToNobody(
  env: SimulationEnv,
  deliveries: readonly TimedDelivery[],
): Promise<void> {
  for (const timed of deliveries) {
    const { name, delivery } = toCall(timed)
    await env.NO_SKETCHES.getByName(name).addTokens(delivery)
  }
}

const questionSchema = z.object({
  name: z.string(),
  day: z.number(),
  minute: z.number(),
  from: z.number(),
  to: z.number(),
})

async function figures(env: SimulationEnv, question: unknown): Promise<unknown> {
  const { name, day, minute, from, to } = questionSchema.parse(question)
  const sketches = env.GAME_SKETCHES.getByName(name)
  const breakdowns = []
  for (const column of BREAKDOWN_COLUMNS) {
    breakdowns.push(await sketches.breakdown({ metric: 'dau', day, column }))
  }
  return {
    realtime: await sketches.realtime({ day, minute }),
    breakdowns,
    minutes: await sketches.minutes({ from, to }),
    cohorts: await sketches.cohorts({ from: day - 1, to: day - 1 }),
  }
}

async function meters(env: SimulationEnv): Promise<unknown> {
  const found = []
  for (const [name, { meter, alarmMs }] of objects) {
    const stored = await env.GAME_SKETCHES.getByName(name).stored()
    found.push({ name, meter, alarmMs, stored })
  }
  return found
}

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url)
    switch (pathname) {
      case '/deliver':
        await deliver(env, decodeFrames(new Uint8Array(await request.arrayBuffer())))
        return Response.json({})
      case '/deliver-to-nobody':
        await deliverToNobody(env, decodeFrames(new Uint8Array(await request.arrayBuffer())))
        return Response.json({})
      case '/advance':
        await advance(env, Number(searchParams.get('to_ms')))
        return Response.json({})
      case '/meters':
        return Response.json(await meters(env))
      case '/figures':
        return Response.json(await figures(env, await request.json()))
      default:
        return new Response(null, { status: 404 })
    }
  },
} satisfies ExportedHandler<SimulationEnv>
