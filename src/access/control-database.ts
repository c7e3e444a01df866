/** Questions to the control database (D1), with one failure: control_unavailable. */
import { CONTROL_DEADLINE_MS } from '../../configs/limits.ts'
import { ApiError } from '../api-error.ts'
import { within } from '../deadline.ts'

/** What the database answers. Throws control_unavailable, with the reason for the log. */
export async function fromControl<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer
  } catch (cause) {
    throw new ApiError(
      'control_unavailable',
      'The control database did not answer; send again after Retry-After.',
      { cause },
    )
  }
}

/** The same for a question that stands in the way of every request: within CONTROL_DEADLINE_MS. */
export function soonFromControl<Answer>(answer: Promise<Answer>): Promise<Answer> {
  return fromControl(within(CONTROL_DEADLINE_MS, answer))
}
