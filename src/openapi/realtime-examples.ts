/** Examples of answers about live figures; a test parses each with its schema. */
import {
  BREAKDOWN_DEFINITIONS,
  LIVE_DAYS_DEFINITIONS,
  LIVE_RETENTION_DEFINITIONS,
  REALTIME_DEFINITIONS,
  RECONCILIATION_DEFINITIONS,
  SERIES_DEFINITIONS,
} from '../query/definitions.ts'
import type {
  BreakdownAnswer,
  LiveDaysAnswer,
  LiveRetentionAnswer,
  RealtimeAnswer,
  ReconciliationAnswer,
  SeriesAnswer,
  StreamFigures,
} from '../query/realtime/schemas.ts'

const AS_OF = '2026-11-12T11:30:12.345+01:00'
const NOW = { time_zone: 'Europe/Berlin', as_of: AS_OF, partial: [] }

const exactly = (value: number) => ({ value, error: 0, exact: true })
const about = (value: number, error: number) => ({ value, error, exact: false })
const exactUsers = (users: number) => ({ users, error: 0, exact: true })
const someUsers = (users: number, error: number) => ({ users, error, exact: false })

export const REALTIME_EXAMPLE: RealtimeAnswer = {
  online: 1_204,
  active_1m: 1_204,
  active_5m: 1_871,
  active_15m: 2_650,
  active_now: 1_322,
  dau_today: 48_211,
  new_today: 3_977,
  wau: 151_090,
  mau: 402_633,
  registered_total: 1_911_204,
  online_peak_today: 2_018,
  online_peak_all_time: 9_412,
  rev_5m: 4_997,
  rev_today: 1_204_330,
  rev_5m_yuan: '49.97',
  rev_today_yuan: '12043.30',
  pay_succ_rate: 96.5,
  revenue_by_currency: {
    EUR: { rev_5m: 4_997, rev_today: 1_204_330 },
    JPY: { rev_5m: 0, rev_today: 98_000 },
  },
  revenue_as_of: '2026-11-12T11:30:03.118+01:00',
  currency: 'EUR',
  figures: {
    online: about(1_204, 29),
    active_1m: about(1_204, 29),
    active_5m: about(1_871, 44),
    active_15m: about(2_650, 62),
    active_now: about(1_322, 31),
    dau_today: about(48_211, 570),
    new_today: exactly(3_977),
    wau: about(151_090, 1_787),
    mau: about(402_633, 4_762),
    registered_total: about(1_911_204, 22_602),
    online_peak_today: about(2_018, 47),
    online_peak_all_time: about(9_412, 223),
  },
  peak_times: { today: '2026-11-12T09:14:00+01:00', all_time: '2026-10-31T20:41:00+01:00' },
  minute: '2026-11-12T11:29:00+01:00',
  counted_until: '2026-11-12T11:30:11.902+01:00',
  ...NOW,
  definitions: REALTIME_DEFINITIONS,
}

const [FIRST, SECOND] = ['2026-11-12T11:00:00+01:00', '2026-11-12T11:01:00+01:00'] as const

export const SERIES_EXAMPLE: SeriesAnswer = {
  online: [
    [FIRST, 980],
    [SECOND, 5_204],
  ],
  active_5m_sum: [
    [FIRST, 1_850],
    [SECOND, 5_931],
  ],
  active_15m_sum: [
    [FIRST, 2_611],
    [SECOND, 6_702],
  ],
  revenue_cents: [[SECOND, 4_997]],
  errors: {
    online: [
      [FIRST, 0],
      [SECOND, 122],
    ],
    active_5m_sum: [
      [FIRST, 44],
      [SECOND, 139],
    ],
    active_15m_sum: [
      [FIRST, 61],
      [SECOND, 157],
    ],
  },
  currency: 'USD',
  start: '2026-11-12T11:00:00+01:00',
  end: '2026-11-12T12:00:00+01:00',
  ...NOW,
  definitions: SERIES_DEFINITIONS,
}

export const BREAKDOWN_EXAMPLE: BreakdownAnswer = {
  metric: 'dau',
  by: 'platform',
  date: '2026-11-12',
  whole: someUsers(48_211, 570),
  values: [
    { value: 'android', ...someUsers(30_402, 719) },
    { value: 'ios', ...someUsers(17_733, 419) },
    { value: '', ...exactUsers(311) },
  ],
  other: null,
  ...NOW,
  definitions: BREAKDOWN_DEFINITIONS,
}

export const LIVE_RETENTION_EXAMPLE: LiveRetentionAnswer = {
  cohorts: [
    {
      day: '2026-11-04',
      size: exactUsers(4_000),
      d1: { ...exactUsers(1_720), rate: 43, rate_error: 0 },
      d7: { ...exactUsers(760), rate: 19, rate_error: 0 },
      d30: null,
    },
  ],
  ...NOW,
  definitions: LIVE_RETENTION_DEFINITIONS,
}

export const LIVE_DAYS_EXAMPLE: LiveDaysAnswer = {
  days: [
    {
      day: '2026-11-11',
      dau: about(52_901, 626),
      new_users: about(4_402, 53),
      wau: about(150_733, 1_783),
      mau: about(401_208, 4_745),
      online_peak: { ...about(2_377, 56), time: '2026-11-11T20:31:00+01:00' },
    },
  ],
  ...NOW,
  definitions: LIVE_DAYS_DEFINITIONS,
}

export const RECONCILIATION_EXAMPLE: ReconciliationAnswer = {
  days: [
    {
      day: '2026-11-11',
      sketch: {
        dau: about(52_901, 626),
        new_users: about(4_402, 53),
        online_peak: { ...about(2_377, 56), time: '2026-11-11T20:31:00+01:00' },
        as_of: '2026-11-12T00:02:15.201+01:00',
      },
      exact: {
        dau: 52_688,
        new_users: 4_409,
        online_peak: 2_351,
        online_peak_time: '2026-11-11T20:31:00+01:00',
        as_of: '2026-11-12T06:23:04.882+01:00',
      },
      difference: { dau: 213, new_users: -7, online_peak: 26 },
      within_error: { dau: true, new_users: true, online_peak: true },
    },
  ],
  summary: { compared: 3, within_error: 3, without_exact: [] },
  ...NOW,
  definitions: RECONCILIATION_DEFINITIONS,
}

const STREAM_FIGURES: StreamFigures = {
  online: about(1_204, 29),
  active_now: about(1_322, 31),
  dau_today: about(48_211, 570),
  new_today: exactly(3_977),
  rev_today: exactly(1_204_330),
  currency: 'EUR',
  counted_until: '2026-11-12T11:30:11.902+01:00',
  revenue_as_of: '2026-11-12T11:30:03.118+01:00',
  as_of: AS_OF,
}

export const STREAM_EXAMPLE = `event: figures\ndata: ${JSON.stringify(STREAM_FIGURES)}\n\n: heartbeat\n\n`
