import { HDNodeWallet, Mnemonic } from 'ethers'
import { type Hex, lowerHex } from '../../src/domain/hex.ts'

/** An account that every development node knows. Its key is public. */
export interface Account {
  readonly address: Hex
  readonly privateKey: Hex
}

const mnemonic = 'test test test test test test test test test test test junk'

/**
 * The first `count` development accounts.
 *
 * @example
 * devAccounts(1)[0]?.address // '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266'
 */
export function devAccounts(count: number): Account[] {
  const parent = HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(mnemonic), "m/44'/60'/0'/0")
  return Array.from({ length: count }, (_, index) => {
    const { address, privateKey } = parent.deriveChild(index)
    return { address: lowerHex(address), privateKey: lowerHex(privateKey) }
  })
}
