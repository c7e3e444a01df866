/** Payments that were said in any way, as messages, and what they come to, counted without the database. */
import { env } from 'cloudflare:workers'
import fc from 'fast-check'

import { DEFAULT_SETTINGS } from '../../src/event/game-settings.ts'
import { acceptPayments } from '../../src/ingest/accept-payments.ts'
import { packMessages } from '../../src/ingest/pack.ts'
import { parseHashKey } from '../../src/sketch/token.ts'
import type { RevenueRow } from './aggregates-support.ts'

const DAY_MS = 86_400_000
const DAY = Date.parse('2026-11-20T00:00:00Z') / DAY_MS
const ZONE = 'America/New_York'
/** 2026-11-20T00:00 in New York. */
const MIDNIGHT_MS = Date.parse('2026-11-20T05:00:00Z')

/** One report of an order, by whom and when; times lie around midnights of the game. */
interface Report {
  readonly order: number
  readonly status: 'success' | 'failed' | 'pending' | 'refunded'
  readonly reporter: 'client' | 'server'
  readonly currency: 'USD' | 'EUR' | 'JPY'
  readonly amount: number
  /** After MIDNIGHT_MS */
  readonly hours: number
  readonly refund: number
}

export const aReport: fc.Arbitrary<Report> = fc
  .record({
    order: fc.integer({ min: 1, max: 8 }),
    status: fc.constantFrom('success', 'failed', 'pending', 'refunded'),
    reporter: fc.constantFrom('client', 'server'),
    currency: fc.constantFrom('USD', 'EUR', 'JPY'),
    amount: fc.integer({ min: 1, max: 1_000 }),
    hours: fc.integer({ min: -30, max: 30 }),
    refund: fc.integer({ min: 0, max: 2 }),
  })
  .filter(({ status, reporter }) => status !== 'refunded' || reporter === 'server')

const receivedMs = (index: number) => Date.parse('2026-11-23T12:00:00Z') + index * 1_000

/** Every report as a POST of its own, received in the order of the list. */
export async function messagesOf(
  gameId: string,
  reports: readonly Report[],
): Promise<Uint8Array[]> {
  const messages: Uint8Array[] = []
  for (const [index, report] of reports.entries()) {
    const context = {
      gameId,
      env: 'prod',
      timeZone: ZONE,
      game: {
        gameId,
        timeZone: ZONE,
        gameType: '',
        eventMode: 'strict' as const,
        customEvents: [],
        allowedOrigins: [],
        pseudonymKey: null,
        maskedProperties: [],
      },
      settings: DEFAULT_SETTINGS,
      reporter: report.reporter,
      origin: null,
      traceId: '0123456789abcdef',
      receivedTimeMs: receivedMs(index),
      sentTimeMs: null,
      sentUptimeMs: null,
      bodyDigest: () => 'ab'.repeat(32),
      hashKey: parseHashKey(env.SKETCH_KEY),
    }
    const batch = acceptPayments(
      [
        {
          ts: new Date(MIDNIGHT_MS + report.hours * 3_600_000).toISOString(),
          user_id: 'u',
          order_id: `o-${report.order}`,
          status: report.status,
          amount_cents: report.amount,
          currency: report.currency,
          ...(report.refund > 0 &&
            report.status === 'refunded' && { refund_id: `r-${report.refund}` }),
        },
      ],
      context,
    )
    if (batch.accepted !== 1) throw new Error(JSON.stringify(batch.verdicts))
    const counting = { timeZone: ZONE, shards: 1, hashId: 0 }
    messages.push(...packMessages(batch, { ...context, counting }))
  }
  return messages
}

interface Sums {
  revenue: number
  refunds: number
  failed: number
  paid: number
}

/** Counted here by the rules as they are written, row by row, without the database. */
export function sumsOf(reports: readonly Report[]): RevenueRow[] {
  const sums = new Map<string, Sums>()
  const add = (report: Report, change: (sum: Sums) => void) => {
    const day = new Date(Math.floor(report.hours / 24) * DAY_MS + DAY * DAY_MS).toISOString()
    const key = `${day.slice(0, 10)} ${report.currency}`
    const sum = sums.get(key) ?? { revenue: 0, refunds: 0, failed: 0, paid: 0 }
    change(sum)
    sums.set(key, sum)
  }
  for (let order = 1; order <= 8; order += 1) {
    const said = reports.filter((report) => report.order === order)
    const first = (reporter: string, status: string) =>
      said.find((report) => report.reporter === reporter && report.status === status)
    for (const refund of [0, 1, 2]) {
      const refunded = said.find((each) => each.status === 'refunded' && each.refund === refund)
      if (refunded) add(refunded, (sum) => (sum.refunds += refunded.amount))
    }
    const counts = ['server', 'client']
      .flatMap((reporter) =>
        ['success', 'failed', 'pending'].map((status) => first(reporter, status)),
      )
      .find((report) => report !== undefined)
    if (counts?.status === 'success') {
      add(counts, (sum) => {
        sum.revenue += counts.amount
        sum.paid += 1
      })
    }
    if (counts?.status === 'failed') add(counts, (sum) => (sum.failed += 1))
  }
  return [...sums]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { revenue, refunds, failed, paid }]) => ({
      d: key.slice(0, 10),
      currency: key.slice(11),
      revenue_cents: String(revenue),
      refunds_cents: String(refunds),
      failed,
      succeeded: paid,
    }))
}

/** Whether nothing is left of a day and currency. */
export const isZero = ({ revenue_cents, refunds_cents, failed, succeeded }: RevenueRow) =>
  revenue_cents === '0' && refunds_cents === '0' && failed === 0 && succeeded === 0
