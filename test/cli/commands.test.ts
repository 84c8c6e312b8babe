import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { afterEach, expect, test } from 'vitest'
import { ExecutionManager } from '../../src/index.ts'
import { useWorld } from '../support/anvil.ts'
import { type Desk, leaveUnfinished, setUpDesk } from './desk.ts'
import { legwork } from './sink.ts'

const world = useWorld({ blockTimeS: 0.25 })
const desks: Desk[] = []

afterEach(async () => {
  for (const desk of desks.splice(0)) await desk.remove()
})

type Tail<All extends readonly unknown[]> = All extends readonly [unknown, ...infer Rest] ? Rest : never

async function openDesk(...settings: Tail<Parameters<typeof setUpDesk>>): Promise<Desk> {
  const desk = await setUpDesk(world(), ...settings)
  desks.push(desk)
  return desk
}

async function nonceOf(address: string): Promise<number> {
  return Number(await world().rpc('eth_getTransactionCount', [address, 'latest']))
}

const sell = ['trade', '--pair', 'ETH/USDC', '--amount', '1.5'] as const

test('a trade shows its way and what became of it, and ends with 0 when it is filled', async () => {
  const desk = await openDesk()

  const { code, out, err } = await legwork([...sell, '--config', desk.config])

  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toMatch(/^No --id was given: this trade is trade_[0-9a-f]{16}\.$/m)
  expect(out).toMatch(/ uniswap-v\d {2,}preparing\.signing → submitted\.broadcasting {2}0x/)
  expect(out).toMatch(/sell 1\.5 ETH for USDC: filled, \d+\.\d s$/m)
  expect(out).toMatch(/^ {2}total +1\.5 +4\d{3}\.\d+ /m)
})

test('with --json a trade prints its final status alone', async () => {
  const desk = await openDesk()
  const args = [
    ...sell,
    '--side',
    'buy',
    '--id',
    'trade_1',
    '--max-slippage',
    '0.01',
    '--json',
    '--config',
    desk.config,
  ]

  const { code, out } = await legwork(args)

  const status = JSON.parse(out)
  expect(code).toBe(0)
  expect(status).toMatchObject({ tradeId: 'trade_1', side: 'buy', status: 'done', outcome: 'filled', amountOut: '1.5' })
})

test('the same order under the same id is the same trade, and sends nothing', async () => {
  const desk = await openDesk()
  const args = [...sell, '--id', 'trade_1', '--json', '--config', desk.config]
  const first = JSON.parse((await legwork(args)).out)
  const nonce = await nonceOf(first.legs[0].wallet)

  const { code, out } = await legwork(args)

  expect(code).toBe(0)
  expect(JSON.parse(out)).toEqual(first)
  expect(await nonceOf(first.legs[0].wallet)).toBe(nonce)
})

test('a trade takes its own fill policy, and reports what is left and what it came to', async () => {
  const desk = await openDesk({}, { limits: [{ token: 'ETH', amount: '1' }] })
  const config = ['--config', desk.config] as const

  const partial = await legwork([...sell, '--fill-policy', 'reallocate', ...config])
  const refused = await legwork([...sell, '--minimum-fill', '0.9', ...config])
  const unclear = await legwork([...sell, '--minimum-fill', '0.9', '--fill-policy', 'unwind', ...config])

  expect(partial.code).toBe(2)
  expect(partial.out).toMatch(/Not allocated to any venue: 0\.5 ETH\./)
  expect(partial.out).toMatch(/Not filled: 0\.5 ETH\./)
  expect(partial.out).toMatch(/Against the first quotes, net of gas: -\d+\.\d+ USDC\./)
  expect(refused.out).toMatch(/MINIMUM_FILL/)
  expect([refused.code, unclear.code]).toEqual([1, 1])
})

test('a trade of which no leg can begin ends with 1 and says why, for each venue', async () => {
  const desk = await openDesk({ gasLimit: 50_000 })

  const { code, out, err } = await legwork([...sell, '--config', desk.config])

  expect(code).toBe(1)
  expect(out + err).toMatch(/GAS_LIMIT_TOO_LOW/)
  expect(out + err).toMatch(/uniswap-v3: It needs \d+ gas units, and config.gasLimit is 50000/)
})

