/** The port to the sketches: what is known of this very minute, before any row has reached ClickHouse. */
import { within } from '../deadline.ts'

/** A unique count; `error` is the half-width of its 95 % interval in users, 0 when it is exact. */
interface LiveFigure {
  readonly value: number
  readonly exact: boolean
  readonly error: number
}

interface LiveFigures {
  readonly dau: LiveFigure
  readonly newUsers: LiveFigure
  readonly online: LiveFigure
}

/** `day`: days since 1970-01-01 of the game's local date; `minute`: minutes since the epoch. */
export type ReadLiveFigures = (at: { day: number; minute: number }) => Promise<LiveFigures>

/** The `live` block of an answer. */
export interface LiveBlock {
  readonly dau_today: number
  readonly new_users_today: number
  readonly online_now: number
  /** Whether all three are exact */
  readonly exact: boolean
  readonly error: {
    readonly dau_today: number
    readonly new_users_today: number
    readonly online_now: number
  }
}

/** How long an answer waits for the sketches, in milliseconds. */
const LIVE_DEADLINE_MS = 3_000

/** The live block, or the error that kept it away. Never throws: the rest of the answer does not need it. */
export async function readLiveBlock(
  read: ReadLiveFigures,
  at: { day: number; minute: number },
): Promise<LiveBlock | Error> {
  try {
    const { dau, newUsers, online } = await within(LIVE_DEADLINE_MS, read(at))
    return {
      dau_today: dau.value,
      new_users_today: newUsers.value,
      online_now: online.value,
      exact: dau.exact && newUsers.exact && online.exact,
      error: { dau_today: dau.error, new_users_today: newUsers.error, online_now: online.error },
    }
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
