import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')

/** Which places a file of each place may import from, itself apart. */
const allowed: Record<string, readonly string[]> = {
  'src/domain': [],
  machines: ['src/domain'],
  'src/chain': ['src/domain'],
  'src/dex': ['src/domain'],
  'src/signer': ['src/domain'],
  'src/store': ['src/domain'],
  'src/distribution': ['src/domain'],
  'src/monitor': ['src/domain'],
  'src/config': ['src/domain', 'src/distribution', 'src/monitor'],
  'src/runtime': [
    'src/config',
    'machines',
    'src/chain',
    'src/dex',
    'src/signer',
    'src/store',
    'src/distribution',
    'src/monitor',
    'src/domain',
  ],
  'src/index': ['src/config', 'src/runtime', 'src/dex', 'src/store', 'src/distribution', 'src/domain'],
  'src/cli': ['src/index', 'src/runtime', 'src/store', 'src/config', 'src/domain', 'src/monitor'],
}

/** Where each library is at home. */
const homes: Record<string, readonly string[]> = {
  xstate: ['machines', 'src/runtime'],
  ethers: ['src/chain', 'src/dex', 'src/signer'],
  'decimal.js': ['src/domain'],
  piscina: ['src/signer'],
  pino: ['src/monitor'],
  lmdb: ['src/store'],
  'fs-native-extensions': ['src/store'],
  undici: ['src/chain'],
  ws: ['src/monitor', 'src/chain'],
  zod: ['src/config'],
  commander: ['src/cli'],
}

interface Import {
  readonly file: string
  readonly place: string
  readonly from: string
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file))
}

/** `src/config.ts` and its parts are one place; every other place is a folder. */
function placeOf(file: string): string {
  const [top = '', second = ''] = file.split('/')
  if (top === 'machines') return top
  if (second.startsWith('config')) return 'src/config'
  return `src/${second.replace(/\.ts$/, '')}`
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8').replace(/^\s*(\/\/|\*).*$/gm, '')
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)
  return [...found].map(([, from = '']) => ({ file, place: placeOf(file), from }))
}

const imports = [...filesBelow('src'), ...filesBelow('machines')].flatMap(importsOf)

describe('the architecture', () => {
  test('imports run one way, from the outside to the domain', () => {
    const wrong = imports
      .filter(({ from }) => from.startsWith('.'))
      .map((one) => ({ ...one, target: placeOf(relative(root, resolve(root, dirname(one.file), one.from))) }))
      .filter(({ place, target }) => target !== place && !allowed[place]?.includes(target))

    expect(wrong.map(({ file, from }) => `${file} imports ${from}`)).toEqual([])
  })

  test('each library has one home', () => {
    const wrong = imports.filter(({ place, from }) => {
      const library = Object.keys(homes).find((name) => from === name || from.startsWith(`${name}/`))
      return library !== undefined && !homes[library]?.includes(place)
    })

    expect(wrong.map(({ file, from }) => `${file} imports ${from}`)).toEqual([])
  })

  test('only the signing worker’s own files read a key', () => {
    const readers = filesBelow('src').filter((file) =>
      /process\.env\b|decryptKeystore|privateKey\b(?!Env)/.test(codeOf(file)),
    )

    expect(readers.filter((file) => !file.startsWith('src/signer/'))).toEqual([])
  })

  test('statecharts have no invoke, no delay and no I/O', () => {
    const charts = filesBelow('machines').map((file) => [file, codeOf(file)] as const)

    expect(charts.length).toBeGreaterThan(3)
    for (const [file, text] of charts)
      expect(text, file).not.toMatch(/\binvoke:|\bafter:|\bdelay:|fetch\(|Date\.now|Math\.random/)
  })

  test('the runtime takes its time from the clock alone', () => {
    const files = [...filesBelow('src/runtime'), ...filesBelow('src/chain'), ...filesBelow('src/dex')]
    const wrong = files.filter(
      (file) => !file.endsWith('realClock.ts') && /Date\.now|setTimeout|setInterval|Math\.random/.test(codeOf(file)),
    )

    expect(wrong).toEqual([])
  })

  test('no file is longer than 300 lines', () => {
    const long = [...filesBelow('src'), ...filesBelow('machines')].filter(
      (file) => readFileSync(join(root, file), 'utf8').split('\n').length > 301,
    )

    expect(long).toEqual([])
  })
})

function codeOf(file: string): string {
  return readFileSync(join(root, file), 'utf8').replace(/^\s*(\/\/|\/\*\*|\*).*$/gm, '')
}
