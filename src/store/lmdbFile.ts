import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

// LMDB maps its file into memory and trusts it: a page that is missing ends the process with a signal, without a word. So
// the file is looked over before LMDB is given it. What is read here is LMDB's format of data version 2, on a 64-bit machine
// of the usual byte order; page numbers are in the order of the file.

/** What is wrong with a data file, and how much of it can still be read. */
export interface FileReport {
  /** One sentence a fault; none where the file is sound. */
  readonly faults: readonly string[]
  /** By the name of the database: records that are whole, of those that there should be. */
  readonly records: Readonly<Record<string, { readonly readable: number; readonly expected: number }>>
}

const magic = 0xbeefc0de
const dataVersion = 2
const headerBytes = 24
const metaBytes = 160
const nodeHeaderBytes = 8
const treeBytes = 48
const overflowBytes = 24
const noPage = 2n ** 64n - 1n
const depthMax = 32
const faultsMax = 5
const pageFlags = { branch: 0x01, leaf: 0x02, overflow: 0x04 }
const nodeFlags = { overflow: 0x01, tree: 0x02 }

/** A B-tree of pages: where it starts and how much is in it. */
interface Tree {
  readonly root: bigint
  readonly depth: number
  readonly entries: number
}

interface Meta {
  readonly transaction: bigint
  readonly pageBytes: number
  readonly lastPage: bigint
  readonly free: Tree
  readonly main: Tree
}

/** The file as the walk sees it. */
interface Walk {
  readonly fd: number
  readonly size: number
  readonly meta: Meta
  readonly faults: string[]
  pagesLeft: number
}

/**
 * Looks a data file over without changing it: its header, the bounds of the file, and every page that leads to records.
 *
 * @param bulky - Databases whose leaf pages are looked at only where the file is too short, since they may be very large.
 *
 * @example
 * inspectDataFile('./legwork-data/legwork.mdb', ['history']).faults // []
 */
export function inspectDataFile(path: string, bulky: readonly string[] = []): FileReport {
  const fd = openSync(path, 'r')
  try {
    const { size } = fstatSync(fd)
    const meta = readNewestMeta(fd, size)
    if (typeof meta === 'string') return { faults: [meta], records: {} }
    const walk: Walk = { fd, size, meta, faults: [], pagesLeft: Number(meta.lastPage) + 1 }
    return { faults: walk.faults, records: walkAll(walk, bulky) }
  } finally {
    closeSync(fd)
  }
}

function walkAll(walk: Walk, bulky: readonly string[]): FileReport['records'] {
  const { meta, size } = walk
  // The last pages of a file may never have been written, if nothing uses them: being short is no fault by itself.
  const short = (Number(meta.lastPage) + 1) * meta.pageBytes > size
  const records: Record<string, { readable: number; expected: number }> = {}
  walkTree(walk, 'free list', meta.free, true, () => {})
  walkTree(walk, 'list of databases', meta.main, true, (key, flags, data) => {
    if (!(flags & nodeFlags.tree) || data.length < treeBytes) return
    // LMDB's names end in a zero byte here and there.
    const name = key.toString().replaceAll('\0', '')
    const tree = readTree(data, 0)
    const wholly = short || !bulky.includes(name)
    let readable = 0
    walkTree(walk, name, tree, wholly, () => {
      readable += 1
    })
    records[name] = { readable: wholly ? readable : tree.entries, expected: tree.entries }
    if (wholly && readable !== tree.entries) report(walk, `${name}: ${readable} of ${tree.entries} records are whole`)
  })
  return records
}

type Visit = (key: Buffer, flags: number, data: Buffer) => void

/** Visits the records of a tree. Without `wholly`, only the branches are read, and that their leaves are in the file. */
function walkTree(walk: Walk, name: string, tree: Tree, wholly: boolean, visit: Visit): void {
  if (tree.root === noPage) return
  if (tree.depth < 1 || tree.depth > depthMax) report(walk, `${name}: its depth is impossible`)
  else walkPage(walk, name, { page: tree.root, levels: tree.depth, wholly, visit })
}

function walkPage(
  walk: Walk,
  name: string,
  { page, levels, wholly, visit }: { page: bigint; levels: number; wholly: boolean; visit: Visit },
): void {
  if (levels === 1 && !wholly) {
    if (!isInFile(walk, page, 1n)) report(walk, `${name}: page ${page} is not in the file`)
    return
  }
  const bytes = readPage(walk, name, page, levels === 1 ? pageFlags.leaf : pageFlags.branch)
  if (bytes === undefined) return
  for (const node of nodesOf(bytes)) {
    if (node === undefined) {
      report(walk, `${name}: page ${page} is damaged`)
      return
    }
    if (levels > 1) walkPage(walk, name, { page: node.child, levels: levels - 1, wholly, visit })
    else if (node.flags & nodeFlags.overflow && !hasOverflow(walk, node.data)) {
      report(walk, `${name}: the pages of a long record are not in the file`)
    } else visit(node.key, node.flags, node.data)
  }
}

