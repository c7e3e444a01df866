/**
 * The settings of a game as an itty-durable object: what it holds is its own properties, as one JSON value under the
 * storage key `data`. The only file that spells names of itty-durable, which are untyped.
 *
 * It is held inside a Durable Object and never reached by a request: itty's router would let any caller run any
 * method and set any property. It is given a storage and nothing else, because itty writes its own names into what
 * it is given, and copies each binding there.
 */
import { createDurable } from 'itty-durable'

import type { GameSettings } from '../src/event/game-settings.ts'
import { completeSettings } from '../src/event/game-settings.ts'

const IttyDurable = createDurable({ autoPersist: false, autoReturn: false })

class IttyGameSettings extends IttyDurable {
  /** As stored; read through GameSettingsState only */
  settings: unknown = undefined
}

/** The stored settings of one game: load once, then read and store. */
export class GameSettingsState {
  readonly #itty: IttyGameSettings

  constructor(storage: DurableObjectStorage) {
    this.#itty = new IttyGameSettings({ storage }, {})
  }

  /** Reads what is stored; to be done before anything else. */
  async load(): Promise<void> {
    await this.#itty.loadFromStorage()
  }

  /** The settings. Throws TypeError when what is stored is no settings. */
  read(): GameSettings {
    return completeSettings(this.#itty.settings)
  }

  /** Stores the settings; they are on disk once it resolves, and unchanged when it rejects. */
  async store(settings: GameSettings): Promise<void> {
    const before = this.#itty.settings
    this.#itty.settings = settings
    try {
      await this.#itty.persist()
    } catch (error) {
      this.#itty.settings = before
      throw error
    }
  }
}
