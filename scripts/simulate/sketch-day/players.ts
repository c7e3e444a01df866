/** Who plays: the users of a game, what each is seen with, and the exact counts that the sketches are held against. */
import type { BreakdownValues } from '../../../src/event/envelope.ts'
import type { HashKey } from '../../../src/sketch/token.ts'
import { userToken } from '../../../src/sketch/token.ts'
import type { Random } from '../random.ts'
import { createRandom } from '../random.ts'

/** Shares of the values of a column; they need not sum to 1. */
const PLATFORMS = [
  ['android', 55],
  ['ios', 33],
  ['pc', 8],
  ['console', 4],
] as const

const CHANNELS = 20
const COUNTRIES = 120
const VERSIONS = 30

/** Share of each further channel and country: as the rank to this power (Zipf). */
const CHANNEL_SKEW = 1.1
const COUNTRY_SKEW = 1.2

/** Each older version has this share of the one after it. */
const VERSION_DECAY = 0.65

/** Draws one of some values by their weights. */
type Draw = (random: Random) => string

const drawPlatform = drawOf(PLATFORMS.map(([name, weight]) => ({ name, weight })))
const drawChannel = drawOf(ranked(CHANNELS, 'channel-', (rank) => rank ** -CHANNEL_SKEW))
const drawCountry = drawOf(ranked(COUNTRIES, 'C', (rank) => rank ** -COUNTRY_SKEW))
const drawVersion = drawOf(ranked(VERSIONS, '2.', (rank) => VERSION_DECAY ** rank))

export class Players {
  readonly count: number
  readonly #tokens: Uint32Array
  readonly #seenWith: BreakdownValues[] = []

  /** `count` users whose values `seed` tells. */
  constructor(count: number, seed: number, hashKey: HashKey) {
    this.count = count
    const random = createRandom(seed, 'players')
    this.#tokens = Uint32Array.from({ length: count }, (_, user) =>
      userToken(hashKey, `player-${seed}-${user}`),
    )
    // One object for equal values: a game of a million users has some thousands.
    const known = new Map<string, BreakdownValues>()
    for (let user = 0; user < count; user++) {
      const values: BreakdownValues = [
        drawPlatform(random),
        drawChannel(random),
        drawCountry(random),
        drawVersion(random),
      ]
      const key = values.join('\n')
      const by = known.get(key) ?? values
      known.set(key, by)
      this.#seenWith.push(by)
    }
  }

  /** The token of a user. */
  token(user: number): number {
    return this.#tokens[user] ?? 0
  }

  /** What a user is seen with all day. Throws RangeError for a user that there is not. */
  seenWith(user: number): BreakdownValues {
    const values = this.#seenWith[user]
    if (values === undefined) throw new RangeError(`there is no user ${user}`)
    return values
  }
}

function ranked(count: number, prefix: string, weightOf: (rank: number) => number) {
  return Array.from({ length: count }, (_, index) => ({
    name: `${prefix}${index + 1}`,
    weight: weightOf(index + 1),
  }))
}

function drawOf(values: readonly { readonly name: string; readonly weight: number }[]): Draw {
  const total = values.reduce((sum, { weight }) => sum + weight, 0)
  return (random) => {
    let left = random.next() * total
    for (const { name, weight } of values) {
      left -= weight
      if (left < 0) return name
    }
    return values.at(-1)?.name ?? ''
  }
}
