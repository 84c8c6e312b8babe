import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
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

test('the demo trades, agrees with the chain and compares with each venue alone', async () => {
  const { code, out, err, leftovers } = await runDemo([])

  expect({ code, err, leftovers }).toEqual({ code: 0, err: '', leftovers: [] })
  expect(out).toMatch(/submitted\.broadcasting → submitted\.pending {2}0x/)
  expect(out).toMatch(/^demo {2}sell 1\.5 ETH for USDC: filled/m)
  expect(out).toContain('✓ The chain agrees')
  for (const venue of ['uniswap-v2', 'sushi-v2', 'uniswap-v3']) {
    expect(out).toMatch(new RegExp(`^  ${venue}( \\(best alone\\))? +4\\d{3}\\.\\d+ `, 'm'))
  }
  expect(out).toMatch(/The split (gained|lost) \d+(\.\d+)? USDC \([+-]\d+\.\d bp\) against \S+ alone; net of gas [+-]/)
})

test('the demo of a crash kills a process, resumes in another, and shows that nothing was sent twice', async () => {
  const { code, out, err, leftovers } = await runDemo(['--crash'])

  expect({ code, err, leftovers }).toEqual({ code: 0, err: '', leftovers: [] })
  expect(out).toMatch(/kill -9 \d+ {2}while leg \S+ was submitted\.pending/)
  expect(out).toMatch(/trade +resumes at submitted/)
  expect(out).toMatch(/^demo {2}sell 1\.5 ETH for USDC: filled/m)
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
  const args = ['trade', '--pair', 'ETH/USDC', '--amount', '1.5', '--json', '--config', desk.config]
  const trade = JSON.parse((await legwork(args)).out) as TradeStatus
  await desk.remove()
  const [first, ...others] = trade.legs
  if (first === undefined) throw new Error('The trade has no leg.')
  const lies: [lie: Partial<TradeStatus>, seen: RegExp][] = [
    [{ amountOut: '4480' }, /received \d+ units of USDC; the trade says 4480/],
    [{ gasCost: '0.1' }, /paid \d+ wei; the trade says/],
    [{ amountIn: '1.4' }, /paid \d+ wei; the trade says/],
    [{ outcome: 'partial' }, /is partial, not filled/],
    [{ legs: others }, /nonce rose by \d+ for \d+ legs/],
    [{ legs: [{ ...first, hash: '0x00' }, ...others] }, /other transactions/],
    [{ legs: [{ ...first, status: 'failed' }, ...others] }, /ended failed/],
  ]

  await expect(auditTrade(world(), before, trade)).resolves.toHaveLength(trade.legs.length)
  for (const [lie, seen] of lies) await expect(auditTrade(world(), before, { ...trade, ...lie })).rejects.toThrow(seen)
})
