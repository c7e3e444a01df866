/** What the benchmark calls and what has no types here: the npm packages of the comparison, and WebAssembly in Node. */

declare namespace WebAssembly {
  function instantiate(bytes: Uint8Array): Promise<{ readonly instance: { exports: unknown } }>
}

declare module 'hyperloglog-lite' {
  type Hash = readonly number[]

  interface HyperLogLog {
    add(hash: Hash): unknown
    count(): number
  }

  /** A counter of 2^n registers. */
  function createHyperLogLog(n: number): HyperLogLog
  namespace createHyperLogLog {
    function hash(id: string): Hash
  }
  export default createHyperLogLog
}

declare module 'streamcount' {
  interface UniquesCounter {
    add(id: string): void
    count(): number
  }

  interface Streamcount {
    createUniquesCounter(standardError: number): UniquesCounter
  }
  const streamcount: Streamcount
  export default streamcount
}
