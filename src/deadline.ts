/** Rejects when the promise takes longer than `deadlineMs`; what it waits for may go on. */
export async function within<Value>(deadlineMs: number, promise: Promise<Value>): Promise<Value> {
  const { promise: deadline, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs)
  try {
    return await Promise.race([promise, deadline])
  } finally {
    clearTimeout(timer)
  }
}
