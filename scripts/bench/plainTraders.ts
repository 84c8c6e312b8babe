import { JsonRpcProvider, NonceManager, Wallet } from 'ethers'
import { createPublicClient, createWalletClient, http } from 'viem'
import { nonceManager, privateKeyToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import type { Hex } from '../../src/domain/hex.ts'
import { swapMessage, type Trading } from './market.ts'
import type { Trader } from './trader.ts'

// What one would write without Legwork. Nothing is stored. Fees are left to the library, as usual; the message is built
// once, the chain is known beforehand and the receipt is looked for as often as by Legwork: all in their favour.

/** How ethers talks to its node: as it comes, in batches after 10 ms, or each call at once. */
export type EthersStyle = 'ethers' | 'ethers unbatched'

/** A plain `Wallet` in a `NonceManager`: `sendTransaction`, then `wait(1)`. */
export async function ethersTrader(trading: Trading, style: EthersStyle): Promise<Trader> {
  const { market, privateKey, pollIntervalMs, gasLimit } = trading
  const batching = style === 'ethers' ? {} : { batchMaxCount: 1 }
  const provider = new JsonRpcProvider(market.url, market.chainId, { staticNetwork: true, ...batching })
  provider.pollingInterval = pollIntervalMs
  const wallet = new NonceManager(new Wallet(privateKey, provider))
  const { to, data, value } = swapMessage(trading)
  const request = { to, data, value: BigInt(value), ...(gasLimit !== undefined && { gasLimit }) }
  return {
    name: style,
    async trade() {
      const sent = await wallet.sendTransaction(request)
      const receipt = await sent.wait(1)
      if (receipt?.status !== 1) throw new Error('A swap was not filled.')
      return sent.hash as Hex
    },
    async send() {
      const { hash } = await wallet.sendTransaction(request)
      return hash as Hex
    },
    close: async () => provider.destroy(),
  }
}

/** viem's wallet client with its nonce manager: `sendTransaction`, then `waitForTransactionReceipt`. */
export async function viemTrader(trading: Trading): Promise<Trader> {
  const { market, privateKey, pollIntervalMs, gasLimit } = trading
  const account = privateKeyToAccount(privateKey, { nonceManager })
  nonceManager.reset({ address: account.address, chainId: market.chainId })
  const common = {
    chain: { ...foundry, id: market.chainId },
    pollingInterval: pollIntervalMs,
    transport: http(market.url),
  }
  const wallet = createWalletClient({ ...common, account })
  const reader = createPublicClient(common)
  const { to, data, value } = swapMessage(trading)
  const request = { to, data, value: BigInt(value), ...(gasLimit !== undefined && { gas: BigInt(gasLimit) }) }
  return {
    name: 'viem',
    async trade() {
      const hash = await wallet.sendTransaction(request)
      const receipt = await reader.waitForTransactionReceipt({ hash, confirmations: 1 })
      if (receipt.status !== 'success') throw new Error('A swap was not filled.')
      return hash
    },
    send: () => wallet.sendTransaction(request),
    close: async () => {},
  }
}
