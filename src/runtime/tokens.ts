import type { Chain } from '../chain/chain.ts'
import { decimalsRead } from '../dex/erc20.ts'
import { NotAContractError } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import type { Token } from '../domain/token.ts'
import type { MemoryBank } from '../store/memoryBank.ts'

/** The configured tokens by symbol. */
export type TokenTable = ReadonlyMap<string, Token>

interface TokenSetting {
  readonly symbol: string
  readonly address: Hex | 'native'
}

const namespace = 'tokens'
const nativeDecimals = 18
const decimalsMax = 77n

/**
 * Reads the decimals of every token, from the memory bank where it has them, in one round trip where it has not.
 *
 * @throws NotAContractError naming the field where an address is no ERC-20.
 */
export async function readTokens(
  settings: readonly TokenSetting[],
  chain: Chain,
  bank: Pick<MemoryBank, 'get' | 'set'>,
): Promise<TokenTable> {
  const keyOf = (address: Hex): string => `${chain.chainId} ${address}`
  const missing = settings.flatMap(({ symbol, address }) =>
    address !== 'native' && bank.get(namespace, keyOf(address)) === undefined ? [{ symbol, address }] : [],
  )
  const replies = await chain.read(missing.map(({ address }) => decimalsRead(address)))
  for (const [index, { symbol, address }] of missing.entries()) {
    const reply = replies[index]
    const decimals = reply?.ok && reply.value.length === 66 ? BigInt(reply.value) : null
    if (decimals === null || decimals > decimalsMax) {
      throw new NotAContractError('A configured token is no ERC-20 contract.', { field: `tokens.${symbol}`, address })
    }
    bank.set(namespace, keyOf(address), Number(decimals))
  }
  return new Map(
    settings.map(({ symbol, address }) => {
      const decimals = address === 'native' ? nativeDecimals : Number(bank.get(namespace, keyOf(address)))
      return [symbol, { symbol, address, decimals }]
    }),
  )
}
