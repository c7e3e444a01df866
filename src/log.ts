/** One JSON line per fact; the only file of the Worker that may touch the console. */
export type LogLevel = 'info' | 'warn' | 'error'

/** Writes one line. An `error` field is written with its name, message and causes, without a stack. */
export function log(level: LogLevel, message: string, fields: Record<string, unknown> = {}): void {
  const { error, ...rest } = fields
  const line = JSON.stringify({
    level,
    message,
    ...rest,
    ...(error === undefined ? {} : { error: describeError(error) }),
  })
  if (level === 'error') console.error(line)
  else if (level === 'warn') console.warn(line)
  else console.log(line)
}

/** Name and message of an error and of its causes, outermost first. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = `${error.name}: ${error.message}`
  return error.cause === undefined ? own : `${own} <- ${describeError(error.cause)}`
}
