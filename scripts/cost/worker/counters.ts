/** What the platform bills, counted where it happens. Runs inside the Worker. */

import { isMethod, replaceMethod } from '../../bench/worker/replace-method.ts'
import { chunksOf } from '../chunks.ts'

export const counts = {
  /** HTTP requests */
  requests: 0,
  /** Batches of a queue; each is billed as a request */
  batches: 0,
  /** Messages, for who waits until all have been delivered */
  sent: 0,
  settled: 0,
  sentBytes: 0,
  queueWrites: 0,
  queueReads: 0,
  queueDeletes: 0,
  /** Calls and alarms of Durable Objects */
  objectRequests: 0,
  objectAlarms: 0,
  /**
   * Time in which at least one call or alarm of an object was under way, as its caller sees it, in milliseconds, summed
   * over all objects: at least what they were active
   */
  objectMs: 0,
  /** Of it that of the objects in which POSTs gather */
  coalescerMs: 0,
  /** POSTs that they were called for */
  coalescerCalls: 0,
  objectRowsRead: 0,
  objectRowsWritten: 0,
  d1RowsRead: 0,
  d1RowsWritten: 0,
  logLines: 0,
}

function bytesOf(body: unknown): number {
  if (body instanceof ArrayBuffer || body instanceof Uint8Array) return body.byteLength
  return new TextEncoder().encode(JSON.stringify(body)).byteLength
}

/** Counts lines that go to the log. */
export function countLogs(): void {
  for (const name of ['log', 'info', 'warn', 'error', 'debug']) {
    replaceMethod(console, name, (method) => (...args) => {
      counts.logLines += 1
      return Reflect.apply(method, console, args)
    })
  }
}

/** Counts sends to queues, and calls to Durable Objects. */
export function countBindings(env: Env): void {
  replaceMethod(
    Object.getPrototypeOf(env.EVENTS_QUEUE),
    'send',
    (send) =>
      async function counted(this: unknown, ...args) {
        const bytes = bytesOf(args[0])
        const reply = await Reflect.apply(send, this, args)
        counts.sent += 1
        counts.sentBytes += bytes
        counts.queueWrites += chunksOf(bytes)
        return reply
      },
  )
  // All namespaces have one prototype.
  replaceMethod(
    Object.getPrototypeOf(env.GAME_SKETCHES),
    'getByName',
    (getByName) =>
      function counted(this: unknown, ...args) {
        const stub: unknown = Reflect.apply(getByName, this, args)
        if (typeof stub !== 'object' || stub === null) return stub
        return countedStub(stub, this === env.EVENT_COALESCER)
      },
  )
}

function countedStub(stub: object, isCoalescer: boolean): object {
  const id = String(Reflect.get(stub, 'id'))
  return new Proxy(stub, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (!isMethod(member)) return member
      return async (...args: unknown[]) => {
        counts.objectRequests += 1
        if (isCoalescer) counts.coalescerCalls += 1
        return timed({ id, isCoalescer }, () => Reflect.apply(member, target, args))
      }
    },
  })
}

interface CalledObject {
  readonly id: string
  readonly isCoalescer: boolean
}

/** Calls that are under way and since when there are any, by id of the object. */
const active = new Map<string, { calls: number; readonly sinceMs: number }>()

/** Counts the time from the first of overlapping calls of an object to the end of the last one: it is billed once. */
async function timed({ id, isCoalescer }: CalledObject, call: () => unknown): Promise<unknown> {
  const activity = active.get(id) ?? { calls: 0, sinceMs: Date.now() }
  active.set(id, activity)
  activity.calls += 1
  try {
    return await call()
  } finally {
    activity.calls -= 1
    if (activity.calls === 0) {
      active.delete(id)
      const activeMs = Date.now() - activity.sinceMs
      counts.objectMs += activeMs
      if (isCoalescer) counts.coalescerMs += activeMs
    }
  }
}

