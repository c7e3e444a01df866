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
