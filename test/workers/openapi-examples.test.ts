import { exports } from 'cloudflare:workers'
import { beforeAll, describe, it } from 'vitest'
import { z } from 'zod'

import { ingestAnswerSchema } from '../../src/ingest/schemas.ts'
import { OPERATIONS } from '../../src/openapi/operations.ts'
import { createGame, SERVER_KEY, SERVER_KEY_ID, signedHeaders, WRITE_KEY } from './support.ts'

const DOORS = OPERATIONS.filter(({ tag }) => tag === 'ingest')

/** Where the document has its examples of bodies. */
const documentSchema = z.object({
  paths: z.record(
    z.string(),
    z.object({
      post: z
        .object({
          requestBody: z
            .object({
              content: z.record(z.string(), z.object({ example: z.unknown().optional() })),
            })
            .optional(),
        })
        .optional(),
    }),
  ),
})

async function exampleOf(path: string): Promise<string> {
  const response = await exports.default.fetch('http://edge.test/openapi.json')
  const { paths } = documentSchema.parse(await response.json())
  return JSON.stringify(paths[path]?.post?.requestBody?.content['application/json']?.example)
}

async function send(path: string, body: string, headers: Readonly<Record<string, string>>) {
  const url = `http://edge.test${path}`
  const response = await exports.default.fetch(url, { method: 'POST', headers, body })
  return { status: response.status, answer: ingestAnswerSchema.parse(await response.json()) }
}

const ACCEPTED = { status: 202, answer: { accepted: 1, rejected: 0, filtered: 0, results: [] } }

beforeAll(() => createGame('openapi-examples'))

describe('the example of the document', () => {
  const keyed = DOORS.filter(({ access }) => access !== 'signed').map(({ path }) => path)
  const signed = DOORS.filter(({ access }) => access === 'signed').map(({ path }) => path)

  it('is there for six doors', ({ expect }) => {
    expect([keyed.length, signed.length]).toEqual([4, 2])
  })

  it.for(keyed)('is accepted by %s as it is, without a verdict', async (path, { expect }) => {
    const body = await exampleOf(path)
    for (const key of [WRITE_KEY, SERVER_KEY]) {
      expect(await send(path, body, { Authorization: `Bearer ${key}` })).toMatchObject(ACCEPTED)
    }
  })

  it.for(signed)('is accepted by %s as it is, without a verdict', async (path, { expect }) => {
    const body = await exampleOf(path)
    const headers = await signedHeaders(body, { keyId: SERVER_KEY_ID, timeMs: Date.now() })
    expect(await send(path, body, headers)).toMatchObject(ACCEPTED)
  })
})
