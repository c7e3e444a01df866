/** The counters from npm that ours is compared with. Both keep 2^14 registers and take ids as text. */

export type PeerName = 'hyperloglog-lite' | 'streamcount'

export interface CountingPeer {
  readonly name: string
  /** An empty counter */
  readonly create: () => { add(id: string): void; count(): number }
}

// A little above 1.04 / sqrt(2^14): the package rounds the number of registers up to a power of two.
const STREAMCOUNT_ERROR = 0.0082
const PRECISION = 14

/** The name of a package and how to make a counter of it; null when the package is not installed. */
export async function npmPeers(): Promise<Record<PeerName, CountingPeer | null>> {
  return {
    'hyperloglog-lite': await orNull(hyperloglogLite),
    streamcount: await orNull(streamcount),
  }
}

async function hyperloglogLite(): Promise<CountingPeer> {
  const { default: createHyperLogLog } = await import('hyperloglog-lite')
  return {
    name: 'hyperloglog-lite',
    create: () => {
      const counter = createHyperLogLog(PRECISION)
      return {
        add: (id) => void counter.add(createHyperLogLog.hash(id)),
        count: () => counter.count(),
      }
    },
  }
}

async function streamcount(): Promise<CountingPeer> {
  const { default: counters } = await import('streamcount')
  return { name: 'streamcount', create: () => counters.createUniquesCounter(STREAMCOUNT_ERROR) }
}

async function orNull(load: () => Promise<CountingPeer>): Promise<CountingPeer | null> {
  try {
    return await load()
  } catch (error) {
    const isMissing =
      error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
    if (!isMissing) throw error
    return null
  }
}
