/** A short chaos run, in a system of its own: `npm run chaos` is the same with more of everything. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, it } from 'vitest'

import { runBroken } from '../../scripts/chaos/broken-builds.ts'
import { MortalClickHouse } from '../../scripts/chaos/database.ts'
import { renderReport } from '../../scripts/chaos/report.ts'
import { runChaos } from '../../scripts/chaos/run.ts'

/** Faults for 20 s; starting, draining and comparing take their time on a busy machine. */
const RUN_TIMEOUT_MS = 480_000

describe('while ClickHouse, queues, consumers, objects and clients fail', () => {
  it(
    'nothing that was acknowledged is lost or doubled, and no answer is wrong',
    { timeout: RUN_TIMEOUT_MS },
    async ({ expect }) => {
      const report = await runChaos({
        seed: 20,
        events: 5_000,
        faults: 20,
        seconds: 20,
        log: () => undefined,
      })
      const { lost, duplicated, wrong, unacknowledged } = report
      expect({ lost, duplicated, wrong, unacknowledged }, renderReport(report)).toEqual({
        lost: 0,
        duplicated: 0,
        wrong: [],
        unacknowledged: 0,
      })
      expect(report.stored).toBe(report.acknowledged)
      expect(report.acknowledged).toBeGreaterThan(4_000)
      expect(report.fired).toBeGreaterThanOrEqual(20)
      expect(report.answers.answered).toBeGreaterThan(0)
    },
  )
})

describe('a build that is broken on purpose', () => {
  it(
    'is caught: one that acknowledges before it inserts loses events',
    { timeout: RUN_TIMEOUT_MS },
    async ({ expect }) => {
      const sizes = { seed: 20, events: 3_000, faults: 15, seconds: 12 }
      const [build] = await runBroken('ack-before-insert', { ...sizes, log: () => undefined })
      expect(build?.caught).toMatch(/^\d+ lost/)
    },
  )
})

describe('a ClickHouse that is killed', () => {
  it('comes back once, however many crashes meet', async ({ expect, onTestFinished }) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'croupier-mortal-'))
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }))
    const database = await MortalClickHouse.start(dataDir)
    onTestFinished(() => database.stop())
    const { url } = database
    const beforeMs = Date.now()
    await Promise.all([database.crash(300), database.crash(300), database.crash(300)])
    const deadMs = Date.now()
    await expect(fetch(url)).rejects.toThrow('fetch failed')
    expect(database.wasAway(deadMs, Date.now())).toBe(true)
    await database.untilBack()
    expect(await (await fetch(url)).text()).toBe('Ok.\n')
    expect(database.wasAway(beforeMs, Date.now())).toBe(false)
  })
})
