/** CPU time and memory of processes, from /proc (Linux). */
import { readdirSync, readFileSync } from 'node:fs'

/** Field of /proc/<pid>/stat after the name, counted from the state. */
const PARENT = 1

/** Null when the process has ended. */
function statOf(pid: number): { name: string; fields: string[] } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name stands in parentheses and may hold any character.
    const end = text.lastIndexOf(')')
    return {
      name: text.slice(text.indexOf('(') + 1, end),
      fields: text.slice(end + 2).split(' '),
    }
  } catch {
    return null
  }
}

/**
 * User and system time of the threads that a process has, in seconds, to the nanosecond: /proc/<pid>/stat counts in
 * hundredths, which are a twentieth of what is measured here. Throws when the process has ended.
 */
export function cpuSeconds(pid: number): number {
  if (statOf(pid) === null) throw new Error(`process ${pid} has ended`)
  return readdirSync(`/proc/${pid}/task`).reduce((sum, id) => sum + threadSeconds(pid, id), 0)
}

function threadSeconds(pid: number, threadId: string): number {
  const [nanoseconds] = readFileSync(`/proc/${pid}/task/${threadId}/schedstat`, 'utf8').split(' ')
  return Number(nanoseconds) / 1e9
}

/** Ids of the workerd processes that a process has started itself. */
export function workerdChildren(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const stat = statOf(pid)
      return stat?.name === 'workerd' && Number(stat.fields[PARENT]) === parent
    })
}
