import type { VenueConfig } from '../../src/dex/openDex.ts'
import { releases } from './releases.ts'
import { networks } from './venues.ts'

const lineMax = 120

/**
 * The text of `src/dex/presetVenues.ts`, formatted as the formatter wants it.
 *
 * @example
 * writeFileSync('src/dex/presetVenues.ts', renderPresets(venuesByChain(folders)))
 */
export function renderPresets(venues: Readonly<Record<number, readonly VenueConfig[]>>): string {
  const sources = Object.values(releases).map(({ name, version }) => `//   ${name} ${version}`)
  const chains = Object.entries(venues).map(([chainId, list]) => [
    `  // ${networks[Number(chainId)]}.`,
    `  ${chainId}: [`,
    ...list.flatMap((venue) => venueLines(Object.entries(venue), '    ')),
    '  ],',
  ])
  return [
    "import type { VenueConfig } from './openDex.ts'",
    '',
    '// Written by `npm run presets` from what these packages say; a test compares the two. To change an address, take a newer',
    '// release in scripts/presets/releases.ts.',
    ...sources,
    '',
    '/** The venues of the main networks, by chain id. */',
    'export const presetVenues: Readonly<Record<number, readonly VenueConfig[]>> = {',
    ...chains.flat(),
    '}',
    '',
  ].join('\n')
}

function venueLines(fields: readonly (readonly [name: string, value: unknown])[], indent: string): string[] {
  const texts = fields.map(([name, value]) => `${name}: ${valueText(value)}`)
  const oneLine = `${indent}{ ${texts.join(', ')} },`
  if (oneLine.length <= lineMax) return [oneLine]
  return [`${indent}{`, ...texts.map((text) => `${indent}  ${text},`), `${indent}},`]
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`
  if (typeof value === 'number') return value < 10_000 ? `${value}` : value.toLocaleString('en').replaceAll(',', '_')
  return `'${value}'`
}
