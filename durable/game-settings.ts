/**
 * What one game and environment takes in at the moment: filters, sampling, maintenance windows, the kill switch.
 *
 * Reached by RPC only. A call that resolved is on disk.
 */
import { DurableObject } from 'cloudflare:workers'
import { z } from 'zod'

import type {
  GameSettings as Settings,
  SettingsChange,
  SettingsPatch,
} from '../src/event/game-settings.ts'
import { changeSettings, settingsPatchSchema } from '../src/event/game-settings.ts'
import { GameSettingsState } from './game-settings-state.ts'

/** How far ahead the live feed may be watched without another call, in milliseconds. */
const MAX_WATCH_MS = 10 * 60_000

/** Characters of the actor's id. */
const MAX_ACTOR_LENGTH = 128

const changeArgumentsSchema = z.object({
  patch: settingsPatchSchema,
  by: z.string().max(MAX_ACTOR_LENGTH),
  nowMs: z.int().nonnegative(),
  expectedVersion: z.int().nonnegative().optional(),
})

const watchArgumentsSchema = z.object({ untilMs: z.int().nonnegative() })

export class GameSettings extends DurableObject<Env> {
  readonly #state: GameSettingsState

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#state = new GameSettingsState(ctx.storage)
    void ctx.blockConcurrencyWhile(() => this.#state.load())
  }

  /** The present settings. Throws when what is stored is no settings. */
  read(): Settings {
    return this.#state.read()
  }

  /**
   * Changes the fields that the patch names; the version rises by one. With an expectedVersion that is not the
   * present one nothing changes, and the present settings come back as a conflict. `by` is the id of who changes,
   * `nowMs` the time of the change in milliseconds since the epoch. Throws TypeError for malformed arguments.
   */
  async change(
    patch: SettingsPatch,
    by: string,
    nowMs: number,
    expectedVersion?: number,
  ): Promise<SettingsChange> {
    const asked = parse(changeArgumentsSchema, { patch, by, nowMs, expectedVersion })
    const present = this.#state.read()
    if (asked.expectedVersion !== undefined && asked.expectedVersion !== present.version) {
      return { kind: 'conflict', settings: present }
    }
    // No await from the read to the store: a second change finds this one.
    const settings = changeSettings(present, asked.patch, asked)
    await this.#state.store(settings)
    return { kind: 'changed', settings }
  }

  /**
   * Says that somebody watches the live feed until `untilMs` (milliseconds since the epoch), ten minutes ahead at
   * most. Never shortens what was said before, and leaves the version alone. Throws TypeError.
   */
  async watch(untilMs: number): Promise<void> {
    const present = this.#state.read()
    const asked = parse(watchArgumentsSchema, { untilMs })
    const liveUntilMs = Math.min(asked.untilMs, Date.now() + MAX_WATCH_MS)
    if (liveUntilMs <= present.live_until_ms) return
    await this.#state.store({ ...present, live_until_ms: liveUntilMs })
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new TypeError(issues.join('; '))
}
