/** docs/reference/clocks.md: the rules in words, the bounds from configs/limits.ts, the tables of the simulation. */
import { format } from 'oxfmt'

import {
  FUTURE_TOLERANCE_MS,
  MAX_EVENT_AGE_MS,
  MAX_FUTURE_MS,
  SKEW_TOLERANCE_MS,
} from '../../configs/limits.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './clock-faults.ts'
import type { NightCount } from './nights.ts'
import type { Simulation } from './score.ts'
import { renderTables } from './tables.ts'

const tolerance = `${SKEW_TOLERANCE_MS / SECOND_MS} seconds`
const ahead = `${FUTURE_TOLERANCE_MS / MINUTE_MS} minutes`
const farAhead = `${MAX_FUTURE_MS / HOUR_MS} hours`
const back = `${MAX_EVENT_AGE_MS / DAY_MS} days`

const RULES = `# Clocks

<!-- Written by node scripts/simulate/clocks.ts --write; the text is in scripts/simulate/page.ts. -->

When did an event happen? The device says one thing, and devices are wrong: clocks drift, players move them, a console
without a battery starts in 1970, and a phone without a network sends days later.

## Four clocks

| column | set by | |
| --- | --- | --- |
| \`client_time\` | the device | when the event happened, as the device says; part of the identity of the row |
| \`sent_time\` | the device | when this attempt to send was made (\`sent_at\`) |
| \`received_time\` | the edge | when the request arrived |
| \`event_time\` | the edge | when the event happened, corrected; every day and every metric uses it |

\`skew_ms\` is \`event_time - client_time\`, and \`time_method\` says where \`event_time\` comes from, so that every
correction can be seen and undone in a query.

## Order of the methods

1. **uptime**: with \`uptime_ms\` in the event and \`sent_uptime_ms\` in the batch the age of the event is their
   difference, which no change of the date moves: \`received_time - (sent_uptime_ms - uptime_ms)\`. A
   \`sent_uptime_ms\` below \`uptime_ms\` means that the device was started anew; then the next method decides.
2. **sent_at**: when \`sent_at\` is off by more than ${tolerance}, the client's time is shifted by as much:
   \`client_time + (received_time - sent_at)\`. This is the plain formula of other collectors.
3. **client**: otherwise the client's time stands. It also stands where the uptime agrees with it within ${tolerance}.
4. **clamped**: what cannot be, because it is ahead of the receive time, becomes the receive time, the latest moment
   that is possible. The bounds below say when.

Bounds: up to ${ahead} ahead is taken as it is, up to ${farAhead} ahead becomes the receive time, further ahead is
rejected (\`event_time_in_future\`), unless \`sent_at\` shows that the clock was set since: then it becomes the receive
time, as does a time in 1970. Older than ${back} is rejected (\`event_time_too_old\`). Rejected events are kept with their
reason.

Days are calendar days of the game's time zone, 23 or 25 hours long in the nights that move the clocks. Minutes are
minutes of UTC: every zone has the same ones.

## What to send

- \`sent_at\` in every batch, stamped anew for every attempt, at the moment of sending. A \`sent_at\` from when the batch
  was built looks like a clock that is behind by as long as the batch waited.
- \`uptime_ms\` in every event and \`sent_uptime_ms\` in every batch, also stamped anew, from a counter that a change of the
  date does not move and that goes on while the device sleeps: \`elapsedRealtime\` on Android,
  \`mach_continuous_time\` on iOS and macOS, \`CLOCK_BOOTTIME\` on Linux, \`QueryInterruptTime\` on Windows. In a browser
  \`performance.now()\` counts from the loading of the page; some systems stop it in sleep.
- After the device was started anew leave \`sent_uptime_ms\` out of batches whose events are older than that, and leave
  the events as they are: ids that we derive from the body stay the same. In a browser a page that is loaded again counts
  as started anew. Do not mix events of two starts in a batch.
- Times as RFC 3339. A number must say by its size whether it is seconds or milliseconds, and the numbers of a clock that
  is in 1970 are too small for that.
- \`event_id\` in every event: a retry then finds its row again in whatever batch it comes. Without it, repeat the same
  events in the same order.`

const limits = `## What no formula can know

- A clock that was moved between the event and the sending, without uptimes: the difference of two clock readings
  contains the move. Where the result lies too far ahead or back the event is rejected, elsewhere it is off by the move.
- Whether \`sent_at\` is old or the clock is behind: both look the same, and we take the word of the client. For clients
  that stamp once and send much later the client's own time would be better.
- Whether a counter was started anew, once it has passed its old reading, or whether it stood still in sleep. Such
  uptimes make times worse than none; leave them out.
- A clock that was never set and a device that was started anew: nothing is left that goes back to the event.
- How long the request was under way: the time of the network is part of every correction. Without correction an error
  of up to ${tolerance} stays.
- An attempt that names another day than the first one. The table of events keeps the first attempt, so counts of
  events stay right; in the sketches of daily users the player is then active on both days. Stamping anew prevents it.`

/** The page; the same results give the same bytes. */
export async function renderPage(
  simulation: Simulation,
  nights: readonly NightCount[],
): Promise<string> {
  const { all, seed } = simulation
  const results = `## How well it works

A simulation of ${all.events.toLocaleString('en-US')} events whose true time is known: sessions of 20 events between
February and December 2026 in Berlin, New York, Kolkata and UTC, half of them sent within seconds and half after minutes to
20 days unless the line says otherwise, requests under way for 0.3 s (median), a fifth of the devices started anew
before sending, up to two attempts a batch, half of the events with ids of their own. In the seven lines before the last one, half of the clocks are right
and the others are off by up to 10 minutes, an hour or a day. \`node scripts/simulate/clocks.ts\` repeats it
(seed ${seed}).

The methods see the same events. *Receive time* stamps what arrives, *client time* believes the device, *plain
\`sent_at\`* is \`client_time + (received_time - sent_at)\` without bounds. *Ours* is the code of the edge, from the
body to the row; a rejected event counts as not on the right day. The lines weigh the same in the last one, which says
nothing about how common each of them is.

${renderTables(simulation, nights)}

Errors are those of the events that were taken. Pairs are without / with uptimes. *Rows per event* counts the sorting keys
that all attempts leave per accepted event: 1.000 means that no retry made a second row. *On two days* is the share of the
events of which two attempts named different days. The last table has one event a minute, sent every eight hours; a clock
that knows only local time moves in the night and is an hour off from then on.

Where *ours* is below another method, a client breaks a rule of "What to send" (times as small numbers, a stale
\`sent_at\`, uptimes of two starts, a counter that stands still), or the clock was set between the event and the sending
and there is no uptime that shows by how much.`
  const { code, errors } = await format('clocks.md', `${RULES}\n\n${results}\n\n${limits}\n`, {
    printWidth: 100,
  })
  if (errors.length > 0) throw new Error(errors.map((error) => error.message).join('\n'))
  return code
}
