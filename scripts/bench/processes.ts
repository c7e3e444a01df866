/** CPU time and memory of processes, from /proc (Linux). */
import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks of /proc per second; fixed on Linux. */
const TICKS_PER_SECOND = 100

/** Fields of /proc/<pid>/stat after the name, counted from the state: parent, user and system time in ticks. */
const PARENT = 1
const USER_TIME = 11
const SYSTEM_TIME = 12

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

/** User and system time of a process in seconds, to a hundredth. Throws when it has ended. */
export function cpuSeconds(pid: number): number {
  const stat = statOf(pid)
  if (stat === null) throw new Error(`process ${pid} has ended`)
  return (Number(stat.fields[USER_TIME]) + Number(stat.fields[SYSTEM_TIME])) / TICKS_PER_SECOND
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
