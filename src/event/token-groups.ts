/** Token groups of several messages as those of one. Pure. */
import type { BreakdownValues, SketchMetric, TokenGroup } from './envelope.ts'

interface OpenGroup {
  readonly metric: SketchMetric
  readonly bucket: number
  readonly by?: BreakdownValues
  readonly tokens: Set<number>
}

/** Groups of one metric, bucket and breakdown become one, without repeats; in the order in which they came. */
export function mergeTokenGroups(groups: readonly TokenGroup[]): TokenGroup[] {
  const merged = new Map<string, OpenGroup>()
  for (const { metric, bucket, by, tokens } of groups) {
    const key = JSON.stringify([metric, bucket, by])
    const group = merged.get(key)
    if (group === undefined) {
      merged.set(key, { metric, bucket, ...(by && { by }), tokens: new Set(tokens) })
    } else {
      for (const token of tokens) group.tokens.add(token)
    }
  }
  return Array.from(merged.values(), toTokenGroup)
}

function toTokenGroup({ metric, bucket, by, tokens }: OpenGroup): TokenGroup {
  return { metric, bucket, ...(by && { by }), tokens: Uint32Array.from(tokens) }
}
