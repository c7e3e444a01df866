/** The generator refuses catalogs that do not fit together, and tells all faults at once. */
import { readFileSync } from 'node:fs'

import { describe, it } from 'vitest'

import { moduleText } from '../../../scripts/catalog/module-text.ts'
import { servedModule } from '../../../scripts/catalog/render-catalog.ts'
import { changed, readTexts, TEXTS } from './catalog-texts.ts'

// Each case parses a large file.
describe('the generator', { timeout: 30_000 }, () => {
  it('gives the served catalog that is on disk', async ({ expect }) => {
    const module = servedModule(readTexts(TEXTS))
    const onDisk = readFileSync(new URL(`../../../${module.path}`, import.meta.url), 'utf8')
    expect(await moduleText(module)).toBe(onDisk)
  })

  it('changes the revision with anything that is served', ({ expect }) => {
    const revisionOf = (texts: typeof TEXTS) =>
      servedModule(readTexts(texts)).constants.find(({ name }) => name === 'REVISION')?.value
    const other = changed('taxonomy', 'zh_name: 休闲', 'zh_name: 轻松')
    expect(revisionOf(TEXTS)).toMatch(/^[0-9a-f]{16}$/)
    expect(revisionOf(other)).not.toBe(revisionOf(TEXTS))
    expect(revisionOf({ ...TEXTS, events: `${TEXTS.events}\n# a comment\n` })).toBe(
      revisionOf(TEXTS),
    )
  })

  it.for([
    [
      'an unknown event',
      '- match.queue_start\n',
      '- match.queue_begin\n',
      'game type moba: match.queue_begin is no event',
    ],
    [
      'an event that every type has',
      '- match.queue_start\n',
      '- session.start\n',
      'game type moba: session.start is given twice',
    ],
    ['an unknown metric', '- kda\n', '- kd\n', 'game type moba: kd is no metric'],
    [
      'a metric whose event it does not recommend',
      '      - draft.ban\n',
      '',
      'game type moba: character_ban_rate reads draft.ban, which the type does not recommend',
    ],
    [
      'an unknown dimension',
      '[level_id, wave_index, tower_type]',
      '[level_id, wave_index, tower_kind]',
      'game type tower_defense: tower_kind is no dimension of the taxonomy',
    ],
    [
      'a dimension that none of its events carries',
      '[level_id, wave_index, tower_type]',
      '[level_id, wave_index, song_id]',
      'game type tower_defense: dimension song_id: none of its events carries song_id',
    ],
    [
      'an unknown genre',
      'genre: casual.hyper',
      'genre: casual.ultra',
      'game type hyper_casual: casual.ultra is no genre of the taxonomy',
    ],
    [
      'an unknown tag',
      'tags: [levels, short_sessions, interstitial_ads',
      'tags: [levels, tiny_sessions, interstitial_ads',
      'game type hyper_casual: tiny_sessions is no tag of the taxonomy',
    ],
    ['an id that is given twice', 'id: merge', 'id: match3', 'game_types: match3 is given twice'],
    ['an unknown key', '    zh_name: 三消\n', '    zh_name: 三消\n    fun: 1\n', 'fun'],
  ] as const)('refuses game types with %s', ([, from, to, fault], { expect }) => {
    expect(() => readTexts(changed('gameTypes', from, to))).toThrow(fault)
  })

  it.for([
    [
      'a code that is given twice',
      'casual.merge,',
      'casual.match3,',
      'casual.match3 is given twice',
    ],
    [
      'a child under another parent',
      'code: casual.merge,',
      'code: strategy.merge,',
      'genre strategy.merge: expected casual.<name>',
    ],
    [
      'a genre that no game type has',
      'code: casual.merge,',
      'code: casual.merging,',
      'genres: casual.merging is no genre of any game type',
    ],
    ['a tag that no game type has', '- id: learning', '- id: lessons', 'lessons is no tag of any'],
    [
      'an event category that no event has',
      '  - { id: loot, en_name: Loot',
      '  - { id: prey, en_name: Loot',
      'event_categories: prey is no category of any event',
    ],
    [
      'no category for an event',
      '  - { id: loot, en_name: Loot',
      '  - { id: prey, en_name: Loot',
      'gacha.pull: loot is no category of event_categories',
    ],
    [
      'a metric category that no metric has',
      'id: cards, en_name: Cards',
      'id: decks, en_name: Cards',
      'metric_categories: decks is no category of any metric',
    ],
    [
      'a dimension without an attribute',
      '    property: entry_point\n',
      '',
      'expected a column or a property',
    ],
    [
      'a dimension of an unknown attribute',
      'property: entry_point',
      'property: way_in',
      'dimension entry_point: way_in is no attribute',
    ],
    [
      'a dimension of a column that is none',
      'column: region',
      'column: level_id',
      'dimension region: level_id is no common attribute',
    ],
    [
      'a property that is a column',
      'property: entry_point',
      'property: region',
      'dimension entry_point: region is a column',
    ],
    [
      'a dimension that nothing uses',
      '  - id: entry_point\n',
      `  - id: luck
    en_name: Luck
    zh_name: 运气
    property: rarity
    description: Luck
  - id: entry_point
`,
      'dimension luck: no metric and no game type uses it',
    ],
  ] as const)('refuses a taxonomy with %s', ([, from, to, fault], { expect }) => {
    expect(() => readTexts(changed('taxonomy', from, to))).toThrow(fault)
  })

  it('refuses an event that nothing uses, and a reason for one that is used', ({ expect }) => {
    const reason = '    unused_because: A profile is a state and no figure counts its changes\n'
    expect(() => readTexts(changed('events', reason, ''))).toThrow(
      'events.yaml: user.update: no metric and no game type names it; use it or say unused_because',
    )
    const used = changed(
      'events',
      '    aliases: [logout',
      '    unused_because: Nobody cares\n    aliases: [logout',
    )
    expect(() => readTexts(used)).toThrow('user.logout: unused_because, but it is used')
  })

  it('tells the faults of all files at once', ({ expect }) => {
    const texts = {
      events: changed('events', '- id: user.bind', '- id: user.tie').events,
      gameTypes: changed('gameTypes', '- kda\n', '- kd\n').gameTypes,
      metrics: changed('metrics', 'formula: dau / mau', 'formula: dau / yau').metrics,
      taxonomy: changed('taxonomy', 'property: entry_point', 'property: way_in').taxonomy,
    }
    const faults = faultsOf(texts)
    expect(faults).toEqual(
      expect.arrayContaining([
        expect.stringContaining('events.yaml: user.tie: no metric and no game type names it'),
        expect.stringContaining('game_types.yaml: game type moba: kd is no metric'),
        expect.stringContaining('metrics.yaml: metric stickiness: formula: there is no metric yau'),
        expect.stringContaining('metric guest_bind_rate_d7: formula: there is no event user.bind'),
        expect.stringContaining('taxonomy.yaml: dimension entry_point: way_in is no attribute'),
      ]),
    )
  })

  it('tells the faults of form of all files at once, also of text that is no YAML', ({
    expect,
  }) => {
    const texts = {
      events: 'events: [',
      gameTypes: 'version: 2',
      metrics: TEXTS.metrics,
      taxonomy: 'a: 1\na: 2',
    }
    const faults = faultsOf(texts).join('\n')
    for (const part of [
      'events.yaml: ',
      'game_types.yaml:',
      'version',
      'taxonomy.yaml: Map keys',
    ]) {
      expect(faults).toContain(part)
    }
    expect(faults).not.toContain('metrics.yaml')
  })
})

function faultsOf(texts: typeof TEXTS): string[] {
  try {
    readTexts(texts)
  } catch (error) {
    return error instanceof Error ? error.message.split('\n') : []
  }
  return []
}
