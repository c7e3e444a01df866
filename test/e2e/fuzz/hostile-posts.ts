/** POSTs of hostile events in every form that a body can have, and of bytes that are no body at all. */
import { deflateSync, gzipSync } from 'node:zlib'

import type { HostileEvent, HostileEvents, Random } from './hostile-events.ts'
import { pick } from './hostile-events.ts'

export type Door = '/api/events/track' | '/api/payments/track'

export interface Post {
  readonly door: Door
  readonly key: 'write' | 'server'
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** What is in it, in order; null when it is no batch and nothing of it may be accepted */
  readonly events: readonly HostileEvent[] | null
  /** Of two posts with the same one, the second is a retry of the first */
  readonly retryOf: string
}

const utf8 = (text: string) => new TextEncoder().encode(text)

const NDJSON_TYPES = [
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl; charset=utf-8',
] as const
const OTHER_TYPES = [
  'application/json',
  'text/plain',
  'text/html',
  'multipart/form-data',
  'x',
] as const

/** A POST of `count` events, and of the same events again as a client would retry them. */
export function batchPost(
  random: Random,
  made: HostileEvents,
  count: number,
  number: number,
): { first: Post; again: Post } {
  const door: Door = random() < 0.85 ? '/api/events/track' : '/api/payments/track'
  const make = () => (door === '/api/events/track' ? made.event() : made.payment())
  const events = Array.from({ length: count }, make)
  const [twice] = events
  if (twice !== undefined && random() < 0.1) events.push(twice)
  const form = pick(random, ['array', 'events', 'lines', 'stamped', 'fresh'])
  const encoding = pick(random, ['identity', 'identity', 'gzip', 'deflate'])
  const key: Post['key'] = random() < 0.7 ? 'write' : 'server'
  const shared = { door, key, retryOf: `batch-${number}` }
  const type = form === 'lines' ? pick(random, NDJSON_TYPES) : pick(random, OTHER_TYPES)
  const headers = { 'Content-Type': type, ...encodingHeader(random, encoding) }
  if (form === 'lines') {
    const lines = events.map((event) => (random() < 0.02 ? brokenLine(event) : event))
    const blank = random() < 0.3 ? '\r\n \n' : '\n'
    const body = encode(lines.map(({ text }) => text).join(blank), encoding)
    const post = { ...shared, headers, body, events: lines }
    return { first: post, again: post }
  }
  const list = `[${events.map(({ text }) => text).join(random() < 0.5 ? ',' : ',\n  ')}]`
  const field = door === '/api/events/track' ? 'events' : pick(random, ['payments', 'events'])
  const bodyAt = (sentMs: number): Uint8Array => {
    if (form === 'array') return encode(list, encoding)
    if (form === 'events') return encode(`\ufeff{"${field}":${list}}`, encoding)
    const clocks = `"sent_at":${sentMs},"sent_uptime_ms":${20_000_000 + sentMs - BASE_MS}`
    return encode(`{${clocks},"${field}":${list}}`, encoding)
  }
  const post = { ...shared, headers, events }
  const firstBody = bodyAt(form === 'fresh' ? Date.now() : BASE_MS - 200_000)
  // Both attempts of a stamped batch were minutes on their way, so that their clocks say the same of every event; a
  // fresh one is sent again as it was.
  const body = form === 'stamped' ? bodyAt(BASE_MS - 100_000) : firstBody
  return { first: { ...post, body: firstBody }, again: { ...post, body } }
}

const BASE_MS = Date.now()

function brokenLine({ text }: HostileEvent): HostileEvent {
  // Cut inside of the object: whatever is left is no JSON.
  return { text: text.startsWith('{') ? text.slice(0, -1) : `${text} oops`, userId: null }
}

function encodingHeader(random: Random, encoding: string): Record<string, string> {
  if (encoding === 'identity') return random() < 0.2 ? { 'Content-Encoding': 'identity' } : {}
  return { 'Content-Encoding': random() < 0.3 ? encoding.toUpperCase() : encoding }
}

function encode(text: string, encoding: string): Uint8Array {
  if (encoding === 'gzip') return gzipSync(text)
  return encoding === 'deflate' ? deflateSync(text) : utf8(text)
}

/** Bytes and headers that make no batch: each must be refused with a problem, and nothing of it stored. */
export function hostilePost(random: Random, made: HostileEvents, number: number): Post {
  const good = `[{"event":"user.login","user_id":"never-${number}","ts":${BASE_MS}}]`
  const [headers, body] = pick(random, HOSTILE)(random, good, made)
  return {
    door: pick(random, ['/api/events/track', '/api/payments/track']),
    key: 'write',
    headers,
    body,
    events: null,
    retryOf: `hostile-${number}`,
  }
}

