/** The exact counts and the sketches must count the same events: one list is in SQL, the other in the catalog. */
import { describe, it } from 'vitest'

import {
  ACTIVE_EVENTS,
  COHORT_EVENTS,
  ONLINE_EVENTS,
} from '../../../src/clickhouse/queries/question.ts'
import { EVENTS } from '../../../src/event/catalog.generated.ts'
import type { EventDefinition } from '../../../src/event/catalog.ts'
import { catalogOf } from '../../../src/event/catalog.ts'
import type { SketchMetric } from '../../../src/event/envelope.ts'
import { customEventsSchema } from '../../../src/event/game-profile.ts'

const catalog: readonly Pick<EventDefinition, 'id' | 'countsAs'>[] = EVENTS

function countingAs(metric: SketchMetric): string[] {
  return catalog.filter(({ countsAs }) => countsAs.includes(metric)).map(({ id }) => id)
}

describe('the events that are counted exactly', () => {
  it('are those that the catalog lets count in the sketches', ({ expect }) => {
    expect(countingAs('dau').toSorted()).toEqual([...ACTIVE_EVENTS].toSorted())
    expect(countingAs('new_users').toSorted()).toEqual([...COHORT_EVENTS.new].toSorted())
    expect(countingAs('online').toSorted()).toEqual([...ONLINE_EVENTS].toSorted())
  })

  it('are no custom events and no unknown ones: those enter no sketch either', ({ expect }) => {
    const ownCatalog = catalogOf({
      gameId: 'game',
      timeZone: 'UTC',
      gameType: '',
      eventMode: 'open',
      customEvents: customEventsSchema.parse([{ id: 'boss.defeated' }]),
      allowedOrigins: [],
      pseudonymKey: null,
      maskedProperties: [],
    })
    expect(ownCatalog.findEvent('boss.defeated')?.countsAs).toEqual([])
    expect(ownCatalog.findEvent('Anything.Else')?.countsAs).toEqual([])
  })
})
