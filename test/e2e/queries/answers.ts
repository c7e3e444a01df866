/** What the query API answers to a search, asked without HTTP and with made-up live figures. */
import { answerOverview } from '../../../src/query/overview.ts'
import { parseOverviewQuery, parseRetentionQuery } from '../../../src/query/parameters.ts'
import type { Asker } from '../../../src/query/question.ts'
import { answerRetention } from '../../../src/query/retention.ts'

const figure = { value: 3, exact: true, error: 0 }

/** The live figures of every answer. */
export const LIVE = {
  dau_today: 3,
  new_users_today: 3,
  online_now: 3,
  exact: true,
  error: { dau_today: 0, new_users_today: 0, online_now: 0 },
}

export function overviewOf(search: string, asker: Asker) {
  const query = parseOverviewQuery(new URLSearchParams(search), asker)
  return answerOverview(query, asker, () =>
    Promise.resolve({ dau: figure, newUsers: figure, online: figure }),
  )
}

export function retentionOf(search: string, asker: Asker) {
  return answerRetention(parseRetentionQuery(new URLSearchParams(search), asker), asker)
}
