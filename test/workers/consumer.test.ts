import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, it, vi } from 'vitest'

import { gameSketchesName } from '../../durable/names.ts'
import { gzip } from '../../src/event/bytes.ts'
import worker from '../../src/index.ts'
import { aMessage, anEventRow, countRows, messageOf } from './support.ts'

const EVENTS = 'croupier-events'
const DEAD_LETTERS = 'croupier-dead-letters'

type TestMessage = Omit<ReturnType<typeof aMessage>, 'body'> & { body: Uint8Array | ArrayBuffer }

async function consume(messages: readonly TestMessage[], testEnv: Env = env, queue = EVENTS) {
  const batch = createMessageBatch(queue, [...messages])
  const context = createExecutionContext()
  await worker.queue(batch, testEnv)
  const { explicitAcks, retryMessages, outcome } = await getQueueResult(batch, context)
  return { outcome, acked: explicitAcks, retried: retryMessages.map(({ msgId }) => msgId) }
}

const countEvents = (gameId: string) => countRows('events', 'game_id = {gameId:String}', { gameId })
const ids = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`)

/** A message of rows that are refused, compressed as ingest does: the dead-letter queue has to take it whole. */
async function hopelessMessage(id: string, gameId: string, rows: number) {
  const bad = ids(id, rows).map((eventId) => anEventRow(gameId, eventId, 'not a time'))
  const message = messageOf(id, gameId, bad)
  return { ...message, body: gzip(message.body) }
}

describe('the consumer of croupier-events', () => {
  it('acknowledges a batch whose rows are stored', async ({ expect }) => {
    const result = await consume([
      aMessage('stored-1', 'stored', ids('a', 20)),
      aMessage('stored-2', 'stored', ids('b', 20)),
    ])
    expect(result).toEqual({ outcome: 'ok', acked: ['stored-1', 'stored-2'], retried: [] })
    expect(await countEvents('stored')).toBe(40)
  })

  it('counts a row once however often and in whatever company its message returns', async ({
    expect,
  }) => {
    const messages = ids('m', 6).map((id) => aMessage(`regroup-${id}`, 'regroup', ids(id, 5)))
    const [first, second, third, ...others] = messages
    if (first === undefined || second === undefined || third === undefined) throw new Error('six')
    await consume(messages)
    await consume(messages)
    await consume(messages.toReversed())
    await consume([first, third])
    await consume([second, ...others, first])
    expect(await countEvents('regroup')).toBe(30)
  })

  it('retries every message and acknowledges none while ClickHouse is unreachable', async ({
    expect,
  }) => {
    const unreachable = { ...env, CLICKHOUSE_URL: 'http://127.0.0.1:9' }
    const message = aMessage('down-1', 'down', ids('a', 3))
    expect(await consume([message], unreachable)).toEqual({
      outcome: 'ok',
      acked: [],
      retried: ['down-1'],
    })
    expect(await consume([message])).toMatchObject({ acked: ['down-1'] })
    expect(await countEvents('down')).toBe(3)
  })

  it('retries, and calls nothing poison, when the table is missing', async ({ expect }) => {
    const elsewhere = { ...env, CLICKHOUSE_DATABASE: 'no_such_database' }
    const result = await consume([aMessage('schema-1', 'schema', ids('a', 3))], elsewhere)
    expect(result).toMatchObject({ acked: [], retried: ['schema-1'] })
  })

  it('stores the good rows around a refused one and keeps that one as a dead letter', async ({
    expect,
  }) => {
    const rows = ids('row', 9).map((id) => anEventRow('poison', id))
    rows.splice(4, 0, anEventRow('poison', 'bad', 'not a time'))
    const result = await consume([
      aMessage('poison-1', 'poison', ids('before', 5)),
      messageOf('poison-2', 'poison', rows),
      aMessage('poison-3', 'poison', ids('after', 5)),
    ])
    expect(result).toMatchObject({ acked: ['poison-1', 'poison-2', 'poison-3'], retried: [] })
    expect(await countEvents('poison')).toBe(19)
    const condition = `game_id = {gameId:String} AND reason = 'row_refused' AND target = 'events'
      AND encoding = 'ndjson' AND JSONExtractString(payload, 'event_id') = 'bad'`
    await vi.waitUntil(
      async () => (await countRows('dead_letters', condition, { gameId: 'poison' })) === 1,
      { timeout: 15_000, interval: 200 },
    )
  })

  it('forwards a message that nobody can read and acknowledges the others', async ({ expect }) => {
    const broken = {
      ...aMessage('broken-1', 'x', []),
      // As a queue delivers it: the buffer, not a view on it.
      body: new Uint8Array(new TextEncoder().encode('no envelope')).buffer,
    }
    const result = await consume([broken, aMessage('broken-2', 'broken', ids('a', 2))])
    expect(result).toMatchObject({ acked: ['broken-1', 'broken-2'], retried: [] })
    const condition = `reason = 'message_unreadable' AND base64Decode(payload) = 'no envelope'`
    await vi.waitUntil(async () => (await countRows('dead_letters', condition, {})) === 1, {
      timeout: 15_000,
      interval: 200,
    })
  })

  it('brings back only what the dead-letter queue did not take, even when its send throws', async ({
    expect,
  }) => {
    const refuse = () => {
      throw new TypeError('cannot be sent')
    }
    const deaf: Queue = {
      metrics: () => env.DEAD_LETTER_QUEUE.metrics(),
      send: refuse,
      sendBatch: refuse,
    }
    const broken = { ...aMessage('deaf-1', 'x', []), body: new Uint8Array([1, 2, 3]) }
    const messages = [broken, aMessage('deaf-2', 'deaf', ids('a', 2))]
    const result = await consume(messages, { ...env, DEAD_LETTER_QUEUE: deaf })
    expect(result).toEqual({ outcome: 'ok', acked: ['deaf-2'], retried: ['deaf-1'] })
  })

  it('gives up a message of refused rows as a whole, and stores the messages beside it', async ({
    expect,
  }) => {
    const bad = ids('bad', 500).map((id) => anEventRow('hopeless', id, 'not a time'))
    const hopeless = messageOf('hopeless-2', 'hopeless', bad)
    const result = await consume([
      aMessage('hopeless-1', 'hopeless', ids('before', 5)),
      hopeless,
      aMessage('hopeless-3', 'hopeless', ids('after', 5)),
    ])
    expect(result.acked.toSorted()).toEqual(['hopeless-1', 'hopeless-2', 'hopeless-3'])
    expect(await countEvents('hopeless')).toBe(10)
    const condition = `game_id = 'hopeless' AND reason = 'message_not_stored'
      AND base64Decode(payload) = {body:String}`
    const body = new TextDecoder().decode(hopeless.body)
    await vi.waitUntil(async () => (await countRows('dead_letters', condition, { body })) === 1, {
      timeout: 20_000,
      interval: 200,
    })
  })

  it('lets no game pay for the refused rows of another', async ({ expect }) => {
    const messages: TestMessage[] = ids('fair', 98).map((id, index) =>
      aMessage(id, index % 10 === 5 ? 'hostile' : 'starved', [id]),
    )
    messages.splice(10, 0, await hopelessMessage('hopeless-a', 'hostile', 1_000))
    messages.splice(70, 0, await hopelessMessage('hopeless-b', 'hostile', 1_000))
    const { acked, retried } = await consume(messages)
    expect(acked).toHaveLength(100)
    expect(retried).toEqual([])
    expect(await countEvents('starved')).toBe(88)
    // The good messages of the same game are found before its bad ones use the budget up.
    expect(await countEvents('hostile')).toBe(10)
    const givenUp = `reason = 'message_not_stored' AND game_id IN ('hostile', 'starved')`
    await vi.waitUntil(async () => (await countRows('dead_letters', givenUp, {})) >= 2, {
      timeout: 20_000,
      interval: 200,
    })
    expect(await countRows('dead_letters', `game_id = 'hostile'`, {})).toBe(2)
    expect(await countRows('dead_letters', `game_id = 'starved'`, {})).toBe(0)
  })

  it('isolates a refused row of one game beside a game whose rows are all refused', async ({
    expect,
  }) => {
    const mixed = [anEventRow('beside', 'bad', 'not a time')]
    mixed.push(...ids('good', 999).map((id) => anEventRow('beside', id)))
    const message = messageOf('beside-2', 'beside', mixed)
    const result = await consume([
      await hopelessMessage('beside-1', 'beside-bad', 1_000),
      { ...message, body: gzip(message.body) },
    ])
    expect(result.acked.toSorted()).toEqual(['beside-1', 'beside-2'])
    expect(await countEvents('beside')).toBe(999)
    const refused = `game_id = 'beside' AND reason = 'row_refused'`
    await vi.waitUntil(async () => (await countRows('dead_letters', refused, {})) === 1, {
      timeout: 20_000,
      interval: 200,
    })
    expect(await countRows('dead_letters', `game_id = 'beside'`, {})).toBe(1)
  })

  it('stores a batch that is larger than one round', async ({ expect }) => {
    const property = JSON.stringify(`{"a":"${'x'.repeat(4_000)}"}`)
    const messages = await Promise.all(
      ids('large', 12).map(async (id) => {
        const rows = ids(id, 400).map((eventId) =>
          anEventRow('large', eventId).replace('"{}"', property),
        )
        const { body, timestamp, attempts } = messageOf(id, 'large', rows)
        return { id, timestamp, attempts, body: gzip(body) }
      }),
    )
    const { acked, retried } = await consume(messages)
    expect(acked).toHaveLength(12)
    expect(retried).toEqual([])
    expect(await countEvents('large')).toBe(4_800)
  })

  it('reads a message that the sender compressed', async ({ expect }) => {
    const { body, ...message } = aMessage('gzip-1', 'gzip', ids('a', 300))
    const compressed = gzip(body)
    expect(await consume([{ ...message, body: compressed }])).toMatchObject({ acked: ['gzip-1'] })
    expect(await countEvents('gzip')).toBe(300)
  })

  describe('with sketches', () => {
    const day = Math.floor(Date.now() / 86_400_000)
    const group = (...tokens: number[]) => [
      { metric: 'dau' as const, bucket: day, tokens: Uint32Array.from(tokens) },
    ]
    const dau = async (gameId: string) => {
      const stub = env.GAME_SKETCHES.getByName(gameSketchesName({ gameId, env: 'prod' }))
      return (await stub.figures({ day, minute: 0 })).dau
    }

    it('adds the users of all messages once', async ({ expect }) => {
      const messages = [
        aMessage('sketch-1', 'sketch', ['a'], group(64, 128)),
        aMessage('sketch-2', 'sketch', ['b'], group(128, 192)),
      ]
      await consume(messages)
      await consume(messages.toReversed())
      expect(await dau('sketch')).toEqual({ value: 3, exact: true, error: 0 })
    })

    it('retries only the messages of the game whose sketches fail', async ({ expect }) => {
      // 63 leading zeros cannot be: the object refuses the token.
      const result = await consume([
        aMessage('sketch-bad', 'sketch-bad', ['a'], group(63)),
        aMessage('sketch-good', 'sketch-good', ['a'], group(64)),
      ])
      expect(result).toMatchObject({ acked: ['sketch-good'], retried: ['sketch-bad'] })
      expect((await dau('sketch-good')).value).toBe(1)
    })
  })
})

describe('the consumer of croupier-dead-letters', () => {
  const exhausted = aMessage('dead-1', 'dead', ids('a', 2))

  beforeAll(async () => {
    await consume([exhausted], env, DEAD_LETTERS)
  })

  it('keeps a message that ran out of retries whole, with its game and trace', async ({
    expect,
  }) => {
    const condition = `game_id = 'dead' AND env = 'prod' AND reason = 'message_not_stored'
      AND trace_id = '0123456789abcdef' AND base64Decode(payload) = {body:String}`
    const body = new TextDecoder().decode(exhausted.body)
    expect(await countRows('dead_letters', condition, { body })).toBe(1)
  })

  it('keeps it once when it is delivered again', async ({ expect }) => {
    await consume([{ ...exhausted, id: 'dead-2' }], env, DEAD_LETTERS)
    expect(await countRows('dead_letters', `game_id = 'dead'`, {})).toBe(1)
  })

  it('retries while ClickHouse is unreachable', async ({ expect }) => {
    const unreachable = { ...env, CLICKHOUSE_URL: 'http://127.0.0.1:9' }
    const result = await consume([exhausted], unreachable, DEAD_LETTERS)
    expect(result).toMatchObject({ acked: [], retried: ['dead-1'] })
  })
})