test('a trade that fails ends with 1 and says why, for each leg', async () => {
  const desk = await openDesk({}, { budgets: { gasPerTrade: '0.0000001' } })

  const { code, out } = await legwork([...sell, '--config', desk.config])

  expect(code).toBe(1)
  expect(out).toMatch(/sell 1\.5 ETH for USDC: failed/)
  expect(out).toMatch(/uniswap-v3 {2}LIMIT_REACHED: /)
})

test('a faulty order is one message without a stack, and the stack comes with --verbose', async () => {
  const desk = await openDesk()
  const args = ['trade', '--pair', 'ETH/GBP', '--amount', '1', '--config', desk.config]

  const [plain, verbose] = [await legwork(args), await legwork([...args, '--verbose'])]

  expect([plain.code, verbose.code]).toEqual([1, 1])
  expect(plain.err).toContain('pair names a token that is not configured.')
  expect(plain.err).not.toContain('    at ')
  expect(verbose.err).toContain('    at ')
})

test('a configuration with an unknown field is refused by name, and one that is not JSON without quoting it', async () => {
  const desk = await openDesk()
  await writeFile(desk.config, JSON.stringify({ ...desk.options, slippage: 1 }))
  const unknown = await legwork(['resume', '--config', desk.config])
  await writeFile(desk.config, '{ "rpcUrls": "https://secret" ')

  const broken = await legwork(['resume', '--config', desk.config])
  const missing = await legwork(['resume', '--config', `${desk.config}.none`])

  expect([unknown.code, broken.code, missing.code]).toEqual([1, 1, 1])
  expect(unknown.err).toContain('slippage: is not a known field')
  expect(broken.err).toMatch(/^The configuration file is not JSON\.\n {2}file: /)
  expect(broken.err).not.toContain('secret')
  expect(missing.err).toContain('there is no such file')
})

test('resume waits for every unfinished trade and sends nothing twice', async () => {
  const desk = await openDesk()
  await leaveUnfinished(desk, { tradeId: 'trade_1', pair: 'ETH/USDC', amount: '1' })

  const { code, out } = await legwork(['resume', '--config', desk.config])

  expect(code).toBe(0)
  expect(out).toMatch(/trade {2,}resumes at /)
  expect(out).toMatch(/^trade_1 {2}sell 1 ETH for USDC: filled/m)
  const { out: json } = await legwork(['status', 'trade_1', '--json', '--data-dir', desk.dataDir])
  const { legs } = JSON.parse(json)
  expect(await nonceOf(legs[0].wallet)).toBe(legs.length)
})

test('resume says so where there is nothing to do', async () => {
  const desk = await openDesk()

  const [plain, json] = [
    await legwork(['resume', '--config', desk.config]),
    await legwork(['resume', '--json', '--config', desk.config]),
  ]

  expect(plain).toEqual({ code: 0, out: 'There are no unfinished trades.\n', err: '' })
  expect(json.out).toBe('[]\n')
})

test('a stop in the middle leaves the trade to resume', async () => {
  const desk = await openDesk()
  const stopping = new AbortController()
  const stopOnceSent = (text: string): void => {
    if (text.includes('submitted.pending')) stopping.abort()
  }

  const stopped = await legwork([...sell, '--id', 'trade_1', '--config', desk.config], {
    signal: stopping.signal,
    onOut: stopOnceSent,
  })

  expect(stopped.code).toBe(130)
  expect(stopped.err).toBe('Stopped. What has not ended goes on with: legwork resume\n')
  const resumed = await legwork(['resume', '--json', '--config', desk.config])
  expect(JSON.parse(resumed.out)).toMatchObject([{ tradeId: 'trade_1', outcome: 'filled' }])
})

