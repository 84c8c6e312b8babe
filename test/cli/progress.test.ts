import { expect, test } from 'vitest'
import { startProgress } from '../../src/cli/progress.ts'
import type { TradeStep } from '../../src/index.ts'
import { openSink } from './sink.ts'

const hash = `0xafe7${'0'.repeat(56)}31a4` as const
const steps: TradeStep[] = [
  { tradeId: 't', from: null, to: 'preparing.allocating', event: null, atMs: 1000 },
  { tradeId: 't', legId: 'uniswap-v2', from: null, to: 'preparing.admitting', event: null, atMs: 1010 },
  {
    tradeId: 't',
    legId: 'uniswap-v2',
    from: 'preparing.signing',
    to: 'submitted.broadcasting',
    event: 'leg.signed',
    atMs: 1020,
    hash,
  },
  {
    tradeId: 't',
    legId: 'uniswap-v2',
    from: 'submitted.pending',
    to: 'confirming',
    event: 'leg.mined',
    atMs: 1500,
    hash,
  },
  { tradeId: 't', legId: 'uniswap-v2', from: 'confirming', to: 'done', event: 'leg.confirmed', atMs: 2010, hash },
]

test('a file gets a line for each step, with the time since the first', () => {
  const sink = openSink()
  const progress = startProgress(sink)

  for (const step of steps) progress.step(step)

  expect(sink.text().split('\n')).toEqual([
    '    0.000 s  trade         preparing.allocating',
    '    0.010 s  uniswap-v2    preparing.admitting',
    '    0.020 s  uniswap-v2    preparing.signing → submitted.broadcasting  0xafe7…31a4',
    '    0.500 s  uniswap-v2    submitted.pending → confirming  0xafe7…31a4',
    '    1.010 s  uniswap-v2    confirming → done  0xafe7…31a4',
    '',
  ])
})

test('a screen shows a row for each leg, drawn again in place', () => {
  const sink = openSink({ size: { columns: 100, rows: 30 } })
  const progress = startProgress(sink)

  for (const step of steps) progress.step(step)

  const screen = screenOf(sink.chunks)
  expect(screen).toEqual([
    '  trade         preparing (allocating)',
    '  uniswap-v2    preparing → submitted → confirming → done  0xafe7…31a4  1.0 s',
  ])
})

test('a row never wraps, and there are never more rows than the screen has', () => {
  const sink = openSink({ size: { columns: 24, rows: 4 } })
  const progress = startProgress(sink)

  for (let leg = 0; leg < 9; leg += 1) {
    progress.step({
      tradeId: 't',
      legId: `venue-${leg}`,
      from: null,
      to: 'preparing.admitting',
      event: null,
      atMs: leg,
    })
  }

  const screen = screenOf(sink.chunks)
  expect(screen).toEqual(['  venue-6       preparin', '  venue-7       preparin', '  venue-8       preparin'].map(cut))
})

test('rows say of which trade they are where there are several', () => {
  const sink = openSink()
  const progress = startProgress(sink, { isMany: true })

  progress.step({ tradeId: 't1', legId: 'a', from: null, to: 'retrying', event: null, atMs: 0 })

  expect(sink.text()).toContain('t1 a')
})

function cut(line: string): string {
  return line.slice(0, 23)
}

/** What is on a screen after all this: it goes up as told and writes over what is there. */
function screenOf(chunks: readonly string[]): string[] {
  const screen: string[] = []
  let at = 0
  for (const chunk of chunks) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a screen obeys.
    const up = /^\u001b\[(\d+)A/.exec(chunk)?.[1]
    at -= Number(up ?? 0)
    for (const line of chunk.split('\n').slice(0, -1)) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a screen obeys.
      screen[at] = line.replaceAll(/\u001b\[\d+[AK]/g, '')
      at += 1
    }
  }
  return screen
}
