/**
 * Events that clients should not send, as JSON text: some are good, most have something wrong with them. Each one that
 * could possibly be accepted carries a user_id of its own, by which its row is found again.
 */
import fc from 'fast-check'

/** Every user_id that is planted begins so. */
export const USER_PREFIX = 'fuzz-'

export type Random = () => number

export interface HostileEvent {
  /** One JSON value, without a line break */
  readonly text: string
  /** Its user, if it has one that an accepted event can have */
  readonly userId: string | null
}

/** Fields in order; a name may come twice, as text allows and objects do not. */
type Fields = [string, string][]

export function pick<Item>(random: Random, items: readonly [Item, ...Item[]]): Item {
  return items[Math.floor(random() * items.length)] ?? items[0]
}

/** Text of arbitrary JSON values; the same for the same seed. */
function poolOf(seed: number): string[] {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3, noUnicodeString: false }),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.double(),
  )
  return fc.sample(value, { seed, numRuns: 2_000 }).map((made) => JSON.stringify(made))
}

const deep = (depth: number) => `${'['.repeat(depth)}1${']'.repeat(depth)}`
const deepObject = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`

/** Texts that JSON allows and that programs stumble over. */
const NASTY: readonly [string, ...string[]] = [
  '1e400',
  '-1e400',
  '1e-400',
  '-0',
  '-0.0',
  '9007199254740993',
  '123456789012345678901234567890',
  '1e21',
  '0.1e1',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\u0000"',
  '"a\\u0001\\u001f\\u007f"',
  '"\\u2028\\u2029\\ufeff"',
  '"\\ud83d\\ude00"',
  '"\\\\\\"\\/"',
  '"NaN"',
  '""',
  'null',
  'true',
  '[]',
  '{}',
  '{"__proto__":{"event":"session.start"}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '{"toString":null,"valueOf":1,"hasOwnProperty":2}',
  '{"toJSON":"x"}',
  '[null,null]',
  deep(4),
  deep(5),
  deep(200),
  deepObject(3),
  deepObject(4),
  deepObject(300),
  `"${'x'.repeat(4_096)}"`,
  `"${'x'.repeat(4_097)}"`,
  `"${'値'.repeat(900)}"`,
]

const NAMES: readonly [string, ...string[]] = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'toJSON',
  'length',
  '',
  ' ',
  'a b',
  'a/b~c',
  '0',
  'props',
  'attrs',
  'events',
  'payments',
  'sent_at',
  'sent_uptime_ms',
  'uptime_ms',
  'event_time',
  'ts',
  'event_id',
  'platform',
  'country',
  'session_id',
  'device_id',
  'game_type',
  'score',
  'duration_ms',
  'deck_cards',
  'is_granted',
  '\\ud800',
  '\\u0000',
  'x'.repeat(64),
  'x'.repeat(65),
  'password',
]

/** Ids that no accepted event may have. */
const BAD_USERS: readonly [string, ...string[]] = [
  'null',
  '""',
  '7',
  'true',
  '[]',
  '{}',
  '" "',
  '"a b"',
  '"a\\nb"',
  '"\\ud800"',
  '"\\u0000"',
  '"<script>"',
  `"${'u'.repeat(129)}"`,
]

const DAY_MS = 86_400_000

/** Makes hostile events; one that is made twice is not the same. */
export class HostileEvents {
  readonly #random: Random
  readonly #nowMs: number
  readonly #pool: readonly [string, ...string[]]
  #made = 0

  constructor(seed: number, random: Random, nowMs: number) {
    this.#random = random
    this.#nowMs = nowMs
    this.#pool = ['0', ...poolOf(seed)]
  }

  /** An event, or something else, for the door for events. */
  event(): HostileEvent {
    if (this.#random() < 0.08) return { text: this.#anyValue(), userId: null }
    return this.#finish([...this.#head(), ...this.#kind()])
  }

  /** A payment, or something else, for the door for payments. */
  payment(): HostileEvent {
    if (this.#random() < 0.08) return { text: this.#anyValue(), userId: null }
    const random = this.#random
    return this.#finish([
      ['order_id', `"order-${this.#made}"`],
      ['status', pick(random, ['"success"', '"pending"', '"failed"', '"refunded"', '"refund"'])],
      ['amount_cents', String(Math.floor(random() * 10_000))],
      [pick(random, ['currency', 'currency_code']), pick(random, ['"USD"', '"JPY"', '"EUR"'])],
      [pick(random, ['ts', 'time', 'event_time']), this.#time()],
      ...(random() < 0.2 ? ([['amount', pick(random, ['"1.00"', '1.5'])]] as Fields) : []),
    ])
  }

  #head(): Fields {
    const random = this.#random
    const fields: Fields = [[random() < 0.8 ? 'event_time' : 'ts', this.#time()]]
    if (random() < 0.5) fields.push(['event_id', `"id-${this.#made}"`])
    if (random() < 0.2) fields.push(['uptime_ms', String(Math.floor(random() * 1e7))])
    return fields
  }

  #kind(): Fields {
    const random = this.#random
    const kinds: readonly [Fields, ...Fields[]] = [
      [
        ['event', '"session.start"'],
        ['session_id', '"s"'],
        ['platform', '"ios"'],
      ],
      [
        ['event', '"session_heartbeat"'],
        ['props', `{"n":${this.#anyValue()}}`],
      ],
      [
        ['event', '"user.login"'],
        ['attrs', `{"method":"guest","extra":${this.#anyValue()}}`],
      ],
      [
        ['event', '"user.register"'],
        ['country', '"DE"'],
        ['city', '"Köln"'],
      ],
      [
        ['event', '"progression.start"'],
        ['session_id', '"s"'],
        ['props', '{"level_id":"l1"}'],
      ],
      [
        ['event', '"purchase"'],
        ['order_id', `"order-${this.#made}"`],
        ['sku_id', '"gems"'],
        ['price_usd', pick(random, ['9.99', '0', '0.005', '-1', '1e300', '"9.99"'])],
      ],
      [['event', '"nonsense.event"']],
      [['event', this.#anyValue()]],
    ]
    return pick(random, kinds)
  }

  #time(): string {
    const random = this.#random
    if (random() < 0.06) return this.#anyValue()
    if (random() < 0.04)
      return pick(random, ['0', '-1', '1e15', '4102444800000', '"1969-12-31T23:59:59Z"'])
    const timeMs = this.#nowMs - Math.floor(random() * 5 * DAY_MS)
    const iso = new Date(timeMs).toISOString()
    return pick(random, [
      String(timeMs),
      `"${iso}"`,
      String(timeMs / 1_000),
      `"${iso.replace('Z', '+00:00')}"`,
    ])
  }

  #anyValue(): string {
    return this.#random() < 0.5 ? pick(this.#random, NASTY) : pick(this.#random, this.#pool)
  }

  /** Plants the user and breaks what chance wants to have broken. */
  #finish(fields: Fields): HostileEvent {
    const random = this.#random
    const broken = random() < 0.05
    const userId = broken ? null : `${USER_PREFIX}${this.#made}`
    this.#made += 1
    while (random() < 0.35) this.#break(fields)
    // Last, so that it wins over a user_id that chance has put in.
    fields.push(['user_id', userId === null ? pick(random, BAD_USERS) : `"${userId}"`])
    return { text: `{${fields.map(([name, text]) => `"${name}":${text}`).join(',')}}`, userId }
  }

  #break(fields: Fields): void {
    const random = this.#random
    const at = Math.floor(random() * fields.length)
    const name = fields[at]?.[0] ?? 'event'
    const way = random()
    if (way < 0.25) fields.splice(at, 1)
    else if (way < 0.5) fields[at] = [name, this.#anyValue()]
    else if (way < 0.65) fields.push([name, this.#anyValue()])
    else if (way < 0.95) fields.push([pick(random, NAMES), this.#anyValue()])
    else fields.push(...Array.from({ length: 60 }, (_, n): [string, string] => [`p${n}`, '[1,2]']))
  }
}
