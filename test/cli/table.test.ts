import { expect, test } from 'vitest'
import { formatTable } from '../../src/cli/table.ts'
import { openSink } from './sink.ts'

test('columns are aligned, decimals by their points, and no line ends in spaces', () => {
  const columns = [
    { title: 'venue' },
    { title: 'in', unit: 'ETH', align: 'point' },
    { title: 'gas', align: 'right' },
  ] as const
  const rows = [
    ['uniswap-v2', '0.5625', '130,596'],
    ['sushi', '12', null],
    ['total', '12.5', '9'],
  ]

  const table = formatTable(openSink(), columns, rows)

  expect(table.split('\n')).toEqual([
    '  venue            in      gas',
    '                  ETH',
    '  uniswap-v2   0.5625  130,596',
    '  sushi       12',
    '  total       12.5           9',
    '',
  ])
})

test('a style is put on the text of a cell and does not move what stands behind it', () => {
  const columns = [{ title: 'a' }, { title: 'b' }]

  const table = formatTable(openSink({ isStyled: true }), columns, [
    [{ text: 'done', style: 'green' }, 'x'],
    ['submitted', 'y'],
  ])

  expect(table).toContain('<green>done</green>       x\n')
  expect(table).toContain('submitted  y\n')
})
