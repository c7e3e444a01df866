/** On what the benchmark has run: without it no figure means anything. */
import { readFile } from 'node:fs/promises'
import { cpus } from 'node:os'

import { z } from 'zod'

const packageSchema = z.object({ version: z.string() })

/** Packages whose versions matter, if they are installed. */
const PACKAGES = ['workerd', 'hyperloglog-lite', 'streamcount']

export interface Machine {
  /** Such as "2 x AMD EPYC" */
  readonly processor: string
  /** Such as "Node.js 24.0.0" */
  readonly versions: readonly string[]
}

export async function describeMachine(redisVersion: string): Promise<Machine> {
  const processors = cpus()
  const packages = await Promise.all(PACKAGES.map(versionOf))
  return {
    processor: `${processors.length} x ${processors[0]?.model.trim() ?? 'unknown'}`,
    versions: [
      `Node.js ${process.versions.node}`,
      `redis-server ${redisVersion}`,
      ...packages.filter((text) => text !== null),
    ],
  }
}

async function versionOf(name: string): Promise<string | null> {
  try {
    const file = new URL(import.meta.resolve(`${name}/package.json`))
    const { version } = packageSchema.parse(JSON.parse(await readFile(file, 'utf8')))
    return `${name} ${version}`
  } catch (error) {
    const isMissing =
      error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
    if (!isMissing) throw error
    return null
  }
}
