import type { World } from '../../scripts/world/world.ts'
import type { OpenOptions } from '../../src/index.ts'

/** The venues of a test world as a configuration has them. */
export function venuesOf(world: Pick<World, 'venues'>): OpenOptions['venues'] {
  return world.venues.map((venue) =>
    venue.kind === 'uniswapV3' ? { id: venue.id, kind: venue.kind, router: venue.router, quoter: venue.quoter } : venue,
  )
}

/** All venues of a test world, those of every kind included. */
export function allVenuesOf(world: Pick<World, 'venues' | 'moreVenues'>): OpenOptions['venues'] {
  return [...venuesOf(world), ...(world.moreVenues as unknown as OpenOptions['venues'])]
}
