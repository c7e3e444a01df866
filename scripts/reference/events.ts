/** docs/reference/events.md: every event of the catalog. */
import { catalog } from '../../src/catalog/catalog.ts'
import { cell, code, codes, page, table } from './markdown.ts'

/** The page. */
export function eventsPage(): string {
  const { events, taxonomy, commonAttributes, index } = catalog()
  const all = [...events.values()]
  const sections = taxonomy.event_categories.map(({ id, en_name: name, zh_name: zhName }) => {
    const rows = all
      .filter(({ category }) => category === id)
      .map((event) => [
        code(event.id),
        codes(event.aliases),
        codes(event.required),
        codes(event.optional),
        codes(event.counts_as),
        cell(event.description),
      ])
    const heads = ['event', 'also known as', 'required', 'optional', 'counts', 'meaning']
    return `## ${cell(name)} (${cell(zhName)})\n\n${table(heads, rows)}`
  })
  return page(
    'Events',
    ['configs/analytics/events.yaml', 'configs/analytics/taxonomy.yaml'],
    [
      `${index.counts.events} events in ${taxonomy.event_categories.length} categories. Any name of a row may be sent; ` +
        'it is stored under the first. Types of attributes: [attributes](attributes.md). The same as JSON: ' +
        '`GET /api/catalog/events`.',
      `Every event may carry the common attributes ${codes(commonAttributes)}, and further properties of any name. ` +
        '`counts`: the unique counts that the user of the event enters.',
      ...sections,
    ],
  )
}