/** The page if it is what its parent says: garbage seldom knows its own number. */
function readPage(walk: Walk, name: string, page: bigint, kind: number): Buffer | undefined {
  walk.pagesLeft -= 1
  const { pageBytes } = walk.meta
  if (walk.pagesLeft < 0) report(walk, `${name}: its pages go round in a circle`)
  else if (!isInFile(walk, page, 1n)) report(walk, `${name}: page ${page} is not in the file`)
  else {
    const bytes = readAt(walk.fd, Number(page) * pageBytes, pageBytes)
    const [lower, upper] = [bytes.readUInt16LE(20), bytes.readUInt16LE(22)]
    const sound = lower % 2 === 0 && lower <= upper && upper <= pageBytes - headerBytes
    if (sound && bytes.readBigUInt64LE(0) === page && bytes.readUInt16LE(18) & kind) return bytes
    report(walk, `${name}: page ${page} is damaged`)
  }
  return undefined
}

/** The nodes of a page; undefined for one that does not fit into it. */
function* nodesOf(bytes: Buffer): Generator<{ child: bigint; flags: number; key: Buffer; data: Buffer } | undefined> {
  const count = bytes.readUInt16LE(20) / 2
  const isLeaf = (bytes.readUInt16LE(18) & pageFlags.leaf) !== 0
  for (let index = 0; index < count; index += 1) {
    const start = bytes.readUInt16LE(headerBytes + 2 * index) + headerBytes
    const keyStart = start + nodeHeaderBytes
    if (keyStart > bytes.length) return yield undefined
    const low = bytes.readUInt32LE(start)
    const flags = bytes.readUInt16LE(start + 4)
    const keyEnd = keyStart + bytes.readUInt16LE(start + 6)
    const inline = flags & nodeFlags.overflow ? overflowBytes : low
    const end = isLeaf ? keyEnd + inline : keyEnd
    if (end > bytes.length) return yield undefined
    yield {
      child: BigInt(low) | (BigInt(flags) << 32n),
      flags: isLeaf ? flags : 0,
      key: bytes.subarray(keyStart, keyEnd),
      data: bytes.subarray(keyEnd, end),
    }
  }
}

function hasOverflow(walk: Walk, data: Buffer): boolean {
  const first = data.readBigUInt64LE(0)
  if (!isInFile(walk, first, data.readBigUInt64LE(16))) return false
  const header = readAt(walk.fd, Number(first) * walk.meta.pageBytes, headerBytes)
  return header.readBigUInt64LE(0) === first && (header.readUInt16LE(18) & pageFlags.overflow) !== 0
}

function isInFile({ meta, size }: Walk, page: bigint, count: bigint): boolean {
  return page > 1n && count > 0n && page + count - 1n <= meta.lastPage && Number(page + count) * meta.pageBytes <= size
}

/** The header that LMDB will go by, or what is wrong with them. Two take turns, so that one is always whole. */
function readNewestMeta(fd: number, size: number): Meta | string {
  if (size < metaBytes) return 'the file ends within its header'
  const first = readMeta(readAt(fd, 0, metaBytes))
  if (typeof first === 'string') return first
  if (size < first.pageBytes + metaBytes) return 'the file ends within its header'
  const second = readMeta(readAt(fd, first.pageBytes, metaBytes))
  if (typeof second === 'string') return second
  if (first.pageBytes !== second.pageBytes) return 'its two headers do not agree'
  return first.transaction >= second.transaction ? first : second
}

function readMeta(bytes: Buffer): Meta | string {
  if (bytes.readUInt32LE(headerBytes) !== magic) return 'its header is not that of a store'
  const version = bytes.readUInt32LE(headerBytes + 4) & 0xffff
  if (version !== dataVersion) return `its format is of version ${version}, not ${dataVersion}`
  const trees = headerBytes + 24
  const pageBytes = bytes.readUInt32LE(trees)
  const isPowerOfTwo = pageBytes >= 256 && pageBytes <= 65_536 && (pageBytes & (pageBytes - 1)) === 0
  if (!isPowerOfTwo) return 'its page size is impossible'
  return {
    pageBytes,
    free: readTree(bytes, trees),
    main: readTree(bytes, trees + treeBytes),
    lastPage: bytes.readBigUInt64LE(trees + 2 * treeBytes),
    transaction: bytes.readBigUInt64LE(trees + 2 * treeBytes + 8),
  }
}

function readTree(bytes: Buffer, start: number): Tree {
  return {
    depth: bytes.readUInt16LE(start + 6),
    entries: Number(bytes.readBigUInt64LE(start + 32)),
    root: bytes.readBigUInt64LE(start + 40),
  }
}

function readAt(fd: number, start: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  readSync(fd, bytes, 0, length, start)
  return bytes
}

function report({ faults }: Walk, fault: string): void {
  if (faults.length < faultsMax) faults.push(fault)
}
