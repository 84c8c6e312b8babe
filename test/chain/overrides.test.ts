import { describe, expect, test } from 'vitest'
import { findBalanceSlots } from '../../src/chain/balanceSlots.ts'
import type { Hex } from '../../src/domain/hex.ts'
import { addressWord, readWord, uintWord } from '../../src/domain/words.ts'
import { useWorld } from '../support/anvil.ts'
import { chainOver, type Instead, lacking, passing } from './realNode.ts'
import { useServers } from './rpcServer.ts'

const start = useServers()
const world = useWorld({ mining: 'manual' })
/** Owns nothing on chain. */
const pauper: Hex = `0x${'9a'.repeat(20)}`
const friend: Hex = `0x${'f1'.repeat(20)}`

async function open(instead?: Instead) {
  const server = await start(passing(world().url, instead))
  return chainOver([server.url]).chain
}

function balanceOf(token: Hex, wallet: Hex) {
  return { from: wallet, to: token, data: `0x70a08231${addressWord(wallet)}`, value: '0' } as const
}

function transfer(token: Hex, to: Hex, amount: bigint) {
  return { from: pauper, to: token, data: `0xa9059cbb${addressWord(to)}${uintWord(amount)}`, value: '0' } as const
}

describe.each([
  ['eth_simulateV1', undefined],
  ['an executor', lacking('eth_simulateV1')],
] as const)('what is overridden in a simulation by %s', (_, instead) => {
  test('is what its calls find: coins and storage', async () => {
    const chain = await open(instead)
    const { USDC } = world().tokens
    const slot = (await findBalanceSlots(await open(), [USDC])).get(USDC)?.(pauper) ?? '0x'
    const overrides = {
      [pauper]: { balance: '1000' as const },
      [USDC]: { slots: { [slot]: `0x${uintWord(77n)}` as const } },
    }

    const replies = await chain.simulate(
      [{ from: pauper, to: friend, data: '0x', value: '1000' }, transfer(USDC, friend, 70n), balanceOf(USDC, pauper)],
      undefined,
      overrides,
    )

    expect(replies.map(({ ok }) => ok)).toEqual([true, true, true])
    expect(replies[2]?.ok === true && readWord(replies[2].value, 0)).toBe(7n)
  })
})

test('a balance is found wherever a token keeps it, and where it is more than a number, no place is named', async () => {
  const chain = await open()
  const { WETH, USDC, DAI, TAX, USDT } = world().tokens

  const slots = await findBalanceSlots(chain, [WETH, USDC, DAI, TAX, USDT])

  // USDT is a token here that keeps the history of each balance.
  expect([...slots.keys()]).toEqual([WETH, USDC, DAI, TAX])
  for (const [token, slotOf] of slots) {
    const overrides = { [token]: { slots: { [slotOf(pauper)]: `0x${uintWord(5n)}` as const } } }
    const [reply] = await chain.simulate([balanceOf(token, pauper)], undefined, overrides)
    expect(reply?.ok === true && readWord(reply.value, 0)).toBe(5n)
  }
})
