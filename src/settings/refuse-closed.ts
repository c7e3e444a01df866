/** A game that takes nothing at the moment, as the problem that a sender is told. */
import { ApiError } from '../api-error.ts'
import { admission } from '../event/filter.ts'
import type { GameSettings } from '../event/game-settings.ts'

/** Throws ingest_disabled while the kill switch is pulled, maintenance (with the end of the window) during one. */
export function refuseClosed(settings: GameSettings, nowMs: number): void {
  const state = admission(settings, nowMs)
  if (state.kind === 'disabled') {
    throw new ApiError(
      'ingest_disabled',
      state.reason || 'The game takes no events at the moment; ask those who operate it.',
    )
  }
  if (state.kind === 'maintenance') {
    throw new ApiError(
      'maintenance',
      state.message ||
        'The game takes no events until the window ends; come back after Retry-After.',
      { retryAfterMs: state.endMs - nowMs },
    )
  }
}
