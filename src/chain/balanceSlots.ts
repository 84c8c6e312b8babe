import { keccak256 } from 'ethers'
import type { Hex } from '../domain/hex.ts'
import { addressWord, readWord, uintWord } from '../domain/words.ts'
import type { Chain, StateOverrides } from './chain.ts'

/** The slot of a token's storage that has a wallet's balance, and nothing else of account. */
export type BalanceSlot = (wallet: Hex) => Hex

/** How many variables deep a token's balances are looked for: behind a proxy's own and a base's reserve there are some fifty. */
const indexMax = 64
/** Where OpenZeppelin 5 has them behind a proxy (ERC-7201). */
const namespaced = BigInt('0x52c63247e1f47db19d5ce0460030c497f067ca4cebf71ba98eeadabe20bace00')
/** What Solady hashes a wallet with. */
const soladySeed = '000000000000000087a211a2'

const indices = [...Array.from({ length: indexMax }, (_, index) => BigInt(index)), namespaced]

/** Solidity hashes the key before the variable's own slot, Vyper behind it. */
const layouts: readonly BalanceSlot[] = [
  ...indices.map((index) => (wallet: Hex) => slotOf(addressWord(wallet) + uintWord(index))),
  ...indices.map((index) => (wallet: Hex) => slotOf(uintWord(index) + addressWord(wallet))),
  (wallet) => slotOf(wallet.slice(2) + soladySeed),
]

function slotOf(words: string): Hex {
  return keccak256(`0x${words}`) as Hex
}

/** Tokens in one simulation: each takes some 20 kB of it. */
const tokensMax = 16
/** No balance is likely to be one of these, and the narrowest counters hold them. */
const firstMark = 0x7061_7065_7200n
// balanceOf(address)
const balanceOf = '70a08231'

/**
 * Finds where tokens keep balances: writes another number into each slot in question, in a simulation, and looks which of them
 * comes back as a balance.
 *
 * @returns Without those that keep them in another way, as tokens do whose balances grow by themselves.
 *
 * @example
 * (await findBalanceSlots(chain, ['0xc02a…'])).get('0xc02a…')?.('0xf39f…') // '0x1b2c…'
 */
export async function findBalanceSlots(
  chain: Pick<Chain, 'simulate'>,
  tokens: readonly Hex[],
): Promise<ReadonlyMap<Hex, BalanceSlot>> {
  const found = new Map<Hex, BalanceSlot>()
  const slots = layouts.map((layout, index) => [layout(asker), `0x${uintWord(firstMark + BigInt(index))}`] as const)
  for (let start = 0; start < tokens.length; start += tokensMax) {
    const asked = tokens.slice(start, start + tokensMax)
    const overrides: StateOverrides = Object.fromEntries(
      asked.map((token) => [token, { slots: Object.fromEntries(slots) }]),
    )
    const data = `0x${balanceOf}${addressWord(asker)}` as const
    const calls = asked.map((to) => ({ from: asker, to, data, value: '0' as const }))
    const replies = await chain.simulate(calls, undefined, overrides)
    asked.forEach((token, index) => {
      const reply = replies[index]
      const mark = reply?.ok ? readWord(reply.value, 0) : undefined
      const layout = mark === undefined ? undefined : layouts[Number(mark - firstMark)]
      if (layout !== undefined) found.set(token, layout)
    })
  }
  return found
}

/** Anybody will do: where a balance lies is computed from its owner's address. */
const asker: Hex = '0x70617065722d6d6f64652d62616c616e63652d3f'
