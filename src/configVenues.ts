import * as z from 'zod'
import { address, text, whole } from './configFields.ts'
import { lowerHex } from './domain/hex.ts'

const id = text('1 to 64 letters, digits, dots, dashes or underscores', /^[\w.-]{1,64}$/)

const feePpm = whole(0, 999_999, 'a fee in hundredths of a basis point')

// Each pool is one more quote to read, for every size that a split looks at.
const poolsMax = 16

const poolId = text('the id of a pool: 0x and 64 hexadecimal digits', /^0x[0-9a-fA-F]{64}$/).transform(lowerHex)

const uniswapV2 = z.strictObject({
  id,
  kind: z.literal('uniswapV2'),
  router: address,
  /** Where the router does not name it as Uniswap's does. */
  wrappedNative: address.exactOptional(),
  /** What the pools keep of the input, in hundredths of a basis point. Default: 3000. */
  feePpm: feePpm.exactOptional(),
})

const uniswapV3 = z.strictObject({
  id,
  kind: z.literal('uniswapV3'),
  router: address,
  quoter: address,
  /** Hundredths of a basis point. */
  feeTiers: z
    .array(whole(1, 999_999, 'a fee in hundredths of a basis point'))
    .min(1, 'must have at least one tier')
    .max(poolsMax, `must have at most ${poolsMax} tiers`)
    .default([100, 500, 3000, 10_000]),
})

const algebra = z.strictObject({ id, kind: z.literal('algebra'), router: address, quoter: address })

const balancerV2 = z.strictObject({
  id,
  kind: z.literal('balancerV2'),
  vault: address,
  /** Nothing on the chain lists a pair's pools. */
  pools: z
    .array(poolId)
    .min(1, 'must have at least one pool')
    // A venue is for all pairs, and only a pair's own pools are quoted.
    .max(256, 'must have at most 256 pools'),
})

const uniswapV4 = z.strictObject({
  id,
  kind: z.literal('uniswapV4'),
  router: address,
  quoter: address,
  stateView: address,
  /** Where it is not at the address that it has on nearly every chain. */
  permit2: address.exactOptional(),
  /** Pools without hooks, by fee and tick spacing. */
  pools: z
    .array(
      z.strictObject({
        feePpm,
        /** The pool manager takes no other. */
        tickSpacing: whole(1, 32_767, 'a tick spacing'),
      }),
    )
    .min(1, 'must have at least one pool')
    .max(poolsMax, `must have at most ${poolsMax} pools`)
    .default([
      { feePpm: 100, tickSpacing: 1 },
      { feePpm: 500, tickSpacing: 10 },
      { feePpm: 3000, tickSpacing: 60 },
      { feePpm: 10_000, tickSpacing: 200 },
    ]),
})

/** One of `venues`. */
export const venueSchema = z.discriminatedUnion('kind', [uniswapV2, uniswapV3, algebra, balancerV2, uniswapV4])
