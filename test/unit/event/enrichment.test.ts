import { describe, it } from 'vitest'

import type { RequestOrigin } from '../../../src/event/enrichment.ts'
import { enrich, platformOf } from '../../../src/event/enrichment.ts'
import { aGame } from '../ingest/ingest-context.ts'

const origin: RequestOrigin = {
  country: 'DE',
  region: 'Saxony',
  city: 'Dresden',
  platform: 'android',
  isBot: false,
}
const game = aGame()

describe('enrich', () => {
  it('fills in what the client did not send, and says what', ({ expect }) => {
    expect(enrich({ user_id: 'u1' }, { origin, game })).toEqual({
      columns: {
        user_id: 'u1',
        platform: 'android',
        country: 'DE',
        region: 'Saxony',
        city: 'Dresden',
      },
      enriched: ['platform', 'country', 'region', 'city'],
    })
  })

  it('never overrides the client', ({ expect }) => {
    const columns = { country: 'DE', region: 'Berlin', city: 'Berlin', platform: 'ios' }
    expect(enrich(columns, { origin, game })).toEqual({ columns, enriched: [] })
  })

  it('does not put the city of the connection into another country', ({ expect }) => {
    expect(enrich({ country: 'US', platform: 'ios' }, { origin, game }).columns).toEqual({
      country: 'US',
      platform: 'ios',
    })
  })

  it('adds nothing to what a server says, except the game type of the game', ({ expect }) => {
    const columns = { user_id: 'u1' }
    expect(enrich(columns, { origin: null, game })).toEqual({ columns, enriched: [] })
    expect(enrich(columns, { origin: null, game: aGame({ gameType: 'rpg' }) })).toEqual({
      columns: { user_id: 'u1', game_type: 'rpg' },
      enriched: ['game_type'],
    })
  })
})

describe('platformOf', () => {
  it.for([
    ['Dalvik/2.1.0 (Linux; U; Android 13; SM-G991B Build/TP1A)', 'android'],
    ['okhttp/4.12.0', 'android'],
    ['MyGame/17 CFNetwork/1408.0.4 Darwin/22.5.0', 'ios'],
    ['game/++UE5+Release-5.3-CL-1 IOS/17.1', 'ios'],
    ['game/++UE5+Release-5.3-CL-1 Windows/10.0.22621.1.256.64bit', 'windows'],
    ['game/++UE5+Release-5.3-CL-1 Mac/14.1.0', 'macos'],
    ['game/++UE5+Release-5.3-CL-1 Linux/6.1', 'linux'],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15', 'web'],
    ['Mozilla/5.0 (PlayStation; PlayStation 5/6.00) AppleWebKit/605.1.15', 'ps'],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) AppleWebKit/537.36', 'xbox'],
    ['Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/609.4', 'switch'],
    ['UnityPlayer/2022.3.10f1 (UnityWebRequest/1.0, libcurl/8.1.1-DEV)', ''],
    ['', ''],
  ] as const)('takes %s for "%s"', ([userAgent, platform], { expect }) => {
    expect(platformOf(userAgent)).toBe(platform)
  })
})
