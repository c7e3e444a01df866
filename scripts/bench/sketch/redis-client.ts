/** As much of the Redis protocol (RESP2) as the benchmark needs: commands out, numbers and texts in. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'

export type RedisReply = number | string

interface Waiting {
  readonly count: number
  readonly replies: RedisReply[]
  readonly resolve: (replies: RedisReply[]) => void
  readonly reject: (error: Error) => void
}

/** A reply and where the next one starts. */
interface ParsedReply {
  readonly reply: RedisReply | Error
  readonly end: number
}

const COLON = 0x3a
const PLUS = 0x2b
const MINUS = 0x2d
const DOLLAR = 0x24

/**
 * The first reply in the bytes; null when it is not there as a whole. An error reply is a value of class Error.
 * Throws Error for a type of reply that no command of the benchmark has.
 */
export function parseReply(bytes: Buffer, start = 0): ParsedReply | null {
  const lineEnd = bytes.indexOf('\r\n', start)
  if (lineEnd === -1) return null
  const line = bytes.toString('utf8', start + 1, lineEnd)
  const end = lineEnd + 2
  const type = bytes[start]
  if (type === COLON) return { reply: Number(line), end }
  if (type === PLUS) return { reply: line, end }
  if (type === MINUS) return { reply: new Error(`redis: ${line}`), end }
  if (type !== DOLLAR) throw new Error(`redis: a reply that starts with ${bytes[start]}`)
  const textEnd = end + Number(line)
  if (bytes.length < textEnd + 2) return null
  return { reply: bytes.toString('utf8', end, textEnd), end: textEnd + 2 }
}

/** A command as bytes. */
export function command(words: readonly string[]): Buffer {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  return Buffer.from(`*${words.length}\r\n${parts.join('')}`)
}

export class RedisClient {
  readonly #socket: Socket
  #unread = Buffer.alloc(0)
  readonly #waiting: Waiting[] = []
  #failure: Error | null = null

  /** A client on an open connection. */
  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('redis: the connection was closed')))
  }

  /** Rejects when nobody listens on the unix socket. */
  static async connect(path: string): Promise<RedisClient> {
    const socket = connect(path)
    await once(socket, 'connect')
    return new RedisClient(socket)
  }

  /** One command and its reply; rejects for an error reply. */
  async call(...words: readonly string[]): Promise<RedisReply> {
    const [reply] = await this.pipeline(command(words), 1)
    if (reply === undefined) throw new Error(`redis: ${words[0]} was not answered`)
    return reply
  }

  /** As call, for a command that answers a number. */
  async number(...words: readonly string[]): Promise<number> {
    const reply = await this.call(...words)
    if (typeof reply !== 'number') throw new Error(`redis: ${words[0]} answered ${reply}`)
    return reply
  }

  /** Sends bytes that hold `count` commands; the replies in order. Rejects for the first error reply. */
  pipeline(bytes: Uint8Array, count: number): Promise<RedisReply[]> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const replies = new Promise<RedisReply[]>((resolve, reject) => {
      this.#waiting.push({ count, replies: [], resolve, reject })
    })
    this.#socket.write(bytes)
    return replies
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    this.#unread =
      this.#unread.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#unread, chunk])
    let start = 0
    try {
      for (;;) {
        const parsed = start < this.#unread.length ? parseReply(this.#unread, start) : null
        if (parsed === null) break
        start = parsed.end
        this.#take(parsed.reply)
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
      this.#socket.destroy()
      return
    }
    this.#unread = this.#unread.subarray(start)
  }

  #take(reply: RedisReply | Error): void {
    const first = this.#waiting[0]
    if (first === undefined) throw new Error('redis: a reply that nobody asked for')
    if (reply instanceof Error) throw reply
    first.replies.push(reply)
    if (first.replies.length < first.count) return
    this.#waiting.shift()
    first.resolve(first.replies)
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure)
  }
}
