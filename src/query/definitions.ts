/** What the figures mean, in words, as every answer says it. */

export const OVERVIEW_DEFINITIONS = {
  active: 'has session.start or user.login',
  new: 'the first user.register or user.first_active of the user ever',
  online: 'has session.heartbeat or session.start in the minute',
  paying: 'has a payment with status success, in any currency unless a currency is named',
  day: 'calendar day of time_zone; the first and the last day of the range hold only what is in the range',
  dau: 'active users from the start of the last day of the range to end',
  wau: 'the same over the 7 days that end with that day',
  mau: 'the same over the 30 days that end with that day',
  active_users: 'active users of the range',
  new_users: 'new users of the range',
  revenue_cents: 'successful payments in minor units of currency, not reduced by refunds',
  refunds_cents: 'refunds in minor units of currency, by the time of the refund',
  pay_rate: '100 * active_payers / active_users; active_payers are active users who are paying',
  arpu: 'revenue / active_users, in major units; arpu_cents in minor units',
  arppu: 'revenue / users paying in currency, in major units; arppu_cents in minor units',
  retention:
    'dN: percent of the new users of a day D who were active on day D+N, over all D whose day D+N is over; null if there is none',
  peak_online: 'unique online users of the fullest minute of the day',
  live: 'today and the last full minute of the whole game, whatever the range and the filters',
} as const

export const RETENTION_DEFINITIONS = {
  size: 'users whose first cohort event ever lies on the day and in the range',
  active: 'has session.start or user.login',
  dN: '100 * retained_dN / size: users active on day D+N itself; null until that day is over in time_zone, and if size is 0',
  totals: 'over the cohorts that are mature for the N; interval: 95 % by Wilson, in percent',
  groups: 'by the value in the first cohort event of the user',
} as const

const LIVE = {
  online_user:
    'a user with session.heartbeat or session.start in the minute; minutes are those of UTC',
  active: 'has session.start or user.login on the day',
  new: 'has user.register or user.first_active on the day',
  day: 'calendar day of time_zone',
  error:
    'half-width of the 95 % interval; 0 with exact: true. Days, weeks and months are exact up to 4,096 users, then about 1.2 % off at most; minutes and the values of breakdowns up to 1,024, then about 2.3 %',
  filling:
    'The last one or two minutes still fill up: clients send every 20 to 60 s and the queue takes seconds; a minute is settled after about two',
  peak: 'the largest of many estimates, so beyond 1,024 users it leans high by up to 1 or 2 %',
} as const

export const REALTIME_DEFINITIONS = {
  online: `unique online users of the last full minute, which begins at minute; active_1m is the same. ${LIVE.filling}`,
  active_5m:
    'unique online users of the last 5 full minutes together (a union, not a sum); active_15m of the last 15',
  active_now:
    'unique online users of the minute that has not ended yet and of the last full one together',
  dau_today: 'unique active users of today; wau of the 7, mau of the 30 days that end with today',
  new_today:
    'unique new users of today; registered_total: since the users of the game are counted here',
  online_peak_today: `unique online users of the fullest minute of today; online_peak_all_time: since the users of the game are counted here; peak_times: when they began. A peak is ${LIVE.peak}`,
  rev_5m:
    'successful payments of the last 5 minutes up to revenue_as_of, in minor units of currency, not reduced by refunds',
  rev_today: 'the same since the start of today',
  counted_until:
    'when the sketches last took users; null when they do not know. Older than 2 minutes, partial says so: nobody plays, or nothing arrives',
  rev_5m_yuan:
    'rev_5m in major units of currency, whatever the currency is, with as many decimals as it has; rev_today_yuan likewise',
  pay_succ_rate:
    'percent of the orders of today that are settled (success or failed), in any currency, which succeeded; null when there are none',
  online_user: LIVE.online_user,
  active: LIVE.active,
  new: LIVE.new,
  day: LIVE.day,
  error: LIVE.error,
} as const

export const SERIES_DEFINITIONS = {
  points: `[start of the minute, value], one per minute that is over and has any; a minute belongs to the range when it begins in it; no point means nobody, or nothing. ${LIVE.filling}`,
  online: 'unique online users of the minute',
  active_5m_sum:
    'unique online users of the 5 minutes that end with this one: a union, not a sum, whatever the name says',
  active_15m_sum: 'the same over 15 minutes',
  revenue_cents:
    'successful payments of the minute in minor units of currency, not reduced by refunds',
  errors: LIVE.error,
  online_user: LIVE.online_user,
} as const

export const BREAKDOWN_DEFINITIONS = {
  users:
    'unique users of the day who were seen with the value; a user with two values is in both, so users may add up to more than the whole',
  whole: 'unique users of the day, with any value or none',
  other: 'users of all values beyond the bound, counted together',
  dau: LIVE.active,
  new_users: LIVE.new,
  day: LIVE.day,
  error: LIVE.error,
} as const

export const LIVE_RETENTION_DEFINITIONS = {
  size: 'unique new users of the day',
  dN: 'users of the cohort who were active on day D+N itself; null until that day is over in time_zone',
  rate: '100 * users / size; null when size is 0, or when the return is not known, as partial says. rate_error in percentage points',
  active: LIVE.active,
  new: LIVE.new,
  error:
    'half-width of the 95 % interval; 0 with exact: true. Beyond a bound cohorts are told from a sample of users that their hashes choose',
} as const

export const LIVE_DAYS_DEFINITIONS = {
  days: 'days with any user; a day without an entry had none',
  dau: 'unique active users of the day; wau of the 7, mau of the 30 days that end with it',
  new_users: 'unique new users of the day',
  online_peak: `unique online users of the fullest minute of the day, which begins at time; ${LIVE.peak}`,
  active: LIVE.active,
  new: LIVE.new,
  day: LIVE.day,
  error: LIVE.error,
} as const

export const RECONCILIATION_DEFINITIONS = {
  days: 'every day of the range that is over in time_zone',
  sketch: 'what the sketches published last for the day, with the error that they stated',
  exact:
    'counted from the raw rows after the day had ended; null when there was nothing to count, when that has not been done yet, or when the day is too old',
  difference: `sketch minus exact, in users. online_peak is ${LIVE.peak}`,
  without_exact: 'days with a figure of the sketches and no exact count',
  within_error:
    'whether the difference is at most the error; of 100 figures that are no exact ones 95 are expected to be',
} as const
