/** The rows of a made-up game as the tables take them, and their dimensions as text. */
import type { StoredEvent, StoredPayment } from './random-game.ts'

interface Scope {
  readonly gameId: string
  readonly env: string
}

/** A session.start of a user of its own, happened and received when told. */
export function aSession(times: { eventTimeMs: number; receivedTimeMs: number }): StoredEvent {
  return {
    event: 'session.start',
    event_id: 'session',
    user_id: 'user',
    clientTimeMs: times.eventTimeMs,
    platform: '',
    country: '',
    app_version: '',
    props: {},
    ...times,
  }
}

/** A line of `events`. */
export function eventRow(row: StoredEvent, { gameId, env }: Scope): string {
  const { clientTimeMs, eventTimeMs, receivedTimeMs, props, ...columns } = row
  return JSON.stringify({
    ...columns,
    game_id: gameId,
    env,
    event_time: sqlTime(eventTimeMs),
    client_time: sqlTime(clientTimeMs),
    received_time: sqlTime(receivedTimeMs),
    props_json: JSON.stringify(props),
  })
}

/** A line of `payments`. */
export function paymentRow(row: StoredPayment, { gameId, env }: Scope): string {
  const { timeMs, receivedTimeMs, ...columns } = row
  return JSON.stringify({
    ...columns,
    game_id: gameId,
    env,
    time: sqlTime(timeMs),
    received_time: sqlTime(receivedTimeMs),
  })
}

function sqlTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('T', ' ').slice(0, 23)
}

/** Reads a row's value of a dimension; what is absent or null is the empty text. */
export function dimensionReader(dimension: string) {
  return (row: StoredEvent | StoredPayment): string => {
    if (dimension === 'platform' || dimension === 'country') return row[dimension]
    if (!('props' in row)) return ''
    if (dimension === 'app_version') return row.app_version
    const value = row.props[dimension.replace('props.', '')] ?? ''
    return typeof value === 'string' ? value : JSON.stringify(value)
  }
}
