/** Which methods an address has: the difference between "no such address" and "not with this method". */
import type { RouterRoute } from 'hono/types'

/** Methods of the routes that a path matches; none when there is nothing at it. Middleware does not count. */
export function allowedMethods(routes: readonly RouterRoute[], path: string): string[] {
  const methods = routes
    .filter(({ method, path: pattern }) => method !== 'ALL' && matches(pattern, path))
    .map(({ method }) => method)
  return [...new Set(methods)].toSorted()
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/')
  const given = path.split('/')
  return (
    wanted.length === given.length &&
    wanted.every((segment, index) => segment.startsWith(':') || segment === given[index])
  )
}
