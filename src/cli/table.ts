import type { Style, Terminal } from './terminal.ts'

/** One column of a table. */
export interface Column {
  readonly title: string
  /** What its values are counted in, below the title. */
  readonly unit?: string
  /** `point`: decimals with their points below each other. */
  readonly align?: 'left' | 'right' | 'point'
}

/** What a cell says: nothing where it is null. */
export type Cell = string | null | { readonly text: string; readonly style: Style }

const gap = '  '

/**
 * Aligned columns, indented, one line a row, with a head.
 *
 * @param rows - Cells in the order of the columns; a row may end early.
 *
 * @example
 * formatTable(terminal, [{ title: 'venue' }, { title: 'in', unit: 'ETH', align: 'point' }], [['uniswap-v2', '0.5']])
 */
export function formatTable(
  { paint }: Pick<Terminal, 'paint'>,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): string {
  const bodies = columns.map(({ align }, index) =>
    aligned(
      rows.map((row) => textOf(row[index])),
      align ?? 'left',
    ),
  )
  const heads = columns.some(({ unit }) => unit !== undefined)
    ? [columns.map(({ title }) => title), columns.map(({ unit }) => unit ?? '')]
    : [columns.map(({ title }) => title)]
  const widths = columns.map((_, index) =>
    widest([...heads.map((head) => head[index] ?? ''), ...(bodies[index] ?? [])]),
  )
  const place = (text: string, index: number): string => {
    const width = widths[index] ?? 0
    return (columns[index]?.align ?? 'left') === 'left' ? text.padEnd(width) : text.padStart(width)
  }

  const headLines = heads.map((head) => paint('dim', head.map(place).join(gap).trimEnd()))
  const lines = rows.map((row, line) => {
    const cells = columns.map((_, index) => {
      const cell = row[index] ?? null
      const text = place(bodies[index]?.[line] ?? '', index)
      return cell === null || typeof cell === 'string' ? text : painted(paint, cell.style, text)
    })
    return cells.join(gap).trimEnd()
  })
  return [...headLines, ...lines].map((line) => `${gap}${line}\n`).join('')
}

function textOf(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return ''
  return typeof cell === 'string' ? cell : cell.text
}

function aligned(texts: readonly string[], align: 'left' | 'right' | 'point'): string[] {
  if (align !== 'point') return [...texts]
  const fractions = texts.map((text) => (text.includes('.') ? text.length - text.indexOf('.') : 0))
  const longest = Math.max(0, ...fractions)
  return texts.map((text, index) => (text === '' ? '' : text + ' '.repeat(longest - (fractions[index] ?? 0))))
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => text.length))
}

/** Without the spaces around it, so that the end of a line can be trimmed. */
function painted(paint: Terminal['paint'], style: Style, text: string): string {
  const inner = text.trim()
  return inner === '' ? text : text.replace(inner, () => paint(style, inner))
}
