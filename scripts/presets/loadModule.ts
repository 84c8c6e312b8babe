import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What a CommonJS file exports. */
export type Exports = Readonly<Record<string, unknown>>

type Modules = Readonly<Record<string, Exports>>

/**
 * Runs a CommonJS file of a package that is unpacked but not installed.
 *
 * Other files of the package are loaded. Of other packages it gets those of `provided`; in place of the rest it gets
 * something that may be called, built and read without an end, and stays nothing: tables of addresses need none of it.
 *
 * @example
 * loadModule(join(folder, 'dist/cjs/src/constants.js')).PERMIT2_ADDRESS // '0x000000000022D473030F116dDEE9F6B43aC78BA3'
 */
export function loadModule(file: string, provided: Modules = {}): Exports {
  const loaded = new Map<string, { exports: Exports }>()

  function load(path: string): Exports {
    const known = loaded.get(path)
    if (known !== undefined) return known.exports
    const module = { exports: {} }
    loaded.set(path, module)
    const require = (name: string): unknown =>
      name.startsWith('.') ? load(fileOf(join(dirname(path), name))) : (provided[name] ?? nothing)
    new Function('module', 'exports', 'require', readFileSync(path, 'utf8'))(module, module.exports, require)
    return module.exports
  }

  return load(file)
}

/**
 * The exports of a package of which only some files were loaded: the rest of them is nothing.
 *
 * @example
 * partOf({ ...chains, ...addresses })
 */
export function partOf(known: Exports): Exports {
  return new Proxy(known, { get: (target, name) => (name in target ? target[String(name)] : nothing) })
}

// A function that can be built as well: an arrow cannot.
function empty(): void {}

const nothing: object = new Proxy(empty, {
  get(_, name) {
    if (name === Symbol.toPrimitive) return () => 0
    if (name === Symbol.iterator) return () => [].values()
    return nothing
  },
  apply: () => nothing,
  construct: () => nothing,
})

function fileOf(path: string): string {
  const candidates = [path, `${path}.js`, join(path, 'index.js')]
  const found = candidates.find((one) => statSync(one, { throwIfNoEntry: false })?.isFile())
  if (found === undefined) throw new Error(`There is no file ${path}.`)
  return found
}
