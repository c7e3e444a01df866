/** What the global setups hand to the tests: `inject('clickhouse')`, `inject('stack')`. Types only. */
import type { ClickHouseConnection } from '../../src/clickhouse/connection.ts'

/** The running system of the end-to-end tests, with a game that is theirs. */
export interface ProvidedStack {
  /** `http://127.0.0.1:<port>` of the Worker */
  readonly url: string
  readonly gameId: string
  readonly env: string
  readonly timeZone: string
  readonly writeKey: string
  readonly serverKey: string
  /** Id of serverKey, for signed requests */
  readonly serverKeyId: string
  /** Signs requests in the name of serverKey */
  readonly signingSecret: string
  readonly readKey: string
  /** Opens every administrative route */
  readonly adminKey: string
  /** The database behind it */
  readonly clickhouse: ClickHouseConnection
}

declare module 'vitest' {
  interface ProvidedContext {
    /** A real ClickHouse with a migrated database that belongs to this test run */
    readonly clickhouse: ClickHouseConnection
    readonly stack: ProvidedStack
    /** Migrations of the control database, for applyD1Migrations() */
    readonly d1Migrations: { name: string; queries: string[] }[]
  }
}
