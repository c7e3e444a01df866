import { gunzipSync } from 'node:zlib'

import { describe, it } from 'vitest'

import { startStandIn } from '../../../scripts/bench/clickhouse-stand-in.ts'
import { figuresOf } from '../../../scripts/bench/cpu-per-event.ts'
import { startGate } from '../../../scripts/bench/gate.ts'
import { BodySource } from '../../../scripts/bench/load.ts'
import { cpuSeconds } from '../../../scripts/bench/processes.ts'
import { busyMs } from '../../../scripts/bench/startup.ts'
import { quantilesOf } from '../../../scripts/bench/time-to-visible.ts'
import { insertRows } from '../../../src/clickhouse/writer.ts'
import { gzip } from '../../../src/event/bytes.ts'

describe('what the bench measures with', () => {
  it('takes quantiles by the nearest rank', ({ expect }) => {
    const values = Array.from({ length: 20 }, (_, index) => 20 - index)
    expect(quantilesOf(values)).toEqual({ p50Ms: 10, p95Ms: 19 })
    expect(quantilesOf([7])).toEqual({ p50Ms: 7, p95Ms: 7 })
  })

  it('takes the smallest times, and the ratio of the middle round', ({ expect }) => {
    // 200 POSTs of 100 events: 0.2 s are 10 us an event. The machine was half as fast in the second round.
    const rounds = (...seconds: [number, number][]) =>
      seconds.map(([sending, draining]) => ({ sending, draining }))
    const floor = rounds([0.2, 0.01], [0.4, 0.02], [0.25, 0.01])
    const consume = rounds([0.4, 0.06], [0.8, 0.1], [0.4, 0.05])
    const all = rounds([0.42, 0.07], [0.76, 0.12], [0.4, 0.08])
    const figures = figuresOf(100, floor, consume, all, 60_000)
    const rounded = Object.entries(figures).map(([name, value]) => [name, Number(value.toFixed(3))])
    expect(Object.fromEntries(rounded)).toEqual({
      size: 100,
      floor: 10,
      ingest: 20,
      consume: 2.5,
      sketch: 1,
      total: 23.5,
      // Of 2.1, 1.9 and 1.6
      ratio: 1.9,
      messageBytes: 60_000,
    })
  })

  it('leaves idle time out of a start', ({ expect }) => {
    const node = (id: number, functionName: string) => ({ id, callFrame: { functionName } })
    const profile = {
      nodes: [node(1, '(root)'), node(2, '(idle)'), node(3, 'start')],
      samples: [1, 2, 3, 2],
      timeDeltas: [1_000, 5_000, 2_000, 7_000],
    }
    expect(busyMs(profile)).toBe(3)
  })

  it('sees the CPU that a process uses', ({ expect }) => {
    const before = cpuSeconds(process.pid)
    const endMs = performance.now() + 300
    while (performance.now() < endMs);
    expect(cpuSeconds(process.pid)).toBeGreaterThan(before)
    expect(() => cpuSeconds(2 ** 22 + 1)).toThrow('has ended')
  })

  it('sends bodies whose events all differ', ({ expect }) => {
    const bodies = new BodySource()
    const idsOf = (body: string) =>
      JSON.parse(body).events.map(({ event_id: id }: { event_id: string }) => id)
    const ids = [...idsOf(bodies.next(100)), ...idsOf(bodies.nextOfStrangers(100))]
    expect(new Set(ids).size).toBe(200)
  })

  it('has a stand-in that the writer takes for a ClickHouse, and that keeps what it is sent', async ({
    expect,
  }) => {
    const standIn = await startStandIn()
    try {
      const insert = {
        table: 'events',
        ndjson: new TextEncoder().encode('{"a":1}\n{"a":2}\n'),
        rows: 2,
        token: 't',
      } as const
      expect(await insertRows(standIn.connection, insert)).toEqual({ kind: 'stored' })
      expect(standIn.kept()).toEqual([])
      standIn.keep()
      const large = new TextEncoder().encode('{"a":1}\n'.repeat(10_000))
      await insertRows(standIn.connection, { ...insert, ndjson: large, rows: 10_000 })
      expect(standIn.kept().map(({ ndjson }) => ndjson.byteLength)).toEqual([large.byteLength])
      expect(gunzipSync(gzip(large)).byteLength).toBe(large.byteLength)
    } finally {
      await standIn.stop()
    }
  })

  it('has a gate that holds who asks until it opens', async ({ expect }) => {
    const gate = await startGate()
    try {
      await fetch(gate.url)
      gate.close()
      let isThrough = false
      const asked = fetch(gate.url).then(() => (isThrough = true))
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(isThrough).toBe(false)
      gate.open()
      expect(await asked).toBe(true)
    } finally {
      await gate.stop()
    }
  })
})
