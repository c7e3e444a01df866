import { describe, it } from 'vitest'

import { allowedMethods } from '../../src/allowed-methods.ts'

const route = (method: string, path: string) => ({
  method,
  path,
  basePath: '/',
  handler: () => undefined,
})
const routes = [
  route('ALL', '/*'),
  route('GET', '/api/games'),
  route('POST', '/api/games'),
  route('GET', '/api/games/:id'),
  route('PATCH', '/api/games/:id'),
  route('GET', '/api/games/:id'),
]

describe('the methods of an address', () => {
  it.for([
    ['/api/games', ['GET', 'POST']],
    ['/api/games/demo', ['GET', 'PATCH']],
    ['/api/games/demo/keys', []],
    ['/api', []],
    ['/', []],
  ] as const)('%s has %j', ([path, methods], { expect }) => {
    expect(allowedMethods(routes, path)).toEqual(methods)
  })
})
