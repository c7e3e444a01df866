/** A ClickHouse that is killed and comes back on the same data, and when it was certainly away. */
import { setTimeout as sleep } from 'node:timers/promises'

import type { ClickHouseServer } from '../local/clickhouse.ts'
import { startClickHouse } from '../local/clickhouse.ts'

interface Outage {
  readonly fromMs: number
  /** Not over yet when it is infinite */
  untilMs: number
}

export class MortalClickHouse {
  readonly #dataDir: string
  readonly #outages: Outage[] = []
  #server: ClickHouseServer
  /** From the kill until it answers again; stays when it does not come back */
  #crash: Promise<void> | null = null
  #failure: Error | null = null

  private constructor(dataDir: string, server: ClickHouseServer) {
    this.#dataDir = dataDir
    this.#server = server
  }

  static async start(dataDir: string): Promise<MortalClickHouse> {
    return new MortalClickHouse(dataDir, await startClickHouse({ dataDir }))
  }

  get url(): string {
    return this.#server.url
  }

  get port(): number {
    return this.#server.port
  }

  /** SIGKILL; starts it again `awayMs` later. Resolves when the process is dead; joins a crash that is under way. */
  async crash(awayMs: number): Promise<void> {
    if (this.#crash !== null) return
    const dead = this.#server.kill()
    this.#crash = dead
      .then(() => this.#comeBack(awayMs))
      .catch((error: unknown) => {
        this.#failure = new Error('ClickHouse did not come back', { cause: error })
      })
    await dead
  }

  async #comeBack(awayMs: number): Promise<void> {
    const outage = { fromMs: Date.now(), untilMs: Number.POSITIVE_INFINITY }
    this.#outages.push(outage)
    await sleep(awayMs)
    outage.untilMs = Date.now()
    this.#server = await startClickHouse({ dataDir: this.#dataDir, port: this.port })
    this.#crash = null
  }

  /** Resolves when no crash is under way. Throws when it did not come back. */
  async untilBack(): Promise<void> {
    while (this.#crash !== null) {
      await this.#crash
      if (this.#failure !== null) throw this.#failure
    }
  }

  /** Whether it was dead all the time between two instants, in milliseconds since the epoch. */
  wasAway(fromMs: number, untilMs: number): boolean {
    return this.#outages.some((outage) => outage.fromMs <= fromMs && untilMs <= outage.untilMs)
  }

  async stop(): Promise<void> {
    // A restart that failed is reported by untilBack().
    await this.#crash
    await this.#server.stop()
  }
}