/** The id of an object, from inside it. */
function ownId(object: unknown): string {
  if (typeof object !== 'object' || object === null) throw new TypeError('no object')
  const ctx: unknown = Reflect.get(object, 'ctx')
  if (typeof ctx !== 'object' || ctx === null) throw new TypeError('the object has no state')
  return String(Reflect.get(ctx, 'id'))
}

const watched = new WeakSet<object>()

/** Counts what Durable Objects do in their storage, from the first object on that is shown. */
export function countStorage(storage: DurableObjectStorage): void {
  const sql: object = Object.getPrototypeOf(storage.sql)
  if (watched.has(sql)) return
  watched.add(sql)
  replaceMethod(
    sql,
    'exec',
    (exec) =>
      function counted(this: unknown, ...args) {
        const cursor: unknown = Reflect.apply(exec, this, args)
        // Rows that are read are known once the cursor was walked, which callers do at once.
        queueMicrotask(() => noteRows(cursor))
        return cursor
      },
  )
  replaceMethod(
    Object.getPrototypeOf(storage),
    'setAlarm',
    (setAlarm) =>
      function counted(this: unknown, ...args) {
        counts.objectRowsWritten += 1
        return Reflect.apply(setAlarm, this, args)
      },
  )
}

function noteRows(cursor: unknown): void {
  if (typeof cursor !== 'object' || cursor === null) return
  counts.objectRowsRead += Number(Reflect.get(cursor, 'rowsRead'))
  counts.objectRowsWritten += Number(Reflect.get(cursor, 'rowsWritten'))
}

/** Counts alarms of a class, if it has any. */
export function countAlarms(prototype: object): void {
  if (!('alarm' in prototype)) return
  replaceMethod(
    prototype,
    'alarm',
    (alarm) =>
      async function counted(this: unknown, ...args) {
        counts.objectAlarms += 1
        counts.objectRequests += 1
        const called = { id: ownId(this), isCoalescer: false }
        return timed(called, () => Reflect.apply(alarm, this, args))
      },
  )
}

/** The batch with its messages counted: each delivery is a read, each acknowledgement a deletion. */
export function countBatch(batch: MessageBatch): MessageBatch {
  const messages = batch.messages.map((message) => {
    const { id, timestamp, body, attempts } = message
    const chunks = chunksOf(bytesOf(body))
    counts.queueReads += chunks
    return {
      id,
      timestamp,
      body,
      attempts,
      ack() {
        counts.settled += 1
        counts.queueDeletes += chunks
        message.ack()
      },
      retry: (options?: QueueRetryOptions) => message.retry(options),
    }
  })
  return {
    queue: batch.queue,
    metadata: batch.metadata,
    messages,
    ackAll: () => batch.ackAll(),
    retryAll: (options) => batch.retryAll(options),
  }
}

/** The database with the rows of its statements counted. */
export function countDatabase(database: D1Database): D1Database {
  const originals = new WeakMap<object, D1PreparedStatement>()
  const counted = (statement: D1PreparedStatement): D1PreparedStatement => {
    const proxy = new Proxy(statement, {
      get(target, name) {
        if (name === 'bind') return (...values: unknown[]) => counted(target.bind(...values))
        if (name === 'first') {
          return async (column?: string) => {
            const [row = null] = noted(await target.all()).results
            return column === undefined ? row : (row?.[column] ?? null)
          }
        }
        if (name === 'all') return async () => noted(await target.all())
        if (name === 'run') return async () => noted(await target.run())
        throw new Error(`${String(name)} of a statement is not counted`)
      },
    })
    originals.set(proxy, statement)
    return proxy
  }
  return new Proxy(database, {
    get(target, name) {
      if (name === 'prepare') return (query: string) => counted(target.prepare(query))
      if (name === 'batch') {
        return async (statements: D1PreparedStatement[]) => {
          const plain = statements.map((statement) => originals.get(statement) ?? statement)
          return (await target.batch(plain)).map(noted)
        }
      }
      throw new Error(`${String(name)} of the database is not counted`)
    },
  })
}

function noted<Row>(result: D1Result<Row>): D1Result<Row> {
  counts.d1RowsRead += result.meta.rows_read
  counts.d1RowsWritten += result.meta.rows_written
  return result
}
