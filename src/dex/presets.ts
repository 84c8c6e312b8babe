import { InvalidConfigError } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import type { VenueConfig } from './openDex.ts'
import { presetVenues } from './presetVenues.ts'

/** A venue as a configuration has it, the caller's own to change. */
export type VenuePreset = Own<VenueConfig>

type Own<T> = T extends object ? { -readonly [Key in keyof T]: Own<T[Key]> } : T

/**
 * The venues of a main network with their real addresses, ready for `venues` of the configuration.
 *
 * @param balancerPools - Ids of the Balancer V2 pools to trade in, 32 bytes each. Without any, Balancer is left out: nothing on
 * the chain lists the pools of a pair.
 * @throws {@link InvalidConfigError} if the chain has no presets; the message lists those that have.
 *
 * @example
 * venuePresets(1).map(({ id }) => id) // ['uniswap-v2', 'uniswap-v3', 'uniswap-v4', 'sushi-v2', 'pancake-v2', 'pancake-v3']
 */
export function venuePresets(
  chainId: number,
  { balancerPools = [] }: { balancerPools?: readonly Hex[] } = {},
): VenuePreset[] {
  const presets = presetVenues[chainId]
  if (presets === undefined) {
    const known = Object.keys(presetVenues).join(', ')
    throw new InvalidConfigError('There are no presets for this chain.', { chainId, 'chains with presets': known })
  }
  // Copies: what one caller changes must not reach the next.
  return structuredClone(presets).flatMap((venue): VenuePreset[] => {
    if (venue.kind !== 'balancerV2') return [venue as VenuePreset]
    return balancerPools.length === 0 ? [] : [{ ...venue, pools: [...balancerPools] }]
  })
}
