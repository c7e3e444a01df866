/** Ratios as percentages. A ratio over nothing is null, never 0. */

/** 97.5 % quantile of the normal distribution: two-sided 95 %. */
const Z_95 = 1.959_963_984_540_054

/** 100 * part / whole; null when whole is 0. Not rounded. */
export function percent(part: number, whole: number): number | null {
  return whole === 0 ? null : (100 * part) / whole
}

/** part / whole; null when whole is 0. */
export function quotient(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}

/**
 * 95 % confidence interval of a share, as percentages [low, high]; null when there is nothing to share.
 * Wilson's score interval (E. B. Wilson, "Probable inference, the law of succession, and statistical
 * inference", 1927): it stays within 0 and 100 and holds for small cohorts and extreme shares.
 */
export function wilsonInterval(part: number, whole: number): [number, number] | null {
  if (whole === 0) return null
  const share = part / whole
  const spread = Z_95 ** 2 / whole
  const centre = (share + spread / 2) / (1 + spread)
  const half =
    (Z_95 * Math.sqrt((share * (1 - share)) / whole + spread / (4 * whole))) / (1 + spread)
  // At the ends the bound is the share itself; the subtraction misses it by rounding.
  const low = part === 0 ? 0 : centre - half
  const high = part === whole ? 1 : centre + half
  return [100 * low, 100 * high]
}
