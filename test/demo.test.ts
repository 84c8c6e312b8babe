import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatUnits, parseUnits } from 'ethers'
import { beforeAll, describe, expect, test } from 'vitest'
import { auditTrade, standing } from '../scripts/demo/ledger.ts'
import type { TradeStatus } from '../src/index.ts'
import { setUpDesk } from './cli/desk.ts'
import { legwork } from './cli/sink.ts'
import { useWorld } from './support/anvil.ts'

const world = useWorld({ blockTimeS: 0.25 })
const main = fileURLToPath(new URL('../scripts/demo/main.ts', import.meta.url))

interface Run {
  readonly code: number | null
  readonly out: string
  readonly err: string
  /** What of ours is left in the folder for temporary files: the node's home is there until the node has ended. */
  readonly leftovers: readonly string[]
}

async function runDemo(
  args: readonly string[],
  onOut: (text: string, interrupt: () => void) => void = () => {},
): Promise<Run> {
  const temporary = await mkdtemp(join(tmpdir(), 'demo-test-'))
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    onOut(text, () => child.kill('SIGINT'))
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  const leftovers = (await readdir(temporary)).filter((name) => name.startsWith('legwork'))
  await rm(temporary, { recursive: true })
  return { code, out, err, leftovers }
}

/** The cells of a section's lines that begin with one of these words. */
function rowsOf(section: string, first: readonly string[]): Map<string, string[]> {
  const lines = section.split('\n').map((line) => line.trim().split(/ {2,}/))
  return new Map(lines.flatMap(([name = '', ...cells]) => (first.includes(name) ? [[name, cells] as const] : [])))
}

const venues = ['uniswap-v2', 'sushi-v2', 'uniswap-v3', 'uniswap-v4', 'pancake-v3', 'algebra', 'balancer-v2']
const usdc = (amount = ''): bigint => parseUnits(amount, 6)
const ether = (amount = ''): bigint => parseUnits(amount, 18)

