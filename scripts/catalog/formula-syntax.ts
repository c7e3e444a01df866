/** What a formula says, as a tree; names in it are not resolved yet. */

export type Literal = string | number | boolean

export const COMPARISONS = ['=', '!=', '<', '<=', '>', '>='] as const
export type Comparison = (typeof COMPARISONS)[number]

export type Condition =
  | { kind: 'compare'; attribute: string; comparison: Comparison; literal: Literal }
  | { kind: 'in'; attribute: string; literals: Literal[] }
  | { kind: 'contains'; attribute: string; literal: Literal }
  | { kind: 'set'; attribute: string; isSet: boolean }
  | { kind: 'and' | 'or'; left: Condition; right: Condition }
  | { kind: 'not'; condition: Condition }

export interface Selection {
  /** Ids of events; any of them */
  events: string[]
  where: Condition | null
}

export interface Fields {
  /** `<event id>.<attribute>`; all of them together */
  paths: string[]
  where: Condition | null
}

export type Call =
  | { shape: 'selection'; name: string; selection: Selection; also: Also | null }
  | { shape: 'fields'; name: string; fields: Fields }
  | { shape: 'cohort'; name: string; cohort: Selection; days: number }
  | {
      shape: 'cohort_selection'
      name: string
      cohort: Selection
      days: number
      selection: Selection
    }
  | { shape: 'cohort_fields'; name: string; cohort: Selection; days: number; fields: Fields }
  | { shape: 'metric'; name: string; metric: string }
  | { shape: 'expression'; name: string; expression: Expression }
  | { shape: 'two_expressions'; name: string; left: Expression; right: Expression }

/** The second selection of users(): who must have it, or must not. */
export interface Also {
  mode: 'with' | 'without'
  selection: Selection
}

export type Operator = '+' | '-' | '*' | '/'

export type Expression =
  | { kind: 'number'; value: number }
  | { kind: 'metric'; id: string }
  | { kind: 'operation'; operator: Operator; left: Expression; right: Expression }
  | { kind: 'call'; call: Call }
