/** Sending: what is acknowledged is counted once, what may not have arrived is sent again unchanged. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

import { describe, it, onTestFinished } from 'vitest'

import { batchesOf, SendError, sendAll, type Target } from '../../../scripts/replay/send.ts'

type Answer = (request: IncomingMessage, body: string, response: ServerResponse) => void

/** An HTTP server on loopback that records every body and lets the test answer. */
async function startServer(answer: Answer): Promise<{ target: Target; bodies: string[] }> {
  const bodies: string[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      bodies.push(body)
      return answer(request, body, response)
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const url = `http://127.0.0.1:${port}`
  return { target: { url, gameId: 'g', env: 'test', writeKey: 'secret' }, bodies }
}

function accept(body: string, response: ServerResponse): void {
  const answer = { accepted: countOf(body), rejected: 0, results: [], trace_id: '0' }
  response.writeHead(202).end(JSON.stringify(answer))
}

function countOf(body: string): number {
  const json: unknown = JSON.parse(body)
  return Array.isArray(json) ? json.length : 0
}

const events = Array.from({ length: 10 }, (_, index) => `{"n":${index}}`)

function send(target: Target, waits: number[] = [], concurrency = 1) {
  return sendAll(batchesOf(events, 4), target, {
    concurrency,
    onProgress: () => {},
    wait: (ms) => {
      waits.push(ms)
      return Promise.resolve()
    },
  })
}

describe('batchesOf', () => {
  it('puts every event into one body, in order, the last body taking the rest', ({ expect }) => {
    const batches = [...batchesOf(events, 4)]
    expect(batches.map((batch) => batch.events)).toEqual([4, 4, 2])
    const sent = batches.flatMap(({ body }): unknown => JSON.parse(new TextDecoder().decode(body)))
    expect(sent).toEqual(events.map((event): unknown => JSON.parse(event)))
  })
})

describe('sendAll', () => {
  it('names the game, the environment and the key, and counts what was accepted', async ({
    expect,
  }) => {
    const seen: unknown[] = []
    const { target, bodies } = await startServer((request, body, response) => {
      const { authorization, 'x-game-id': game, 'x-env': env } = request.headers
      seen.push([request.method, request.url, authorization, game, env])
      accept(body, response)
    })
    const report = await send(target)
    expect(report).toEqual({ sent: 10, accepted: 10, rejected: 0, retriedPosts: 0, rejections: [] })
    expect(seen).toEqual(
      Array.from({ length: 3 }, () => ['POST', '/api/events/track', 'Bearer secret', 'g', 'test']),
    )
    expect(bodies).toEqual([
      '[{"n":0},{"n":1},{"n":2},{"n":3}]',
      '[{"n":4},{"n":5},{"n":6},{"n":7}]',
      '[{"n":8},{"n":9}]',
    ])
  })

  it('sends the same bytes again after a 503 and not before Retry-After', async ({ expect }) => {
    let posts = 0
    const { target, bodies } = await startServer((_, body, response) => {
      posts += 1
      if (posts === 1) response.writeHead(503, { 'Retry-After': '7' }).end('busy')
      else accept(body, response)
    })
    const waits: number[] = []
    const report = await send(target, waits)
    expect(report).toMatchObject({ sent: 10, accepted: 10, retriedPosts: 1 })
    expect(waits).toEqual([7_000])
    expect(bodies).toHaveLength(4)
    expect(bodies[1]).toBe(bodies[0])
  })

  it('sends the same bytes again when the connection breaks before the answer', async ({
    expect,
  }) => {
    let posts = 0
    const { target, bodies } = await startServer((request, body, response) => {
      posts += 1
      if (posts === 2) request.socket.destroy()
      else accept(body, response)
    })
    expect(await send(target)).toMatchObject({ sent: 10, accepted: 10, retriedPosts: 1 })
    expect(bodies[2]).toBe(bodies[1])
  })

  it('gives up after a bounded number of attempts with growing delays', async ({ expect }) => {
    const { target, bodies } = await startServer((_, _body, response) => {
      response.writeHead(500).end('down')
    })
    const waits: number[] = []
    await expect(send(target, waits)).rejects.toThrow('failed 10 times, last: 500 down')
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000, 15_000])
    expect(new Set(bodies).size).toBe(1)
  })

  it('stops at a 4xx with the text of the problem and what was acknowledged', async ({
    expect,
  }) => {
    let posts = 0
    const { target, bodies } = await startServer((_, body, response) => {
      posts += 1
      if (posts === 1) accept(body, response)
      else {
        const problem = { title: 'The key is not known', detail: 'Ask.', trace_id: 'abc' }
        response.writeHead(401).end(JSON.stringify(problem))
      }
    })
    const failure = await send(target).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(SendError)
    expect(failure).toMatchObject({
      message: '401 The key is not known. Ask. (trace_id abc)',
      report: { sent: 4, accepted: 4 },
    })
    expect(bodies).toHaveLength(2)
  })

  it('counts rejected events apart and keeps what the answer says of them', async ({ expect }) => {
    const result = { index: 0, event_id: null, status: 'rejected', code: 'unknown_event' }
    const { target } = await startServer((_, body, response) => {
      const rejected = body.includes('"n":0') ? 1 : 0
      const accepted = countOf(body) - rejected
      const results = rejected === 1 ? [result] : []
      response.writeHead(202).end(JSON.stringify({ accepted, rejected, results }))
    })
    const report = await send(target)
    expect(report).toMatchObject({ sent: 10, accepted: 9, rejected: 1 })
    expect(report.rejections.map((entry): unknown => JSON.parse(entry))).toEqual([result])
  })

  it.for([
    [{ accepted: 3, rejected: 0, results: [] }, 'speaks of 3 accepted'],
    [{ accepted: 4, rejected: 0, results: [], stored: false }, 'stores nothing'],
  ] as const)('refuses the answer %j', async ([answer, reason], { expect }) => {
    const { target } = await startServer((_, _body, response) => {
      response.writeHead(202).end(JSON.stringify(answer))
    })
    await expect(send(target)).rejects.toThrow(reason)
  })

  it('with several senders sends every batch once', async ({ expect }) => {
    const { target, bodies } = await startServer((_, body, response) => accept(body, response))
    expect(await send(target, [], 4)).toMatchObject({ sent: 10, accepted: 10 })
    expect(bodies).toHaveLength(3)
    expect(new Set(bodies).size).toBe(3)
  })
})
