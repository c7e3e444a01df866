/** Every operation of the service, in the order of the page. */
import { AUDIT_LOG_OPERATIONS } from './audit-log.ts'
import { CATALOG_OPERATIONS } from './catalog.ts'
import { GAME_OPERATIONS } from './games.ts'
import { INGEST_OPERATIONS } from './ingest.ts'
import { KEY_OPERATIONS } from './keys.ts'
import { LIVE_OPERATIONS } from './live.ts'
import type { Operation } from './operation.ts'
import { QUARANTINE_OPERATIONS } from './quarantine.ts'
import { QUERY_OPERATIONS } from './query.ts'
import { REALTIME_OPERATIONS } from './realtime.ts'
import { SERVICE_OPERATIONS } from './service.ts'
import { SETTINGS_OPERATIONS } from './settings.ts'
import { USER_OPERATIONS } from './users.ts'

/** A test compares them with the routes of the app. */
export const OPERATIONS: readonly Operation[] = [
  ...INGEST_OPERATIONS,
  ...LIVE_OPERATIONS,
  ...QUARANTINE_OPERATIONS,
  ...AUDIT_LOG_OPERATIONS,
  ...QUERY_OPERATIONS,
  ...REALTIME_OPERATIONS,
  ...CATALOG_OPERATIONS,
  ...SETTINGS_OPERATIONS,
  ...GAME_OPERATIONS,
  ...KEY_OPERATIONS,
  ...USER_OPERATIONS,
  ...SERVICE_OPERATIONS,
]
