/** What the inspector of a runtime tells: CPU profiles and the size of the heap. */
import { z } from 'zod'

const targetsSchema = z.array(z.looseObject({ webSocketDebuggerUrl: z.string() }))

const replySchema = z.looseObject({
  id: z.number().optional(),
  result: z.unknown().optional(),
  error: z.looseObject({ message: z.string() }).optional(),
})

const heapSchema = z.looseObject({
  usedSize: z.number(),
  embedderHeapUsedSize: z.number().default(0),
  backingStorageSize: z.number().default(0),
})

export interface Inspector {
  /** Calls a method of the protocol. Throws with the inspector's words. */
  call(method: string, parameters?: Readonly<Record<string, unknown>>): Promise<unknown>
  /** Collects garbage: a snapshot of the heap, thrown away, is the only way to ask workerd for that. */
  collectGarbage(): Promise<void>
  /** Bytes of the heap and of the buffers beside it that are in use, garbage included. */
  heapBytes(): Promise<number>
  close(): void
}

/** Connects to the only Worker behind an inspector. */
export async function inspect(inspectorUrl: URL): Promise<Inspector> {
  const list = await fetch(new URL(`http://${inspectorUrl.host}/json`))
  const [target] = targetsSchema.parse(await list.json())
  if (target === undefined) throw new Error('the inspector knows no Worker')
  const socket = new WebSocket(target.webSocketDebuggerUrl)
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true })
    socket.addEventListener('error', reject, { once: true })
  })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  socket.addEventListener('message', ({ data }) => {
    const { id, result, error } = replySchema.parse(JSON.parse(String(data)))
    const call = id === undefined ? undefined : waiting.get(id)
    if (error === undefined) call?.resolve(result)
    else call?.reject(new Error(error.message))
  })
  let last = 0
  const call: Inspector['call'] = (method, parameters = {}) => {
    last += 1
    const pending = Promise.withResolvers<unknown>()
    waiting.set(last, pending)
    socket.send(JSON.stringify({ id: last, method, params: parameters }))
    return pending.promise
  }
  return {
    call,
    async collectGarbage() {
      await call('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
    },
    async heapBytes() {
      const heap = heapSchema.parse(await call('Runtime.getHeapUsage'))
      return heap.usedSize + heap.embedderHeapUsedSize + heap.backingStorageSize
    },
    close: () => socket.close(),
  }
}
