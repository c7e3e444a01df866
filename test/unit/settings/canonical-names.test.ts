/** Event names in a change of the settings: aliases become ids, what cannot work is refused by name. */
import { describe, it } from 'vitest'

import type { GameProfile } from '../../../src/event/game-profile.ts'
import { canonicalPatch } from '../../../src/settings/canonical-names.ts'

const GAME: GameProfile = {
  gameId: 'demo',
  timeZone: 'UTC',
  gameType: '',
  eventMode: 'strict',
  customEvents: [{ id: 'boss.defeated', description: '', attributes: {} }],
  allowedOrigins: [],
  pseudonymKey: null,
  maskedProperties: [],
}

const UNKNOWN = 'expected an event of the catalog or of the game, such as session.start'

describe('canonicalPatch', () => {
  it('stores ids for aliases, each once, and events of the game', ({ expect }) => {
    const { patch, faults } = canonicalPatch(
      {
        events: ['session_start', 'session.start', 'boss.defeated'],
        dropped_events: ['ui_click'],
        sampling: { ui_screen_view: 5, 'boss.defeated': 50 },
      },
      GAME,
    )
    expect(faults).toEqual([])
    expect(patch).toEqual({
      events: ['session.start', 'boss.defeated'],
      dropped_events: ['ui.click'],
      sampling: { 'ui.screen_view': 5, 'boss.defeated': 50 },
    })
  })

  it('leaves alone what names no events', ({ expect }) => {
    const asked = { events: null, sample_global: 0, payments_enabled: false }
    expect(canonicalPatch(asked, GAME)).toEqual({ patch: asked, faults: [] })
    expect(canonicalPatch({ events: [] }, GAME).patch).toEqual({ events: [] })
  })

  it('says where it does not know an event', ({ expect }) => {
    const { faults } = canonicalPatch(
      {
        events: ['session.start', 'sesion.start'],
        dropped_events: ['nothing'],
        sampling: { constructor: 3 },
      },
      GAME,
    )
    expect(faults).toEqual([
      { field: 'events.1', reason: UNKNOWN },
      { field: 'dropped_events.0', reason: UNKNOWN },
      { field: 'sampling.constructor', reason: UNKNOWN },
    ])
  })

  it('takes any well-formed name for a game that is open', ({ expect }) => {
    const open: GameProfile = { ...GAME, eventMode: 'open' }
    const { patch, faults } = canonicalPatch({ events: ['Whatever_it_is', 'two words'] }, open)
    expect(patch.events).toEqual(['Whatever_it_is'])
    expect(faults).toEqual([{ field: 'events.1', reason: UNKNOWN }])
  })

  it.for([
    ['session_start', 'expected 100, or no entry: session.start counts dau and online'],
    ['user.register', 'expected 100, or no entry: user.register counts new_users'],
    ['purchase_success', 'expected 100, or no entry: monetization.purchase_success is money'],
    [
      'monetization.purchase_fail',
      'expected 100, or no entry: monetization.purchase_fail is money',
    ],
  ])('refuses to sample %s', ([name = '', reason], { expect }) => {
    expect(canonicalPatch({ sampling: { [name]: 99.9 } }, GAME).faults).toEqual([
      { field: `sampling.${name}`, reason },
    ])
    expect(canonicalPatch({ sampling: { [name]: 100 } }, GAME).faults).toEqual([])
  })

  it('refuses two percentages for one event', ({ expect }) => {
    const sampling = { ui_click: 1, 'ui.click': 2 }
    expect(canonicalPatch({ sampling }, GAME).faults).toEqual([
      {
        field: 'sampling.ui.click',
        reason: 'expected ui.click once; another name of it stands there',
      },
    ])
  })
})
