import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ExecutionManager, type Halt } from '../../src/index.ts'
import { useWorld } from '../support/anvil.ts'
import { type Desk, leaveUnfinished, setUpDesk } from './desk.ts'
import { legwork } from './sink.ts'

const world = useWorld({ blockTimeS: 0.25 })
const desks: Desk[] = []
const order = { tradeId: 'trade_1', pair: 'ETH/USDC', amount: '1', quotes: { 'uniswap-v2': '3000' } }
const trade = ['trade', '--pair', 'ETH/USDC', '--amount', '1'] as const

afterEach(async () => {
  for (const desk of desks.splice(0)) await desk.remove()
})

async function openDesk(config?: Parameters<typeof setUpDesk>[1]): Promise<Desk> {
  const desk = await setUpDesk(world(), config)
  desks.push(desk)
  return desk
}

test('a store that is halted only ends its trades, takes no orders, and says so, until it is released', async () => {
  const desk = await openDesk({ confirmationBlocks: 4 })
  const at = ['--data-dir', desk.dataDir]
  await leaveUnfinished(desk, order)

  const halted = await legwork(['halt', ...at, '--reason', 'the oracle is wrong'])
  const again = await legwork(['halt', ...at, '--reason', 'another'])
  const listed = await legwork(['status', ...at])
  const resumed = await legwork(['resume', '--json', '--config', desk.config])
  const refused = await legwork([...trade, '--config', desk.config])
  const released = await legwork(['release', ...at])
  const twice = await legwork(['release', ...at])
  const taken = await legwork([...trade, '--json', '--config', desk.config])

  const line = /Halted since \d{4}-\S+Z: the oracle is wrong\.\n/
  expect([halted.code, halted.out]).toEqual([0, expect.stringMatching(line)])
  expect([again.out, listed.out].every((text) => line.test(text))).toBe(true)
  const [ended] = JSON.parse(resumed.out)
  expect(ended.endedAtMs).not.toBeNull()
  expect(refused.code).toBe(1)
  expect(refused.err).toMatch(/^Trading is halted.*\n {2}since: .*\n {2}reason: the oracle is wrong\n$/)
  expect(released).toEqual({ code: 0, out: 'Released: orders are taken again.\n', err: '' })
  expect(twice).toEqual({ code: 0, out: 'It was not halted.\n', err: '' })
  expect(existsSync(join(desk.dataDir, 'HALT'))).toBe(false)
  expect(JSON.parse(taken.out).status).toBe('done')
})

test('a running process is halted from outside, and released by itself alone', async () => {
  const desk = await openDesk()
  const at = ['--data-dir', desk.dataDir]
  const execution = await ExecutionManager.open(desk.options)
  const heard = new Promise<Halt | null>((resolve) => execution.once('halted', resolve))

  const halted = await legwork(['halt', ...at, '--reason', 'from outside'])
  const halt = await heard
  const released = await legwork(['release', ...at])
  const stillHalted = execution.halted
  await execution.close()
  const later = await legwork(['release', ...at])

  expect(halted.code).toBe(0)
  expect(halted.out).toMatch(/^A process has this store open: it halts at the next block/)
  expect(halt?.reason).toBe('from outside')
  expect(released).toMatchObject({ code: 1, out: '' })
  expect(released.err).toMatch(
    /^Another process has this data directory open\.\n(.*\n)+Nothing was changed: .*own release\(\)/,
  )
  expect(stillHalted).toEqual(halt)
  expect(later.out).toBe('Released: orders are taken again.\n')
})

test('neither command makes a folder or a file where there is no store', async () => {
  const desk = await openDesk()
  const nowhere = `${desk.dataDir}-misspelt`

  const [halted, released] = [
    await legwork(['halt', '--data-dir', nowhere]),
    await legwork(['release', '--data-dir', nowhere]),
  ]

  const missing = { code: 1, out: '', err: `There is no store here.\n  dataDir: ${nowhere}\n` }
  expect([halted, released]).toEqual([missing, missing])
  expect(existsSync(nowhere)).toBe(false)
})
