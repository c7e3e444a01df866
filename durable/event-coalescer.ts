/**
 * Company for small POSTs: those of one game and environment that arrive on one continent at about the same time share
 * queue messages, because a queue bills each message three times (write, read, delete), however small.
 *
 * Nothing is kept: what one call brings is in memory until the queue has it, and only then the call is answered. When
 * the object is lost, or the queue refuses, nobody was told yes, and the Workers send by themselves.
 */
import { DurableObject } from 'cloudflare:workers'

import {
  MAX_COALESCED_CHARACTERS,
  MAX_COALESCED_POSTS,
  MAX_COALESCER_CHARACTERS,
} from '../configs/limits.ts'
import { configOf } from '../src/config.ts'
import { packMessages } from '../src/ingest/pack.ts'
import { createEventQueue } from '../src/queue/create-event-queue.ts'
import type { CoalescedPost } from './coalesced-post.ts'
import { charactersOf, readPost } from './coalesced-post.ts'
import type { Posted } from './merge-posts.ts'
import { mergePosts } from './merge-posts.ts'

/** POSTs that will be sent together. */
interface Gathering {
  readonly posts: Posted[]
  characters: number
  /** When it is sent at the latest, in milliseconds since the epoch */
  dueMs: number
  timer: ReturnType<typeof setTimeout> | null
  /** Settles with the send: all POSTs share its fate */
  readonly sent: PromiseWithResolvers<number>
}

export class EventCoalescer extends DurableObject<Env> {
  #gathering: Gathering | null = null
  /** Of the gathering and of everything that is being sent */
  #characters = 0

  /**
   * Resolves once the queue has everything that the POST brings, to the bytes that wait in the queue. Before it is sent
   * the POST waits for others, for `waitMs` milliseconds at most, less when one of them may wait less. Rejects when any
   * part of what they share may not be stored, with TypeError for another shape, and at once when too much waits for
   * the queue.
   */
  async enqueue(post: CoalescedPost): Promise<number> {
    const { waitMs, ...posted } = readPost(post)
    const characters = charactersOf(posted.cargo)
    if (this.#characters + characters > MAX_COALESCER_CHARACTERS) {
      throw new Error(`${this.#characters} characters wait for the queue`)
    }
    this.#gathering ??= newGathering()
    const gathering = this.#gathering
    gathering.posts.push(posted)
    gathering.characters += characters
    this.#characters += characters
    if (
      gathering.posts.length >= MAX_COALESCED_POSTS ||
      gathering.characters >= MAX_COALESCED_CHARACTERS
    ) {
      this.#close(gathering)
    } else this.#closeWithin(gathering, waitMs)
    return gathering.sent.promise
  }

  #closeWithin(gathering: Gathering, waitMs: number): void {
    const dueMs = Date.now() + waitMs
    if (dueMs >= gathering.dueMs) return
    gathering.dueMs = dueMs
    clearTimeout(gathering.timer)
    gathering.timer = setTimeout(() => this.#close(gathering), waitMs)
  }

  /** From here on POSTs gather anew, while these are on their way. */
  #close(gathering: Gathering): void {
    clearTimeout(gathering.timer)
    this.#gathering = null
    const sending = this.#send(gathering.posts).finally(() => {
      this.#characters -= gathering.characters
    })
    sending.then(gathering.sent.resolve, gathering.sent.reject)
  }

  async #send(posts: readonly Posted[]): Promise<number> {
    const queue = createEventQueue(configOf(this.env).queueType, this.env.EVENTS_QUEUE)
    // The Worker that calls may be of a build whose queue stores.
    if (!queue.stores) throw new Error('the queue of this build stores nothing')
    const messages = mergePosts(posts).flatMap(({ cargo, context }) => packMessages(cargo, context))
    return queue.send(messages)
  }
}

function newGathering(): Gathering {
  return {
    posts: [],
    characters: 0,
    dueMs: Number.POSITIVE_INFINITY,
    timer: null,
    sent: Promise.withResolvers(),
  }
}
