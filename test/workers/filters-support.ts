/** Calls of /api/analytics/filters, for tests inside workerd. */
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

import { createApp } from '../../src/app.ts'
import { READ_KEY } from './support.ts'

/** The game of calls that name none. */
export const FILTERS_GAME = 'filters-test'

interface Call {
  readonly method?: string
  readonly token?: string
  readonly game?: string
  readonly body?: unknown
  readonly bindings?: Env
}

/** GET, or POST with a body, with the read key unless another token is told; '' for none. */
export async function filters(call: Call = {}): Promise<Response> {
  const { method, token = READ_KEY, game = FILTERS_GAME, body, bindings = env } = call
  const headers: Record<string, string> = { 'X-Game-ID': game, 'X-Env': 'prod' }
  if (token !== '') headers['Authorization'] = `Bearer ${token}`
  return createApp().request(
    '/api/analytics/filters',
    {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers,
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    },
    bindings,
    createExecutionContext(),
  )
}
