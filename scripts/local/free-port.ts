/** Ports of the loopback interface. */
import { once } from 'node:events'
import type { Server } from 'node:net'
import { createServer } from 'node:net'

/**
 * A port that nobody listens on: `preferred` when it is free, otherwise one that the system chooses.
 * It is free now; another process may take it before it is used.
 */
export async function freePort(preferred = 0): Promise<number> {
  const server = createServer()
  try {
    server.listen(preferred, '127.0.0.1')
    await once(server, 'listening')
    return portOf(server)
  } catch (error) {
    if (preferred === 0) throw error
    return await freePort()
  } finally {
    server.close()
  }
}

/** The port that a server listens on; throws when it listens on none. */
export function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening on a port')
  return address.port
}
