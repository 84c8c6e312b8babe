import type { Settings } from '../config.ts'
import type { Json } from '../domain/json.ts'
import type { Ports } from './ports.ts'

/** What is in force, for the memory bank: no key, no URL with what may be secret in it. */
export function describeSettings(
  { execution, paper, venues, limits, budgets }: Settings,
  { chain: { chainId }, distribution, signer }: Pick<Ports, 'chain' | 'distribution' | 'signer'>,
): Json {
  return {
    execution: { ...execution } as unknown as Json,
    limits: limits as unknown as Json,
    budgets: budgets as unknown as Json,
    chainId,
    paper: paper !== null,
    venues: venues.map((venue) => ({ ...venue }) as unknown as Json),
    wallets: signer.wallets,
    distribution: distribution.describe?.() ?? null,
  }
}
