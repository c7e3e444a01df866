/**
 * The functions of the formula language, as the parser reads them and as the catalog serves them. The
 * grammar around them stands at the top of configs/analytics/metrics.yaml.
 */

/** What stands between the parentheses. */
export type ArgumentShape =
  /** events [where condition]; users also takes with / without and a second selection */
  | 'selection'
  /** attributes of events [where condition] */
  | 'fields'
  /** selection, days */
  | 'cohort'
  /** selection, days, selection */
  | 'cohort_selection'
  /** selection, days, fields */
  | 'cohort_fields'
  /** the id of a metric */
  | 'metric'
  | 'expression'
  | 'two_expressions'

export interface FormulaFunction {
  readonly shape: ArgumentShape
  readonly signature: string
  readonly meaning: string
}

const percentile = (name: string): [string, FormulaFunction] => [
  name,
  {
    shape: 'fields',
    signature: `${name}(fields [where condition])`,
    meaning: `percentile ${name.slice(1)} of the values that are set`,
  },
]

export const FORMULA_FUNCTIONS: ReadonlyMap<string, FormulaFunction> = new Map([
  [
    'users',
    {
      shape: 'selection',
      signature: 'users(selection [with selection | without selection])',
      meaning:
        'different users with an event of the selection, who also have (with) or have not (without) one of the second in the window',
    },
  ],
  [
    'sessions',
    {
      shape: 'selection',
      signature: 'sessions(selection)',
      meaning: 'different sessions with an event of the selection',
    },
  ],
  [
    'count',
    { shape: 'selection', signature: 'count(selection)', meaning: 'events of the selection' },
  ],
  [
    'first_users',
    {
      shape: 'selection',
      signature: 'first_users(selection)',
      meaning: 'users whose first event of the selection ever lies in the window',
    },
  ],
  [
    'lapsed_users',
    {
      shape: 'selection',
      signature: 'lapsed_users(selection)',
      meaning: 'users with an event of the selection in the window before and none in this one',
    },
  ],
  [
    'sum',
    {
      shape: 'fields',
      signature: 'sum(fields [where condition])',
      meaning: 'sum of the values that are set',
    },
  ],
  [
    'avg',
    {
      shape: 'fields',
      signature: 'avg(fields [where condition])',
      meaning: 'mean of the values that are set',
    },
  ],
  [
    'min',
    {
      shape: 'fields',
      signature: 'min(fields [where condition])',
      meaning: 'lowest of the values that are set',
    },
  ],
  [
    'max',
    {
      shape: 'fields',
      signature: 'max(fields [where condition])',
      meaning: 'highest of the values that are set',
    },
  ],
  [
    'distinct',
    {
      shape: 'fields',
      signature: 'distinct(fields [where condition])',
      meaning: 'how many different values there are',
    },
  ],
  ...['p1', 'p5', 'p10', 'p25', 'p50', 'p75', 'p90', 'p95', 'p99'].map(percentile),
  [
    'retention',
    {
      shape: 'cohort',
      signature: 'retention(selection, days)',
      meaning:
        'of the users whose first event of the selection ever lies on a day, the share with an activity event (counts_as dau) that many days later',
    },
  ],
  [
    'rolling_retention',
    {
      shape: 'cohort',
      signature: 'rolling_retention(selection, days)',
      meaning: 'the same with an activity event that many days later or at any time after',
    },
  ],
  [
    'conversion',
    {
      shape: 'cohort_selection',
      signature: 'conversion(selection, days, selection)',
      meaning:
        'of the users whose first event of the selection ever lies on a day, the share with an event of the second one from that day to the day that many days later',
    },
  ],
  [
    'lifetime_sum',
    {
      shape: 'cohort_fields',
      signature: 'lifetime_sum(selection, days, fields [where condition])',
      meaning:
        'sum of the fields over the same days, divided by the users whose first event of the selection ever lies on the first',
    },
  ],
  [
    'peak',
    {
      shape: 'metric',
      signature: 'peak(metric)',
      meaning: 'highest value over the shorter windows of the metric',
    },
  ],
  [
    'mean',
    {
      shape: 'metric',
      signature: 'mean(metric)',
      meaning: 'mean over the shorter windows of the metric',
    },
  ],
  [
    'previous',
    {
      shape: 'metric',
      signature: 'previous(metric)',
      meaning: 'value of the metric in the window before',
    },
  ],
  [
    'total',
    {
      shape: 'expression',
      signature: 'total(expression)',
      meaning: 'the same without the split of by',
    },
  ],
  [
    'greatest',
    {
      shape: 'two_expressions',
      signature: 'greatest(expression, expression)',
      meaning: 'the larger of the two',
    },
  ],
  [
    'least',
    {
      shape: 'two_expressions',
      signature: 'least(expression, expression)',
      meaning: 'the smaller of the two',
    },
  ],
])
