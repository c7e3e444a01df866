import { env, exports } from 'cloudflare:workers'
import { beforeAll, describe, it, vi } from 'vitest'

import { createApp } from '../../src/app.ts'
import { liveHelloSchema } from '../../src/event/live-entry.ts'
import { healthSchema } from '../../src/health-schema.ts'
import type { Operation } from '../../src/openapi/operation.ts'
import { OPERATIONS } from '../../src/openapi/operations.ts'
import { problemSchema, problemsOf } from '../../src/openapi/problems.ts'
import {
  anEvent,
  countRows,
  createGame,
  READ_KEY,
  SERVER_KEY,
  SERVER_KEY_ID,
  signedHeaders,
  WRITE_KEY,
} from './support.ts'

const GAME = 'openapi-test'

const addressOf = ({ method, path }: { method: string; path: string }) =>
  `${method.toUpperCase()} ${path}`

beforeAll(async () => {
  await createGame(GAME)
  await storeSomething()
})

describe('the operations', () => {
  it('are the routes of the app, all of them and nothing else', ({ expect }) => {
    const routes = createApp()
      .routes.filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => addressOf({ method, path: path.replaceAll(/:(\w+)/g, '{$1}') }))
    expect([...new Set(routes)].toSorted()).toEqual(OPERATIONS.map(addressOf).toSorted())
  })
})

/** An active player who pays, and a refused event, so that answers have something to tell. */
async function storeSomething(): Promise<void> {
  const props = { variant: 'a' }
  const events = [
    anEvent({ user_id: 'payer', country: 'DE', props }),
    anEvent({ user_id: 'payer', event: 'user.register', country: 'DE', props }),
    anEvent({ event: 'no.such.event' }),
  ]
  const payment = { order_id: 'o-0', user_id: 'payer', status: 'success', ...MONEY, ts: Date.now() }
  await request(operationOf('trackEvents'), { key: WRITE_KEY, body: { events } })
  await request(operationOf('trackPayments'), { key: SERVER_KEY, body: [payment] })
  const stored = async (table: string) =>
    (await countRows(table, 'game_id = {game:String}', { game: GAME })) > 0
  await vi.waitUntil(
    async () =>
      (await stored('events')) &&
      (await stored('payments')) &&
      (await stored('events_rejected')) &&
      (await stored('audit_log')),
    { timeout: 20_000, interval: 200 },
  )
}

const MONEY = { amount_cents: 999, currency: 'USD', country: 'DE' }

interface Call {
  readonly key?: string
  readonly query?: string
  readonly ids?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

function operationOf(id: string): Operation {
  const operation = OPERATIONS.find((candidate) => candidate.id === id)
  if (operation === undefined) throw new Error(`there is no operation ${id}`)
  return operation
}

async function request(operation: Operation, call: Call): Promise<Response> {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => call.ids?.[name] ?? '')
  return exports.default.fetch(`http://edge.test${path}${call.query ?? ''}`, {
    method: operation.method.toUpperCase(),
    headers: {
      ...(call.key !== undefined && { Authorization: `Bearer ${call.key}` }),
      ...call.headers,
    },
    ...(call.body !== undefined && {
      body: typeof call.body === 'string' ? call.body : JSON.stringify(call.body),
    }),
  })
}

const answered = new Set<string>()

/** Calls the operation and returns the body, which has to be one that the document describes. */
async function described(id: string, call: Call): Promise<{ status: number; body: unknown }> {
  const operation = operationOf(id)
  const response = await request(operation, call)
  const text = await response.text()
  const body: unknown = JSON.parse(text)
  const answer = operation.answers.find(({ status }) => status === response.status)
  if (answer?.schema !== undefined) {
    answered.add(id)
    return { status: response.status, body: answer.schema.parse(body) }
  }
  const problem = problemSchema.parse(body)
  if (!problemsOf(operation).includes(problem.code)) {
    throw new Error(`${id} answered with ${text}, which is not documented`)
  }
  return { status: response.status, body: problem }
}

