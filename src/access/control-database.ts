/** Questions to the control database (D1), with one failure: control_unavailable. */
import { ApiError } from '../api-error.ts'

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
