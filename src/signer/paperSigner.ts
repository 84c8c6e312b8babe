import { readFile } from 'node:fs/promises'
import { isKeystoreJson, keccak256, toUtf8Bytes } from 'ethers'
import { SigningError, WalletError } from '../domain/errors.ts'
import { type Hex, lowerHex } from '../domain/hex.ts'
import { encodePaper } from '../domain/paper.ts'
import { allowOnly } from './allowList.ts'
import { readFields } from './encodeTransaction.ts'
import type { AllowList } from './messages.ts'
import type { Signer } from './signer.ts'

/** A wallet without its key: its address, or a keystore file, of which only the address is read. */
export type PaperWallet = { readonly address: Hex; readonly keystore?: undefined } | { readonly keystore: string }

const addressDigits = /^(0x)?[0-9a-fA-F]{40}$/

/**
 * The addresses of wallets, in their order. No key is loaded, and no password is asked for.
 *
 * @throws WalletError for a file that is no keystore or does not say its address, and for a wallet that is there twice.
 *
 * @example
 * await paperAddresses([{ keystore: './wallet.json' }]) // ['0xf39f…']
 */
export async function paperAddresses(wallets: readonly PaperWallet[]): Promise<Hex[]> {
  const addresses: Hex[] = []
  for (const [index, wallet] of wallets.entries()) {
    const field = `wallets[${index}]`
    const { keystore } = wallet
    const address = keystore === undefined ? lowerHex(wallet.address) : await addressIn(keystore, field)
    if (addresses.includes(address))
      throw new WalletError(`${field} is a wallet that is listed before it.`, { address })
    addresses.push(address)
  }
  return addresses
}

async function addressIn(keystore: string, field: string): Promise<Hex> {
  const json = await readFile(keystore, 'utf8').catch(() => {
    throw new WalletError(`${field}.keystore: the file cannot be read.`)
  })
  const address = isKeystoreJson(json) ? (JSON.parse(json) as { address?: unknown }).address : undefined
  if (typeof address === 'string' && addressDigits.test(address)) return lowerHex(`0x${address.replace(/^0x/, '')}`)
  throw new WalletError(`${field}.keystore: the file does not say its address. In paper mode { address } does as well.`)
}

/**
 * A signer that signs nothing: what it gives in place of a signed transaction is understood by paper mode alone. It refuses what
 * the real one refuses.
 *
 * @example
 * const signer = openPaperSigner({ wallets: ['0xf39f…'], chainId: 1, allow })
 */
export function openPaperSigner({
  wallets,
  chainId,
  allow,
}: {
  readonly wallets: readonly Hex[]
  readonly chainId: number
  readonly allow: AllowList
}): Signer {
  const guard = allowOnly(allow, chainId)
  return {
    wallets,
    backend: 'paper',
    async sign(wallet, transaction) {
      if (!wallets.includes(wallet)) throw new SigningError('No such wallet is configured.', { wallet })
      guard(wallet, readFields(transaction))
      const unsigned = encodePaper({ hash: '0x', wallet, transaction })
      const hash = lowerHex(keccak256(toUtf8Bytes(unsigned)))
      return { hash, raw: encodePaper({ hash, wallet, transaction }) }
    },
    close: () => Promise.resolve(),
  }
}