describe('the demo', () => {
  let run: Run
  let sections: string[]

  beforeAll(async () => {
    run = await runDemo([])
    sections = run.out.split(/^(?=\d\. )/m)
  })

  test('ends well and leaves nothing behind', () => {
    const { code, err, leftovers } = run

    expect({ code, err, leftovers }).toEqual({ code: 0, err: '', leftovers: [] })
    expect(run.out).toMatch(/submitted\.broadcasting → submitted\.pending {2}0x/)
    expect(sections).toHaveLength(6)
  })

  test('spreads the order over every venue, and receives what they quoted', () => {
    const rows = rowsOf(sections[1] ?? '', [...venues, 'total'])

    expect([...rows.keys()].sort()).toEqual([...venues, 'total'].sort())
    const parts = venues.map((venue) => rows.get(venue) ?? [])
    expect(parts.every(([, , quoted, received]) => quoted === received)).toBe(true)
    const received = parts.reduce((sum, [, , , one]) => sum + usdc(one), 0n)
    expect(rows.get('total')?.[2]).toBe(formatUnits(received, 6))
    expect(sections[1]).toMatch(/All quotes are of block \d+, 0x\S+\.\n {2}✓ The chain agrees/)
  })

  test('is better off by the split, net of gas, than by any venue alone and than in proportion', () => {
    const others = ['in proportion', ...venues.map((venue) => `${venue} alone`)]
    const rows = rowsOf(sections[2] ?? '', ['the split, as done', ...others])

    const [split, ...rest] = ['the split, as done', ...others].map((name) => usdc(rows.get(name)?.[2]))
    expect(rest).toHaveLength(8)
    expect(rest.every((net) => net < (split ?? 0n))).toBe(true)
    expect(sections[2]).toMatch(/^ {2}\+[\d.]+ USDC \(\+[\d.]+ bp\) net of gas against \S+ alone/m)
    expect(sections[2]).toMatch(/^ {2}\+[\d.]+ USDC \(\+[\d.]+ bp\) net of gas against the split in proportion/m)
  })

  test('keeps every limit, and leaves what the window has no room for', () => {
    const rows = rowsOf(sections[3] ?? '', [...venues, 'total', 'not allocated'])

    const limits = { 'uniswap-v2': '4', 'uniswap-v3': '3', 'sushi-v2': '1.5' }
    for (const [venue, most] of Object.entries(limits)) {
      const [, free, within, again] = rows.get(venue) ?? []
      expect(ether(free)).toBeGreaterThan(ether(most))
      expect(within).toBe(most)
      expect(ether(again)).toBeLessThanOrEqual(ether(most))
    }
    expect(rows.get('total')?.slice(1)).toEqual(['30', '30', '10'])
    expect(rows.get('not allocated')).toEqual(['0', '0', '20'])
  })

  test('splits again what failed on the chain, and reports it', () => {
    const section = sections[4] ?? ''

    expect(section).toMatch(/^ {2}uniswap-v2 +failed +0x/m)
    const again = [...section.matchAll(/^ {2}(\S+)#1 +(\S+) /gm)].map(([, venue, status]) => ({ venue, status }))
    expect(again.length).toBeGreaterThan(0)
    expect(again.every(({ venue, status }) => venue !== 'uniswap-v2' && status === 'done')).toBe(true)
    const report = rowsOf(section, ['filled', 'unfilled', 'exposed', 'profit and loss'])
    expect(report.get('filled')).toEqual(['30 of 30 ETH'])
    expect(report.get('unfilled')).toEqual(['0 ETH'])
    expect(report.get('exposed')).toEqual(['0 USDC'])
    expect(report.get('profit and loss')?.[0]).toMatch(/^-[\d.]+ USDC against the first quotes/)
  })

  test('ends with a ledger whose sides agree', () => {
    const trades = ['demo', 'within limits', 'once more', 'one fails']
    const rows = rowsOf(sections[5] ?? '', trades)

    expect([...rows.keys()]).toEqual(trades)
    expect([...rows.values()].map(([, reverted]) => reverted)).toEqual(['0', '0', '0', '1'])
    for (const [, , left, sold, gas, arrived, reported] of rows.values()) {
      expect(ether(left)).toBe(ether(sold) + ether(gas))
      expect(arrived).toBe(reported)
    }
  })
})

test('the demo of a crash kills a process, resumes in another, and shows that nothing was sent twice', async () => {
  const { code, out, err, leftovers } = await runDemo(['--crash'])

  expect({ code, err, leftovers }).toEqual({ code: 0, err: '', leftovers: [] })
  expect(out).toMatch(/kill -9 \d+ {2}while leg \S+ was submitted\.pending/)
  expect(out).toMatch(/trade +resumes at submitted/)
  expect(out).toMatch(/^demo {2}sell 30 ETH for USDC: filled/m)
  expect(out).toMatch(/✓ Nothing was sent twice: the wallet's nonce went from 0 to (\d+) for \1 legs\./)
})

test.each([[['--gas-limit', '50000']], [['--crash', '--gas-limit', '50000']]])(
  'a trade that fails makes the demo fail, with the reason and nothing left behind: %s',
  async (args) => {
    const { code, err, leftovers } = await runDemo(args)

    expect({ code, leftovers }).toEqual({ code: 1, leftovers: [] })
    expect(err).toMatch(/^\s*The demo failed\.\n {2}\S.*\n/)
  },
)

test.each([[[]], [['--crash']]])('Ctrl-C in the middle leaves nothing behind: %s', async (args) => {
  let isTold = false

  const { code, err, leftovers } = await runDemo(args, (text, interrupt) => {
    if (!isTold && text.includes('submitted')) interrupt()
    isTold ||= text.includes('submitted')
  })

  expect({ code, err, leftovers }).toEqual({ code: 130, err: '', leftovers: [] })
})

test('the audit of the demo sees every lie about a trade', async () => {
  const desk = await setUpDesk(world())
  const wallet = world().accounts[0]?.address ?? '0x'
  const before = await standing(world(), wallet)
  const args = ['trade', '--pair', 'ETH/USDC', '--amount', '60', '--json', '--config', desk.config]
  const trade = JSON.parse((await legwork(args)).out) as TradeStatus
  await desk.remove()
  const [first, ...others] = trade.legs
  if (first === undefined) throw new Error('The trade has no leg.')
  const lies: [lie: Partial<TradeStatus>, seen: RegExp][] = [
    [{ amountOut: '4480' }, /received \d+ units of USDC; the trade says 4480/],
    [{ gasCost: '0.1' }, /paid \d+ wei; the trade says/],
    [{ amountIn: '59' }, /paid \d+ wei; the trade says/],
    [{ outcome: 'partial' }, /is partial, not filled/],
    [{ legs: others }, /nonce rose by \d+ for \d+ legs/],
    [{ legs: [{ ...first, hash: '0x00' }, ...others] }, /other transactions/],
    [{ legs: [{ ...first, status: 'failed' }, ...others] }, /ended failed/],
  ]

  await expect(auditTrade(world(), before, trade)).resolves.toMatchObject({ sent: { length: trade.legs.length } })
  for (const [lie, seen] of lies) await expect(auditTrade(world(), before, { ...trade, ...lie })).rejects.toThrow(seen)
  const failed = { ...trade, legs: [{ ...first, status: 'failed' as const }, ...others] }
  await expect(auditTrade(world(), before, failed, { failed: [first.legId] })).rejects.toThrow(/were reverted than/)
})
