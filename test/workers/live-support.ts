/** The live feed as a client reads it. */
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

import { liveFeedName } from '../../durable/names.ts'
import { createApp } from '../../src/app.ts'
import type { LiveEntry } from '../../src/event/live-entry.ts'
import { liveEntrySchema } from '../../src/event/live-entry.ts'
import { publishLive } from '../../src/live/publish.ts'
import { userToken } from './support.ts'

const open: Stream[] = []
let viewer: string | undefined

async function viewerToken(): Promise<string> {
  return (viewer ??= await userToken('viewer'))
}

/** Leaves every stream that is still open. */
export async function leaveAll(): Promise<void> {
  await Promise.all(open.splice(0).map((stream) => stream.leave()))
}

/** An event of a stream; a comment has the name ''. */
export interface StreamEvent {
  readonly id: number | null
  readonly name: string
  readonly data: unknown
}

/** A stream of server-sent events as a client reads it. */
export class Stream {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #decoder = new TextDecoder()
  #text = ''

  constructor(response: Response) {
    if (response.body === null) throw new Error('no body')
    this.#reader = response.body.getReader()
    open.push(this)
  }

  /** The next event. Throws when the stream has ended. */
  async next(): Promise<StreamEvent> {
    while (!this.#text.includes('\n\n')) {
      const { done, value } = await this.#reader.read()
      if (done) throw new Error('the stream ended')
      this.#text += this.#decoder.decode(value, { stream: true })
    }
    const end = this.#text.indexOf('\n\n')
    const block = this.#text.slice(0, end)
    this.#text = this.#text.slice(end + 2)
    if (block.startsWith(':')) return { id: null, name: '', data: block }
    const fields = new Map(
      block.split('\n').map((line) => {
        const colon = line.indexOf(': ')
        return [line.slice(0, colon), line.slice(colon + 2)]
      }),
    )
    const id = fields.get('id')
    return {
      id: id === undefined ? null : Number(id),
      name: fields.get('event') ?? '',
      data: JSON.parse(fields.get('data') ?? ''),
    }
  }

  /** The next entry; heartbeats are passed over. */
  async entry(): Promise<LiveEntry> {
    const { name, data } = await this.next()
    return name === '' ? this.entry() : liveEntrySchema.parse(data)
  }

  /** Closes the connection; one that ended with an error is closed already. */
  async leave(): Promise<void> {
    await this.#reader.cancel().catch(() => {})
  }
}

/** An entry of an accepted event. */
export function anEntry(index: number, fields: Partial<LiveEntry> = {}): LiveEntry {
  return {
    time_ms: 1_795_168_800_000,
    received_time_ms: 1_795_168_800_500,
    trace_id: '0123456789abcdef',
    index,
    status: 'accepted',
    event: 'session.start',
    event_id: `event-${index}`,
    user_id: 'user_1',
    code: '',
    pointer: '',
    detail: '',
    advice: '',
    payload: '{"event":"session.start"}',
    ...fields,
  }
}

export interface Call {
  readonly token?: string
  readonly query?: string
  readonly method?: string
  readonly bindings?: Env
}

/** GET /api/events/live, by a user with the role viewer unless another token is given. */
export async function live(gameId: string, call: Call = {}): Promise<Response> {
  const { query = '', method = 'GET', bindings = env } = call
  const token = call.token ?? (await viewerToken())
  return createApp().request(
    `/api/events/live${query}`,
    {
      method,
      headers: {
        ...(token !== '' && { Authorization: `Bearer ${token}` }),
        'X-Game-ID': gameId,
        'X-Env': 'prod',
      },
    },
    bindings,
    createExecutionContext(),
  )
}

/** A viewer of a game, greeted. */
export async function watch(gameId: string, query = ''): Promise<Stream> {
  const response = await live(gameId, { query })
  if (response.status !== 200) throw new Error(await response.text())
  const stream = new Stream(response)
  const hello = await stream.next()
  if (hello.name !== 'hello') throw new Error(`expected hello, got ${hello.name}`)
  return stream
}

/** What ingest does with the entries of one POST. */
export const publish = (gameId: string, ...entries: LiveEntry[]) =>
  publishLive(env, { gameId, env: 'prod' }, entries)

/** The feed of a game. */
export const feedOf = (gameId: string) =>
  env.LIVE_FEED.getByName(liveFeedName({ gameId, env: 'prod' }))
