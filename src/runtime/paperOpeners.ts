import type { Settings } from '../config.ts'
import { StoreError } from '../domain/errors.ts'
import { openPaperSigner, paperAddresses } from '../signer/paperSigner.ts'
import type { Store } from '../store/store.ts'
import type { Openers } from './openExecution.ts'
import { openPaperChain } from './paperChain.ts'

const markKey = 'paper'
/** Every store that was opened for trading once is bound to its chain. */
const boundKey = 'chain'

/**
 * How the parts are opened for these settings. In paper mode the signer and whatever sends are never opened: in their place are
 * ones that keep to themselves. All else, charts and effects included, is the same.
 *
 * @example
 * await openExecution(settings, openersFor(settings, realOpeners), listeners)
 */
export function openersFor({ paper, tokens }: Settings, openers: Openers): Openers {
  if (paper === null)
    return { ...openers, openStore: async (dataDir) => checked(await openers.openStore(dataDir), dataDir, false) }
  // The store comes first, then the chain, then the signer.
  let opened: Store | undefined
  const addresses = paperAddresses(paper.wallets)
  // Whoever opens the chain is told; until then nobody listens.
  addresses.catch(() => {})
  return {
    ...openers,
    async openStore(dataDir) {
      opened = await checked(await openers.openStore(dataDir), dataDir, true)
      return opened
    },
    async openChain(settings, options) {
      if (opened === undefined) throw new TypeError('The store of paper mode is not open.')
      const wallets = await addresses
      const chain = await openers.openChain(settings, options)
      try {
        return await openPaperChain({ chain, store: opened, wallets, tokens, onTrouble: options.onTrouble })
      } catch (error) {
        await chain.close()
        throw error
      }
    },
    openSigner: async ({ chain: { chainId } }, allow) => openPaperSigner({ wallets: await addresses, chainId, allow }),
  }
}

/** Sees that a store is used for one of the two alone, for good. */
async function checked(store: Store, dataDir: string, isPaper: boolean): Promise<Store> {
  try {
    const isMarked = store.get('meta', markKey) !== undefined
    const isUsed = store.get('meta', boundKey) !== undefined
    if (isMarked && !isPaper) throw refusal('The store is one of paper mode: its trades never happened.', dataDir)
    if (isPaper && !isMarked && isUsed) throw refusal('The store is one of real trading.', dataDir)
    // Before anything else is in it.
    if (isPaper && !isMarked) await store.commit([{ space: 'meta', key: markKey, value: true }])
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}

function refusal(summary: string, dataDir: string): StoreError {
  return new StoreError(`${summary} Use another dataDir.`, { field: 'dataDir', dataDir })
}
