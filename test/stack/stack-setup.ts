/**
 * Global setup: the whole system with a game, as `inject('stack')`. Tests that kill a part of it start one
 * of their own with startStack().
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { TestProject } from 'vitest/node'

import { newKeys } from '../../scripts/local/control-database.ts'
import { startStack } from '../../scripts/local/stack.ts'
import { signingSecretOf } from '../../src/access/signing-secret.ts'
import { openTestDatabase } from './test-database.ts'

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const game = { gameId: 'e2e', env: 'prod', timeZone: 'UTC', ...newKeys() }
  const dataDir = mkdtempSync(join(tmpdir(), 'croupier-stack-'))
  const database = await openTestDatabase()
  const removeAll = async (): Promise<void> => {
    await database.remove()
    rmSync(dataDir, { recursive: true, force: true })
  }
  try {
    const { connection } = database
    const stack = await startStack({
      dataDir,
      clickhouse: connection,
      games: [{ ...game, name: 'End to end' }],
      log: () => undefined,
    })
    const { adminKey, ingestSecret } = stack.secrets
    project.provide('stack', {
      ...game,
      serverKeyId: game.keyIds.server,
      signingSecret: await signingSecretOf(ingestSecret, game.keyIds.server),
      adminKey,
      url: stack.url,
      clickhouse: connection,
    })
    return async () => {
      await stack.stop()
      await removeAll()
    }
  } catch (error) {
    await removeAll()
    throw error
  }
}
