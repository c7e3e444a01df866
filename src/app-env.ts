/** What every request carries through the routes. */
import type { GameProfile } from './event/game-profile.ts'

/** The (game, env) that a key opens, and the time zone in which the game counts its days. */
export interface Scope {
  readonly gameId: string
  readonly env: string
  /** IANA name, such as Europe/Berlin */
  readonly timeZone: string
}

/**
 * What a key is for: `write` sends events and may be public, `server` sends what the studio's own servers say,
 * `read` asks.
 */
export type KeyKind = 'write' | 'server' | 'read'

/** Who is asking. `id` is a key id or a user id: safe in logs, never the secret. */
export type Principal =
  | { readonly kind: 'key'; readonly id: string; readonly keyKind: KeyKind }
  | { readonly kind: 'user'; readonly id: string; readonly role: string }
  | { readonly kind: 'admin_key'; readonly id: 'admin' }

export interface AppEnv {
  Bindings: Env
  Variables: {
    /** 8 random bytes, hex; in the answer and in every log line of the request */
    traceId: string
    /** When the request arrived, in milliseconds since the epoch */
    nowMs: number
    /** Set by requirePermission */
    principal: Principal
    /** Set by requirePermission for routes of one game */
    scope: Scope
    /** Set with scope: what the game has agreed with us */
    game: GameProfile
  }
}
