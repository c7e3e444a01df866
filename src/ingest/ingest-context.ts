import type { GameSettings } from '../event/game-settings.ts'
import type { BatchContext } from '../event/normalize.ts'
import type { HashKey } from '../sketch/token.ts'

/** What the edge knows when it judges a batch. */
export interface IngestContext extends BatchContext {
  readonly traceId: string
  /** IANA zone in which the game counts its days */
  readonly timeZone: string
  /** What the game takes in at the moment */
  readonly settings: GameSettings
  /**
   * SHA-256 of what a retry repeats, hex: the body, or the events of it without their send time. A batch in which
   * every event has an id and none is refused never asks for it.
   */
  readonly bodyDigest: () => string
  readonly hashKey: HashKey
}
