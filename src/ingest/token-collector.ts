/** Who is counted in what: the user tokens of a batch, by metric, bucket and what the users were seen with. */
import { MAX_BREAKDOWN_VALUE_LENGTH } from '../../configs/limits.ts'
import type { BreakdownValues, SketchMetric, TokenGroup } from '../event/envelope.ts'
import { gameDay, minuteOf } from '../event/game-day.ts'
import type { AcceptedEvent } from '../event/normalize.ts'
import type { HashKey } from '../sketch/token.ts'
import { userToken } from '../sketch/token.ts'

/** Tokens by what their users were seen with; null where that is not told apart. */
type TokensByBreakdown = Map<BreakdownValues | null, Set<number>>

/** User tokens of a batch, without repeats within a group. */
export class TokenCollector {
  readonly #hashKey: HashKey
  readonly #timeZone: string
  readonly #tokens = new Map<SketchMetric, Map<number, TokensByBreakdown>>()
  /** One object for equal values, by the values as they are stored and as they are counted */
  readonly #breakdowns = new Map<string, BreakdownValues>()

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
      const tokens =
        metric === 'online'
          ? this.#group(metric, minuteOf(eventTimeMs), null)
          : this.#group(metric, gameDay(eventTimeMs, this.#timeZone), this.#breakdownOf(event))
      tokens.add(token)
    }
  }

  groups(): TokenGroup[] {
    return [...this.#tokens].flatMap(([metric, buckets]) =>
      [...buckets].flatMap(([bucket, groups]) =>
        Array.from(groups, ([by, tokens]) => ({
          metric,
          bucket,
          tokens: Uint32Array.from(tokens),
          ...(by && { by }),
        })),
      ),
    )
  }

  #group(metric: SketchMetric, bucket: number, by: BreakdownValues | null): Set<number> {
    let buckets = this.#tokens.get(metric)
    if (buckets === undefined) this.#tokens.set(metric, (buckets = new Map()))
    let groups = buckets.get(bucket)
    if (groups === undefined) buckets.set(bucket, (groups = new Map()))
    let tokens = groups.get(by)
    if (tokens === undefined) groups.set(by, (tokens = new Set()))
    return tokens
  }

  /** What the user was seen with, as it is stored, each value cut to what is counted. */
  #breakdownOf({ columns }: AcceptedEvent): BreakdownValues {
    const { platform = '', channel = '', country = '', app_version: appVersion = '' } = columns
    // A label holds no line break, so no two tuples make the same text.
    const stored = `${platform}\n${channel}\n${country}\n${appVersion}`
    const known = this.#breakdowns.get(stored)
    if (known !== undefined) return known
    const values: BreakdownValues = [cut(platform), cut(channel), cut(country), cut(appVersion)]
    const counted = values.join('\n')
    const by = this.#breakdowns.get(counted) ?? values
    this.#breakdowns.set(counted, by)
    this.#breakdowns.set(stored, by)
    return by
  }
}

/** At most MAX_BREAKDOWN_VALUE_LENGTH code units, without half a surrogate pair at the cut. */
function cut(value: string): string {
  if (value.length <= MAX_BREAKDOWN_VALUE_LENGTH) return value
  const kept = value.slice(0, MAX_BREAKDOWN_VALUE_LENGTH)
  return kept.isWellFormed() ? kept : kept.slice(0, -1)
}
