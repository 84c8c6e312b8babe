import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { unpackReleases } from './releases.ts'
import { renderPresets } from './render.ts'
import { venuesByChain } from './venues.ts'

// Writes src/dex/presetVenues.ts anew, from the releases that releases.ts pins.
const target = resolve(import.meta.dirname, '../../src/dex/presetVenues.ts')
writeFileSync(target, renderPresets(venuesByChain(await unpackReleases())))
