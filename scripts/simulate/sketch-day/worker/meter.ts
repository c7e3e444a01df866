/** Counts what an object asks of its storage. Its alarm is kept here: it rings by the clock of the simulation. */

/** What one object did, summed since it was made. */
export interface Meter {
  calls: number
  alarms: number
  setAlarms: number
  deletedAlarms: number
  rowsWritten: number
  rowsRead: number
  statements: number
  hotRows: number
  hotBytes: number
  messages: number
  messageBytes: number
}

/** An object with its meter; survives the object. */
export interface Metered {
  readonly meter: Meter
  alarmMs: number | null
}

interface OpenCursor {
  readonly rowsRead: number
  readonly rowsWritten: number
}

const HOT_WRITE = 'REPLACE INTO hot'

/** Nothing counted yet. */
export function newMeter(): Meter {
  return {
    calls: 0,
    alarms: 0,
    setAlarms: 0,
    deletedAlarms: 0,
    rowsWritten: 0,
    rowsRead: 0,
    statements: 0,
    hotRows: 0,
    hotBytes: 0,
    messages: 0,
    messageBytes: 0,
  }
}

/**
 * Counts in `metered` what happens to the storage from here on. The returned function reads the cursors that were
 * opened, which know what they read once they are at their end.
 */
export function meterStorage(storage: DurableObjectStorage, metered: Metered): () => void {
  const { meter } = metered
  const { sql } = storage
  const exec = sql.exec.bind(sql)
  let cursors: OpenCursor[] = []
  define(sql, 'exec', (query: string, ...bindings: unknown[]) => {
    const cursor = exec(query, ...bindings)
    cursors.push(cursor)
    meter.statements += 1
    const [, records] = bindings
    if (query.startsWith(HOT_WRITE) && records instanceof Uint8Array) {
      meter.hotRows += 1
      meter.hotBytes += records.byteLength
    }
    return cursor
  })
  define(storage, 'getAlarm', () => Promise.resolve(metered.alarmMs))
  define(storage, 'setAlarm', (timeMs: number) => {
    metered.alarmMs = timeMs
    meter.setAlarms += 1
    return Promise.resolve()
  })
  define(storage, 'deleteAlarm', () => {
    if (metered.alarmMs !== null) meter.deletedAlarms += 1
    metered.alarmMs = null
    return Promise.resolve()
  })
  return () => {
    for (const { rowsRead, rowsWritten } of cursors) {
      meter.rowsRead += rowsRead
      meter.rowsWritten += rowsWritten
    }
    cursors = []
  }
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true })
}