describe('real answers', () => {
  const admin = env.ADMIN_KEY

  it.for([
    ['an event', { key: WRITE_KEY, body: anEvent() }, 202],
    ['a dry run', { key: WRITE_KEY, query: '?validate=only', body: [anEvent()] }, 200],
    [
      'a verdict of every kind',
      {
        key: WRITE_KEY,
        body: {
          events: [anEvent({ event: 'no.such.event' }), anEvent({ event_time: 0 }), anEvent()],
          sent_at: Date.now() - 3_600_000,
        },
      },
      202,
    ],
    ['a warning', { key: WRITE_KEY, body: { events: [anEvent()], sent_at: 'now' } }, 202],
    ['no JSON', { key: WRITE_KEY, body: '{' }, 400],
    ['no key', { body: anEvent() }, 401],
    ['a read key', { key: READ_KEY, body: anEvent() }, 403],
    ['a server key in the URL', { query: `?key=${SERVER_KEY}`, body: anEvent() }, 403],
    [
      'a wrong encoding',
      { key: WRITE_KEY, body: '{}', headers: { 'Content-Encoding': 'br' } },
      415,
    ],
  ] as const)('of the ingest are as documented: %s', async ([, call, status], { expect }) => {
    expect(await described('trackEvents', call)).toMatchObject({ status })
  })

  it('of the other doors are as documented', async ({ expect }) => {
    const payment = {
      order_id: 'o-1',
      user_id: 'payer',
      status: 'success',
      ...MONEY,
      ts: Date.now(),
    }
    const payments = { key: SERVER_KEY, body: { payments: [payment, { order_id: 'o-2' }] } }
    for (const id of ['trackPayments', 'ingestAnalyticsPayments']) {
      expect(await described(id, payments)).toMatchObject({
        status: 202,
        body: { accepted: 1, rejected: 1 },
      })
    }
    const events = { key: SERVER_KEY, body: { events: [anEvent()] } }
    expect(await described('ingestAnalyticsEvents', events)).toMatchObject({ status: 202 })
    for (const [id, body] of [
      ['ingestSignedEvents', JSON.stringify([anEvent()])],
      ['ingestSignedPayments', JSON.stringify([payment])],
    ] as const) {
      const headers = await signedHeaders(body, { keyId: SERVER_KEY_ID, timeMs: Date.now() })
      expect(await described(id, { body, headers })).toMatchObject({ status: 202 })
      expect(await described(id, { body, headers })).toMatchObject({ status: 409 })
      expect(await described(id, { body })).toMatchObject({ status: 401 })
    }
  })

  it.for([
    ['getOverview', '?by=platform&filter=country:DE', { live: {}, active_users: 1 }],
    ['getOverview', '?by=props.variant', { groups: { values: [{ value: 'a', users: 1 }] } }],
    ['getRetention', '?by=platform&cohort=register', { totals: { size: 1 } }],
    ['getRealtime', '?currency=USD', { new_today: 1, pay_succ_rate: 100 }],
    ['getRealtimeSeries', '?start=2020-01-01&end=2020-01-02', { online: [], revenue_cents: [] }],
    [
      'getRealtimeBreakdown',
      '?metric=new_users&by=country',
      { values: [{ value: 'DE', users: 1 }] },
    ],
    ['getRealtimeRetention', '', { time_zone: 'UTC' }],
    ['getRealtimeDays', '', { days: [{ new_users: { value: 1 } }] }],
    ['getReconciliation', '', { summary: { compared: 0 } }],
    ['listRejectedEvents', '?limit=1&code=unknown_event', { events: [{ event: 'no.such.event' }] }],
    ['summarizeRejectedEvents', '?code=unknown_event', { groups: [{ code: 'unknown_event' }] }],
    ['getFilters', '', { ingest_enabled: true }],
  ] as const)('of %s%s are as documented', async ([id, query, body], { expect }) => {
    expect(await described(id, { key: READ_KEY, query })).toMatchObject({ status: 200, body })
  })

  it.for([
    ['getOverview', '?end=never', 400],
    ['getRealtimeSeries', '', 400],
    ['getRealtimeDays', '?start=never', 400],
    ['listRejectedEvents', '?limit=0', 400],
    ['getFilters', '?game_id=other', 403],
  ] as const)('of %s%s are documented problems', async ([id, query, status], { expect }) => {
    expect(await described(id, { key: READ_KEY, query })).toMatchObject({ status })
  })

  it('of what operators do are as documented', async ({ expect }) => {
    const query = `?game_id=${GAME}&env=prod`
    const call = { key: admin, query }
    for (const [id, body, status] of [
      ['changeFilters', operationOf('changeFilters').body?.example, 200],
      ['changeFilters', { version: 0, payments_enabled: true }, 409],
      ['changeFilters', { sampled: true }, 400],
      ['replayRejectedEvents', { dry_run: true }, 200],
      ['replayRejectedEvents', '', 200],
    ] as const) {
      expect(await described(id, { ...call, body })).toMatchObject({ status })
    }
    expect(await described('listAuditEntries', call)).toMatchObject({
      status: 200,
      body: { entries: expect.arrayContaining([expect.objectContaining({ actor_kind: 'key' })]) },
    })
  })

  it('of the control plane are as documented', async ({ expect }) => {
    const ids = { game_id: 'openapi-made', user_id: 'openapi-user', key_id: '' }
    const call = async (id: string, body?: unknown) =>
      described(id, { key: admin, ids, ...(body !== undefined && { body }) })
    const example = (id: string) => operationOf(id).body?.example
    expect(
      await call('createGame', { game_id: ids.game_id, name: 'Made', environments: ['prod'] }),
    ).toMatchObject({ status: 201 })
    expect(await call('createGame', { game_id: ids.game_id, name: 'Made' })).toMatchObject({
      status: 409,
    })
    for (const [id, body, status] of [
      ['listGames', undefined, 200],
      ['getGame', undefined, 200],
      ['updateGame', example('updateGame'), 200],
      ['updateGame', {}, 400],
      ['createEnvironment', example('createEnvironment'), 201],
      ['listEnvironments', undefined, 200],
      ['createUser', { user_id: ids.user_id, role: 'viewer', games: [ids.game_id] }, 201],
      ['createToken', example('createToken'), 201],
      ['updateUser', example('updateUser'), 200],
      ['listUsers', undefined, 200],
      ['whoAmI', undefined, 200],
    ] as const) {
      expect(await call(id, body)).toMatchObject({ status })
    }
    const made = await call('createKey', { env: 'prod', kind: 'server' })
    expect(made).toMatchObject({ status: 201, body: { key_id: expect.any(String) } })
    Object.assign(ids, made.body)
    for (const [id, status] of [
      ['rotateKey', 201],
      ['revokeKey', 200],
      ['revokeKey', 409],
      ['listKeys', 200],
      ['archiveGame', 200],
      ['restoreGame', 200],
      ['restoreGame', 409],
    ] as const) {
      expect(await call(id)).toMatchObject({ status })
    }
    expect(await described('whoAmI', { key: READ_KEY })).toMatchObject({ status: 200 })
  })

  it('of what needs no key are as documented', async ({ expect }) => {
    const ids: Readonly<Record<string, string>> = {
      getCatalogEvent: 'login',
      getCatalogMetric: 'dau',
      getCatalogGameType: 'rpg',
    }
    const described200 = OPERATIONS.filter(
      ({ access, answers }) => access === 'public' && answers[0].mediaType === undefined,
    ).filter(({ path }) => path !== '/openapi.json')
    expect(described200.length).toBeGreaterThan(9)
    for (const { id } of described200) {
      expect(await described(id, { ids: { id: ids[id] ?? '' } })).toMatchObject({ status: 200 })
    }
  })

  it('of the live feed begin as documented', async ({ expect }) => {
    const response = await request(operationOf('watchEvents'), { key: READ_KEY })
    expect(response.headers.get('Content-Type')).toContain('text/event-stream')
    const reader = response.body?.getReader()
    const text = new TextDecoder().decode((await reader?.read())?.value)
    await reader?.cancel()
    const data = /^event: hello\ndata: (.*)\n\n/.exec(text)?.[1] ?? ''
    expect(liveHelloSchema.strict().parse(JSON.parse(data))).toMatchObject({ game_id: GAME })
  })

  it('of a service that is ill are as documented', async ({ expect }) => {
    const broken = { ...env, CLICKHOUSE_URL: 'http://127.0.0.1:9' }
    const response = await createApp().request('/healthz', {}, broken)
    expect(response.status).toBe(503)
    expect(healthSchema.parse(await response.json())).toMatchObject({ status: 'failing' })
  })

  it('came from every operation that answers with JSON', ({ expect }) => {
    const silent = OPERATIONS.filter(({ id }) => !answered.has(id)).map(({ id }) => id)
    expect(silent).toEqual(['watchEvents', 'watchRealtime', 'getOpenApi', 'getDocs'])
  })
})
