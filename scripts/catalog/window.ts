/** Windows of metrics: `<number><m|h|d>`. */

const SECONDS = { m: 60, h: 3_600, d: 86_400 } as const

export const WINDOW_PATTERN = /^(?<amount>[1-9]\d*)(?<unit>[mhd])$/

/** Length of a window such as 15m. Throws when the text is none. */
export function windowSeconds(window: string): number {
  const groups = WINDOW_PATTERN.exec(window)?.groups
  const unit = (['m', 'h', 'd'] as const).find((name) => name === groups?.['unit'])
  if (unit === undefined) throw new Error(`${window} is no window`)
  return Number(groups?.['amount']) * SECONDS[unit]
}
