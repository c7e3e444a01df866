/** What every request carries through the routes. */

/** The (game, env) that a key opens, and the time zone in which the game counts its days. */
export interface Scope {
  readonly gameId: string
  readonly env: string
  /** IANA name, such as Europe/Berlin */
  readonly timeZone: string
}

export interface AppEnv {
  Bindings: Env
  Variables: {
    /** 8 random bytes, hex; in the answer and in every log line of the request */
    traceId: string
    /** When the request arrived, in milliseconds since the epoch */
    nowMs: number
    /** Set by requireKey */
    scope: Scope
  }
}
