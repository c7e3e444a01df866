/** A door in front of the queue's consumer: while it is closed messages pile up, so the parts can be timed apart. */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:http'

import { portOf } from '../local/free-port.ts'

export interface Gate {
  readonly url: string
  close(): void
  open(): void
  stop(): Promise<void>
}

/** Starts an open gate on a free port. A Worker asks it before each batch and waits for its answer. */
export async function startGate(): Promise<Gate> {
  let waiting: ServerResponse[] | null = null
  const server = createServer((_, response) => {
    if (waiting === null) response.end()
    else waiting.push(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const open = () => {
    for (const response of waiting ?? []) response.end()
    waiting = null
  }
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    close() {
      waiting ??= []
    },
    open,
    async stop() {
      open()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