test('status shows a trade that has not ended, as it is on disk, and touches nothing', async () => {
  const desk = await openDesk()
  await leaveUnfinished(desk, { tradeId: 'trade_1', pair: 'ETH/USDC', amount: '1' })

  const [json, again, text, list] = [
    await legwork(['status', 'trade_1', '--json', '--data-dir', desk.dataDir]),
    await legwork(['status', 'trade_1', '--json', '--data-dir', desk.dataDir]),
    await legwork(['status', 'trade_1', '--data-dir', desk.dataDir]),
    await legwork(['status', '--data-dir', desk.dataDir]),
  ]

  const status = JSON.parse(json.out)
  expect(status).toMatchObject({ tradeId: 'trade_1', outcome: null, amount: '1', endedAtMs: null })
  expect(status.status).toMatch(/^(submitted|confirming)$/)
  expect(status.legs.length).toBeGreaterThan(0)
  for (const leg of status.legs)
    expect(leg).toMatchObject({ status: expect.stringMatching(/^(submitted|confirming)$/) })
  expect(again.out).toBe(json.out)
  expect(text.out).toContain(`trade_1  sell 1 ETH for USDC: ${status.state}\n`)
  expect(list.out).toMatch(/^ {2}trade_1 +(submitted|confirming)/m)
})

test('history, metrics and clear work on what has ended', async () => {
  const desk = await openDesk()
  await legwork([...sell, '--id', 'trade_1', '--config', desk.config])
  const at = ['--data-dir', desk.dataDir]

  const history = await legwork(['history', 'trade_1', ...at])
  const entries = JSON.parse((await legwork(['history', 'trade_1', '--json', ...at])).out)
  const metrics = await legwork(['metrics', ...at])
  const list = await legwork(['status', ...at])
  const cleared = await legwork(['clear', ...at])
  const [empty, unknown, kept] = [
    await legwork(['status', ...at]),
    await legwork(['history', 'trade_1', ...at]),
    await legwork(['metrics', ...at]),
  ]

  expect(history.out).toMatch(/^ {2}\d{4}-\d\d-\d\dT\S+Z {2}trade +preparing\.allocating/m)
  expect(history.out).toMatch(/confirming +done +leg\.confirmed +0x/)
  expect(entries[0]).toMatchObject({ from: null, to: 'preparing.allocating' })
  expect(metrics.out).toMatch(/^ {2}uniswap-v3 +ETH\/USDC +1 +1 +0 +100\.0 /m)
  expect(list.out).toMatch(/^ {2}trade_1 +done +sell 1\.5 ETH\/USDC +1\.5 ETH +4\d{3}\.\d+ USDC/m)
  expect(cleared).toEqual({ code: 0, out: 'Forgot 1 ended trade. The totals stay.\n', err: '' })
  expect(empty.out).toBe('There are no trades.\n')
  expect(unknown).toEqual({ code: 1, out: '', err: 'No trade has this id.\n  tradeId: trade_1\n' })
  expect(kept.out).toBe(metrics.out)
})

test('a store that another has open is left alone, with a clear word', async () => {
  const desk = await openDesk()
  const execution = await ExecutionManager.open(desk.options)

  const { code, err } = await legwork(['status', '--data-dir', desk.dataDir])

  await execution.close()
  expect(code).toBe(1)
  expect(err).toMatch(/^Another process has this data directory open\.\n {2}dataDir: /)
})

test('a misspelt folder is an error and is not made', async () => {
  const desk = await openDesk()
  const nowhere = `${desk.dataDir}-misspelt`

  const { code, err } = await legwork(['status', '--data-dir', nowhere])

  expect({ code, err }).toEqual({ code: 1, err: `There is no store here.\n  dataDir: ${nowhere}\n` })
  expect(existsSync(nowhere)).toBe(false)
})

test('a command line that is not understood ends with 1, and help with 0', async () => {
  const [wrongSide, noPair, unknown, help, version] = [
    await legwork([...sell, '--side', 'hold']),
    await legwork(['trade', '--amount', '1']),
    await legwork(['dance']),
    await legwork(['--help']),
    await legwork(['--version']),
  ]

  expect([wrongSide.code, noPair.code, unknown.code, help.code, version.code]).toEqual([1, 1, 1, 0, 0])
  expect(wrongSide.err).toContain("'hold' is invalid")
  expect(noPair.err).toContain("required option '--pair <pair>' not specified")
  expect(help.out).toContain('Usage: legwork')
  expect(version.out).toMatch(/^\d+\.\d+\.\d+\n$/)
})
