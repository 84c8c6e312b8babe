import { type Account, devAccounts } from './accounts.ts'
import { type Anvil, startAnvil } from './anvil.ts'
import { type Blueprint, readBlueprint } from './blueprint.ts'
import type { Rpc } from './rpc.ts'

/** How the node of a world behaves. */
export interface WorldOptions {
  /** `manual` without it: a block comes when `mine` is called. `auto` makes one per transaction. */
  readonly mining?: 'interval' | 'manual' | 'auto'
  /** Seconds between blocks, where mining is `interval`; a fraction will do. 1 without it. Asks for `interval` by itself. */
  readonly blockTimeS?: number
  /** A free port without it. */
  readonly port?: number
  /** How many accounts have 10 000 ETH; 10 without it. The first four have tokens too: a million of each, 99 000 TAX. */
  readonly accounts?: number
  /** Of a block, in gas units; 30 million without it. */
  readonly gasLimit?: number
  /** Of the first block, in wei per gas unit; 1 gwei without it. Empty blocks bring it down. */
  readonly baseFee?: number
  /** The newest hard fork without it; `berlin` is the last one without a base fee. */
  readonly hardfork?: 'berlin'
}

/** A real node with real exchanges. Addresses are in lower case. */
export interface World extends Anvil, Pick<Blueprint, 'tokens' | 'venues' | 'moreVenues' | 'contracts'> {
  readonly chainId: number
  readonly accounts: readonly Account[]
  /** Mines `blocks` (1 without it); what is pending goes into the first. */
  mine(blocks?: number): Promise<void>
  /** Remembers the chain as it is; good for one `revert`. */
  snapshot(): Promise<string>
  /** Puts the chain back to a snapshot, with nothing pending. @throws Error where there is no such snapshot (any more). */
  revert(snapshot: string): Promise<void>
}

const chainId = 31_337

/**
 * Starts a node with WETH, USDC and USDT (6 decimals), DAI and TAX, traded at Uniswap V2, Sushi V2 and Uniswap V3; `moreVenues`
 * has Uniswap V4, PancakeSwap V3, Algebra and Balancer V2. USDT has to have an allowance taken back before it gives another, and
 * TAX burns a hundredth of every transfer. The first call after a change builds this world; later ones load it.
 *
 * @throws Error where the node does not start.
 *
 * @example
 * const world = await startWorld({ blockTimeS: 1 })
 * const config = { rpcUrls: [world.url], tokens: world.tokens, venues: world.venues }
 * await world.stop()
 */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const { genesisFile, tokens, venues, moreVenues, contracts } = await readBlueprint()
  const { port, accounts = 10 } = options
  const args = ['--init', genesisFile, '--accounts', String(accounts), ...behaviour(options)]
  const anvil = await startAnvil({ args, ...(port === undefined ? {} : { port }) })
  const { rpc } = anvil

  return {
    ...anvil,
    chainId,
    tokens,
    venues,
    moreVenues,
    contracts,
    accounts: devAccounts(accounts),
    async mine(blocks = 1) {
      await rpc('anvil_mine', [blocks])
    },
    ...snapshots(rpc, options.hardfork !== 'berlin'),
  }
}

/** Snapshots that put back all of the node: its own cover the chain, but neither the pool nor the next base fee. */
function snapshots(rpc: Rpc, hasBaseFee: boolean): Pick<World, 'snapshot' | 'revert'> {
  const nextBaseFees = new Map<string, string | undefined>()
  return {
    async snapshot() {
      const { baseFeePerGas } = (await rpc('eth_feeHistory', [1, 'latest', []])) as { baseFeePerGas: string[] }
      const snapshot = (await rpc('evm_snapshot')) as string
      nextBaseFees.set(snapshot, baseFeePerGas.at(-1))
      return snapshot
    },
    async revert(snapshot) {
      await rpc('anvil_dropAllTransactions')
      if ((await rpc('evm_revert', [snapshot])) !== true) throw new Error(`There is no snapshot ${snapshot}.`)
      if (hasBaseFee) await rpc('anvil_setNextBlockBaseFeePerGas', [nextBaseFees.get(snapshot)])
      nextBaseFees.delete(snapshot)
      // The node turns its clock back too, and the chain would stay behind by the time since the snapshot.
      await rpc('anvil_setTime', [secondsNow()])
    },
  }
}

function behaviour({ mining, blockTimeS, gasLimit, baseFee, hardfork }: WorldOptions): string[] {
  const mode = mining ?? (blockTimeS === undefined ? 'manual' : 'interval')
  const args = ['--chain-id', String(chainId), '--timestamp', String(secondsNow())]
  if (mode === 'manual') args.push('--no-mining')
  if (mode === 'interval') args.push('--block-time', String(blockTimeS ?? 1))
  if (gasLimit !== undefined) args.push('--gas-limit', String(gasLimit))
  if (baseFee !== undefined) args.push('--base-fee', String(baseFee))
  if (hardfork !== undefined) args.push('--hardfork', hardfork)
  return args
}

function secondsNow(): number {
  return Math.floor(Date.now() / 1000)
}
