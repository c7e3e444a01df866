import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

/** A fixed key: the tests' sketches and vectors are reproducible. Any 16 hex digits do. */
const TEST_SKETCH_KEY = '0001020304050607'
const TEST_SECRETS = {
  ADMIN_KEY: 'test-admin-key-0123456789abcdef0123456789',
  JWT_SECRET: 'test-jwt-secret-0123456789abcdef0123456789',
  ANALYTICS_INGEST_SECRET: 'test-ingest-secret-0123456789abcdef01234',
}

export default defineConfig({
  test: {
    silent: 'passed-only',
    reporters: ['default', './test/stack/tally-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          // Property tests share two cores with whatever else runs; how fast they are is no claim of theirs.
          testTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        plugins: [
          cloudflareTest(({ inject }) => {
            const { url, user, password, database } = inject('clickhouse')
            return {
              wrangler: { configPath: './wrangler.toml' },
              miniflare: {
                bindings: {
                  SKETCH_KEY: TEST_SKETCH_KEY,
                  ...TEST_SECRETS,
                  CLICKHOUSE_URL: url,
                  CLICKHOUSE_USER: user,
                  CLICKHOUSE_PASSWORD: password,
                  CLICKHOUSE_DATABASE: database,
                },
              },
            }
          }),
        ],
        test: {
          name: 'workers',
          provide: { d1Migrations: await readD1Migrations('configs/d1') },
          include: ['test/workers/**/*.test.ts'],
          globalSetup: ['test/stack/clickhouse-setup.ts'],
          fileParallelism: false,
          // itty-durable ships ES modules without saying so in its package.json.
          deps: { optimizer: { ssr: { enabled: true, include: ['itty-durable'] } } },
          // A test may wait for the queue, which gathers dead letters for five seconds.
          testTimeout: 30_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/stack/clickhouse-setup.ts', 'test/stack/stack-setup.ts'],
          // The files share two cores and one stack with real processes behind it.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
