/** The port to the sketches of a game: what they are asked, and what they answer. */
import type {
  Breakdown,
  Cohort,
  DayFigures,
  MinuteFigures,
  Moment,
  RealtimeFigures,
} from '../../../durable/figures.ts'
import type { BreakdownColumn } from '../../event/envelope.ts'

/** Both ends are included. */
interface Range {
  readonly from: number
  readonly to: number
}

/** What the sketches of one game are asked. Every method throws figures_unavailable when they do not answer. */
export interface LiveSketches {
  realtime(at: Moment): Promise<RealtimeFigures>
  minutes(range: Range): Promise<readonly MinuteFigures[]>
  days(range: Range): Promise<readonly DayFigures[]>
  breakdown(asked: {
    metric: 'dau' | 'new_users'
    day: number
    column: BreakdownColumn
  }): Promise<Breakdown>
  cohorts(range: Range): Promise<readonly Cohort[]>
}
