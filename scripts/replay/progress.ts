/** How far a long step is, for people: a bar on a terminal, otherwise a line every few seconds. */
import { SingleBar } from 'cli-progress'

interface Progress {
  update(value: number): void
  /** Shows the last value and lets go of the terminal. */
  stop(): void
}

const LINE_INTERVAL_MS = 5_000
const MS_PER_SECOND = 1_000
const LOWEST_RATE = 100

/** Begins a step of `total` units, written to standard error. */
export function startProgress(label: string, unit: string, total: number): Progress {
  return process.stderr.isTTY ? startBar(label, unit, total) : startLines(label, unit, total)
}

function startBar(label: string, unit: string, total: number): Progress {
  const rateOf = startClock()
  const bar = new SingleBar({
    format: `${label} [{bar}] {percentage} % | {shown} of ${count(total)} ${unit}{rate}`,
    hideCursor: true,
    stopOnComplete: false,
  })
  const facts = (value: number) => ({ shown: count(value), rate: rateOf(value) })
  bar.start(total, 0, facts(0))
  return {
    update: (value) => bar.update(value, facts(value)),
    stop: () => bar.stop(),
  }
}

function startLines(label: string, unit: string, total: number): Progress {
  const rateOf = startClock()
  let value = 0
  const write = () => {
    console.error(`${label}: ${count(value)} of ${count(total)} ${unit}${rateOf(value)}`)
  }
  const timer = setInterval(write, LINE_INTERVAL_MS)
  return {
    update(next) {
      value = next
    },
    stop() {
      clearInterval(timer)
      write()
    },
  }
}

/** The rate since the start; nothing for a few units, which have no rate worth reading. */
function startClock(): (value: number) => string {
  const startMs = performance.now()
  return (value) => {
    const seconds = (performance.now() - startMs) / MS_PER_SECOND
    const rate = seconds === 0 ? 0 : Math.round(value / seconds)
    return rate < LOWEST_RATE ? '' : `, ${count(rate)}/s`
  }
}

/** A number as people read it: 90,189. */
export function count(value: number): string {
  return value.toLocaleString('en')
}
