/** PFADD commands for many random ids, built in one buffer that is filled anew for every trial. */
import type { SplitMix64 } from './random.ts'

/** Characters of an id: 64 random bits in hexadecimal. */
const ID_LENGTH = 16
const IDS_PER_COMMAND = 1_000
const HEX = Buffer.from('0123456789abcdef', 'latin1')

export class IdCommands {
  /** The commands; valid until the next refill. */
  readonly bytes: Buffer
  /** How many commands they are */
  readonly count: number
  readonly #starts: Uint32Array
  readonly #words: Uint32Array

  /** Commands that add `ids` ids (a multiple of 1,000) to the counter with this Redis key. */
  constructor(redisKey: string, ids: number) {
    this.count = ids / IDS_PER_COMMAND
    if (!Number.isInteger(this.count)) throw new RangeError(`${ids} ids are not whole commands`)
    const head = `*${IDS_PER_COMMAND + 2}\r\n$5\r\nPFADD\r\n$${redisKey.length}\r\n${redisKey}\r\n`
    const prefix = `$${ID_LENGTH}\r\n`
    const element = `${prefix}${'-'.repeat(ID_LENGTH)}\r\n`
    const one = head + element.repeat(IDS_PER_COMMAND)
    this.bytes = Buffer.from(one.repeat(this.count), 'latin1')
    this.#starts = Uint32Array.from({ length: ids }, (_, id) => {
      const at = Math.floor(id / IDS_PER_COMMAND)
      const within = head.length + (id % IDS_PER_COMMAND) * element.length + prefix.length
      return at * one.length + within
    })
    this.#words = new Uint32Array(ids * 2)
  }

  /** Puts new random ids into the commands. */
  refill(random: SplitMix64): void {
    random.draw(this.#words)
    for (let id = 0; id < this.#starts.length; id++) {
      const start = this.#starts[id] ?? 0
      this.#writeHex(this.#words[id * 2] ?? 0, start)
      this.#writeHex(this.#words[id * 2 + 1] ?? 0, start + ID_LENGTH / 2)
    }
  }

  /** The ids of the commands as texts. */
  forEachId(use: (id: string, at: number) => void): void {
    for (let at = 0; at < this.#starts.length; at++) {
      const start = this.#starts[at] ?? 0
      use(this.bytes.toString('latin1', start, start + ID_LENGTH), at)
    }
  }

  #writeHex(word: number, start: number): void {
    for (let digit = 0; digit < 8; digit++) {
      this.bytes[start + digit] = HEX[(word >>> (28 - digit * 4)) & 0xf] ?? 0
    }
  }
}
