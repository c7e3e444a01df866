import type { SketchMetric, TokenGroup } from '../event/envelope.ts'
import { gameDay, minuteOf } from '../event/game-day.ts'
import type { AcceptedEvent } from '../event/normalize.ts'
import type { HashKey } from '../sketch/token.ts'
import { userToken } from '../sketch/token.ts'

/** User tokens of a batch, without repeats, by metric and bucket. */
export class TokenCollector {
  readonly #hashKey: HashKey
  readonly #timeZone: string
  readonly #tokens = new Map<SketchMetric, Map<number, Set<number>>>()

  /** `timeZone`: IANA zone in which the game counts its days */
  constructor({ hashKey, timeZone }: { readonly hashKey: HashKey; readonly timeZone: string }) {
    this.#hashKey = hashKey
    this.#timeZone = timeZone
  }

  /** Adds the user of the event to everything that the event counts in. */
  add(event: AcceptedEvent): void {
    const { countsAs } = event.definition
    if (countsAs.length === 0) return
    const token = userToken(this.#hashKey, event.userId)
    const { eventTimeMs } = event.time
    for (const metric of countsAs) {
      const bucket =
        metric === 'online' ? minuteOf(eventTimeMs) : gameDay(eventTimeMs, this.#timeZone)
      this.#bucket(metric, bucket).add(token)
    }
  }

  groups(): TokenGroup[] {
    return [...this.#tokens].flatMap(([metric, buckets]) =>
      [...buckets].map(([bucket, tokens]) => ({
        metric,
        bucket,
        tokens: Uint32Array.from(tokens),
      })),
    )
  }

  #bucket(metric: SketchMetric, bucket: number): Set<number> {
    let buckets = this.#tokens.get(metric)
    if (buckets === undefined) this.#tokens.set(metric, (buckets = new Map()))
    let tokens = buckets.get(bucket)
    if (tokens === undefined) buckets.set(bucket, (tokens = new Set()))
    return tokens
  }
}
