/**
 * The Worker of C4: encodes or decodes one dense sketch as often as it is told. Its clock stands still while it works,
 * so whoever asks takes the time.
 */
import { decodeSketch, encodeSketch } from '../../../src/sketch/codec.ts'
import { DistinctCountSketch } from '../../../src/sketch/distinct-count.ts'
import { PRECISION } from './bench.ts'
import { randomTokens, SplitMix64 } from './random.ts'

const USERS = 100_000
const HASH_ID = 1

const sketch = new DistinctCountSketch(HASH_ID, PRECISION)
let frame: Uint8Array = new Uint8Array()

/** What is measured, by the path of the request. */
const WORK: Readonly<Record<string, () => number>> = {
  '/encode': () => encodeSketch(sketch).length,
  '/decode': () => decodeSketch(frame, HASH_ID).precision,
}

function respond(request: Request): Response {
  if (frame.length === 0) {
    sketch.addTokens(randomTokens(new SplitMix64(7, 0), USERS))
    frame = encodeSketch(sketch)
  }
  const { pathname, searchParams } = new URL(request.url)
  const work = WORK[pathname]
  if (work === undefined) return new Response(`no ${pathname}`, { status: 404 })
  let sum = 0
  for (let loop = Number(searchParams.get('loops')); loop > 0; loop--) sum += work()
  return new Response(String(sum))
}

export default { fetch: respond }
