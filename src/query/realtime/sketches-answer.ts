/** What the sketches of a game answer, in time, or the problem that they do not. */
import { ApiError } from '../../api-error.ts'
import { within } from '../../deadline.ts'

/** How long an answer waits for the sketches, in milliseconds. */
export const SKETCHES_DEADLINE_MS = 3_000

/**
 * Errors of the object that asking again does not cure. An error that crosses a call keeps its name only if it is one
 * of the language; the name of another one is the beginning of its message.
 */
const LASTING_ERRORS = ['RangeError', 'TypeError', 'SketchFrameError'] as const

/** What the object answers in time. Throws figures_unavailable, and internal for what fails again and again. */
export async function answerOf<Answer>(asked: Promise<Answer>): Promise<Answer> {
  try {
    return await within(SKETCHES_DEADLINE_MS, asked)
  } catch (cause) {
    if (isLasting(cause)) {
      throw new ApiError('internal', 'The live figures of the game cannot be read.', { cause })
    }
    const detail = 'The live figures of the game did not answer; ask again.'
    throw new ApiError('figures_unavailable', detail, { cause })
  }
}

function isLasting(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return LASTING_ERRORS.some((name) => error.name === name || error.message.startsWith(`${name}: `))
}