type Hostile = (
  random: Random,
  good: string,
  made: HostileEvents,
) => [Record<string, string>, Uint8Array]

const GZIP = { 'Content-Encoding': 'gzip' }

const HOSTILE: readonly [Hostile, ...Hostile[]] = [
  () => [{}, new Uint8Array()],
  () => [{}, utf8(' \r\n\t')],
  () => [{}, utf8('\ufeff')],
  (random) => [{}, randomBytes(random, 300, 0x80)],
  (random) => [GZIP, randomBytes(random, 300)],
  (random) => [{ 'Content-Encoding': 'deflate' }, randomBytes(random, 300)],
  (_, good) => [{}, utf8(good.slice(0, -1))],
  (_, good) => [{}, utf8(`${good}]`)],
  (_, good) => [{}, utf8(good.replace('[', '[,'))],
  (_, good) => [{}, Uint8Array.from([0xef, 0xbb, ...utf8(good)])],
  (random, good) => [{}, withByte(utf8(good), random, 0xff)],
  (random, good) => [{}, withByte(utf8(good), random, 0xc0)],
  (_, good) => [{}, Uint8Array.from(Buffer.from(good, 'utf16le'))],
  (random, good) => [GZIP, cut(gzipSync(good), random)],
  (random, good) => [{ 'Content-Encoding': 'deflate' }, cut(deflateSync(good), random)],
  (_, good) => [GZIP, Buffer.concat([gzipSync(good), utf8('garbage')])],
  (_, good) => [GZIP, utf8(good)],
  (_, good) => [{}, gzipSync(good)],
  (_, good) => [GZIP, gzipSync(gzipSync(good))],
  (_, good) => [GZIP, corrupted(gzipSync(good))],
  () => [GZIP, BOMB],
  () => [{ 'Content-Encoding': 'deflate' }, deflateSync(Buffer.alloc(5_000_000, '['))],
  (_, good) => [{ 'Content-Encoding': 'br' }, utf8(good)],
  (_, good) => [{ 'Content-Encoding': 'gzip, gzip' }, gzipSync(gzipSync(good))],
  (_, good) => [{ 'Content-Encoding': '__proto__' }, utf8(good)],
  (_, good) => [{ 'X-Game-ID': 'another' }, utf8(good)],
  (_, good) => [{ 'X-Game-ID': '\u00ff'.repeat(2_000) }, utf8(good)],
  (_, good) => [{ 'X-Env': '' }, utf8(good)],
  (_, good) => [{ Authorization: 'Bearer \u00ff' }, utf8(good)],
  (_, good) => [{ Authorization: 'Basic Og==' }, utf8(good)],
  (_, good) => [{ Origin: 'https://evil.example' }, utf8(good)],
  () => [{}, utf8('null')],
  () => [{}, utf8('"events"')],
  () => [{}, utf8('{"events":{}}')],
  () => [{}, utf8('{"payments":null}')],
  () => [{}, utf8(`[${'[],'.repeat(1_000)}[]]`)],
  () => [{}, utf8(`{"events":${'['.repeat(50_000)}`)],
  () => [{ 'Content-Type': 'application/x-ndjson' }, utf8('x\n'.repeat(1_001))],
]

const BOMB = gzipSync(Buffer.alloc(60_000_000, ' '))

function randomBytes(random: Random, length: number, first?: number): Uint8Array {
  const bytes = Uint8Array.from({ length }, () => Math.floor(random() * 256))
  // A continuation byte at the start is no UTF-8.
  if (first !== undefined) bytes[0] = first
  return bytes
}

function withByte(bytes: Uint8Array, random: Random, byte: number): Uint8Array {
  const broken = Uint8Array.from(bytes)
  broken[Math.floor(random() * broken.length)] = byte
  return broken
}

function cut(bytes: Uint8Array, random: Random): Uint8Array {
  return bytes.slice(0, 1 + Math.floor(random() * (bytes.length - 2)))
}

function corrupted(bytes: Uint8Array): Uint8Array {
  const broken = Uint8Array.from(bytes)
  // The checksum of the content stands before its length, at the end.
  const at = broken.length - 6
  broken[at] = (broken[at] ?? 0) ^ 0xff
  return broken
}
