/** docs/reference/metrics.md: every metric with its formula. */
import { catalog } from '../../src/catalog/catalog.ts'
import { cell, code, codes, page, table } from './markdown.ts'

/** The page. */
export function metricsPage(): string {
  const { metrics, functions, taxonomy, index } = catalog()
  const all = [...metrics.values()]
  const sections = taxonomy.metric_categories.map(({ id, en_name: name, zh_name: zhName }) => {
    const rows = all
      .filter(({ category }) => category === id)
      .map((metric) => [
        code(metric.id),
        `${cell(metric.en_name)} (${cell(metric.zh_name)})`,
        `${metric.type}, ${metric.unit}, ${metric.window}`,
        code(metric.formula),
        codes(metric.by),
        cell(metric.description),
      ])
    const heads = ['metric', 'name', 'type, unit, window', 'formula', 'always by', 'meaning']
    return `## ${cell(name)} (${cell(zhName)})\n\n${table(heads, rows)}`
  })
  const functionRows = functions.map(({ signature, meaning }) => [code(signature), cell(meaning)])
  return page(
    'Metrics',
    ['configs/analytics/metrics.yaml', 'configs/analytics/taxonomy.yaml'],
    [
      `${index.counts.metrics} metrics. A formula says what is counted within the window and within one group of the ` +
        'dimensions. The same as JSON, with what each metric reads: `GET /api/catalog/metrics`.',
      `## Functions of formulas\n\n${table(['function', 'meaning'], functionRows)}`,
      ...sections,
    ],
  )
}
