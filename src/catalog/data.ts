/** How the generated data is typed: the answers of the API less what catalog.ts derives from the rest. */
import type { CatalogAttribute, CatalogEvent, CatalogGameType, CatalogMetric } from './schemas.ts'

export type EventData = Omit<CatalogEvent, 'metrics' | 'game_types'>

export type AttributeData = Omit<CatalogAttribute, 'events'>

/** `dimensions`: beyond the standard ones */
export type MetricData = Omit<CatalogMetric, 'game_types'>

/** The lists: beyond those of every type */
export type GameTypeData = CatalogGameType

/** Recommended to every game type */
export type RecommendedData = Pick<CatalogGameType, 'events' | 'metrics' | 'dimensions'>
