/** The objects in a workerd of their own, with SQLite storage; nothing is kept of a run. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from 'wrangler'
import { z } from 'zod'

import { bundleWorker } from '../../bench/bundle.ts'
import { cpuSeconds, workerdChildren } from '../../bench/processes.ts'
import { PROJECT_ROOT } from '../../local/wrangler.ts'
import type { TimedDelivery } from './frames.ts'
import { encodeFrames } from './frames.ts'

const WORKER_NAME = 'sketch-day'

/** The key of the tokens: any 16 hex digits. */
export const SKETCH_KEY = '0001020304050607'

/** Deliveries of one request: what is posted stays below 10 MB. */
const DELIVERIES_PER_POST = 500

/** A request carries up to a minute of work on a busy machine. */
const CALL_DEADLINE_MS = 300_000

const deployedSchema = z.looseObject({
  compatibilityDate: z.string(),
  compatibilityFlags: z.array(z.string()),
  bindings: z.record(z.string(), z.json()),
})

const metersSchema = z.array(
  z.object({
    name: z.string(),
    meter: z.record(z.string(), z.number()),
    alarmMs: z.number().nullable(),
    stored: z.record(z.string(), z.number()),
  }),
)

/** What one object did and stores. */
export type ObjectMeter = z.output<typeof metersSchema>[number]

/** The runtime with the objects in it. */
export interface ObjectsRuntime {
  /** Makes the calls, each at its time; alarms that are due ring first. */
  deliver(deliveries: readonly TimedDelivery[]): Promise<void>
  /** Makes the calls to an object that does nothing. */
  deliverToNobody(deliveries: readonly TimedDelivery[]): Promise<void>
  /** Sets the clock ahead; alarms that are due ring. */
  advance(toMs: number): Promise<void>
  meters(): Promise<ObjectMeter[]>
  figures(question: object): Promise<unknown>
  /** User and system time of the process, in seconds */
  cpuSeconds(): number
  stop(): Promise<void>
}

/** Starts the runtime. Throws with the words of wrangler when the Worker cannot be bundled. */
export async function startObjects(): Promise<ObjectsRuntime> {
  const directory = mkdtempSync(join(tmpdir(), 'croupier-sketch-day-'))
  try {
    const modules = await bundleWorker({
      source: 'scripts/simulate/sketch-day/worker/objects.ts',
      directory,
    })
    return await start(modules)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function start(modules: Awaited<ReturnType<typeof bundleWorker>>): Promise<ObjectsRuntime> {
  // wrangler would say on the terminal which secrets are missing.
  process.env['WRANGLER_LOG'] ??= 'none'
  const deployed = deployedSchema.parse(
    workerOptionsOf(join(PROJECT_ROOT, 'wrangler.toml')).workerOptions,
  )
  const { compatibilityDate, compatibilityFlags, bindings } = deployed
  const secret = 'a secret of the simulation that opens nothing'.replaceAll(' ', '-')
  const others = new Set(workerdChildren(process.pid))
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      log: new Log(LogLevel.ERROR),
      workers: [
        {
          name: WORKER_NAME,
          compatibilityDate,
          compatibilityFlags,
          bindings: {
            ...bindings,
            SKETCH_KEY,
            ADMIN_KEY: secret,
            JWT_SECRET: secret,
            ANALYTICS_INGEST_SECRET: secret,
            CLICKHOUSE_PASSWORD: '',
          },
          durableObjects: {
            GAME_SKETCHES: objectOf('GameSketches'),
            NO_SKETCHES: objectOf('NoSketches'),
          },
          modulesRoot: '/',
          modules: modules.map(({ path, ...module }) => ({ ...module, path: `/${path}` })),
          unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
        },
      ],
    }),
  )
  await miniflare.ready
  const pid = workerdChildren(process.pid).find((child) => !others.has(child))
  if (pid === undefined) throw new Error('no workerd process was started')
  const url = (await miniflare.unsafeGetDirectURL(WORKER_NAME)).origin
  return {
    deliver: (deliveries) => postDeliveries(`${url}/deliver`, deliveries),
    deliverToNobody: (deliveries) => postDeliveries(`${url}/deliver-to-nobody`, deliveries),
    async advance(toMs) {
      await post(`${url}/advance?to_ms=${toMs}`, '')
    },
    meters: async () => metersSchema.parse(await post(`${url}/meters`, '')),
    figures: (question) => post(`${url}/figures`, JSON.stringify(question)),
    cpuSeconds: () => cpuSeconds(pid),
    stop: () => miniflare.dispose(),
  }
}

async function postDeliveries(url: string, deliveries: readonly TimedDelivery[]): Promise<void> {
  for (let at = 0; at < deliveries.length; at += DELIVERIES_PER_POST) {
    const frames = encodeFrames(deliveries.slice(at, at + DELIVERIES_PER_POST))
    await post(url, new Blob([new Uint8Array(frames)]))
  }
}

/** Throws with what the Worker said. */
async function post(url: string, body: string | Blob): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    body,
    // While a day is made up, this process hears nothing of a connection that the other side closes.
    headers: { Connection: 'close' },
    signal: AbortSignal.timeout(CALL_DEADLINE_MS),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 2_000)}`)
  return JSON.parse(text)
}

function objectOf(className: string) {
  return { className, useSQLite: true, unsafePreventEviction: true }
}
