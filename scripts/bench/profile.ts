import { mkdir, writeFile } from 'node:fs/promises'
import { type Profiler, Session } from 'node:inspector/promises'
import { join } from 'node:path'

/** How much of the main thread's busy time one function took by itself. */
export interface Spent {
  readonly name: string
  readonly place: string
  /** 0 to 1; idle time does not count. */
  readonly share: number
}

const folder = join(import.meta.dirname, '../../.cache/bench')

/**
 * Runs `body` under the CPU profiler of V8, main thread only, and keeps the profile as a file for the browser's tools.
 *
 * @example
 * const { spent } = await profiled(() => work())
 */
export async function profiled<Result>(
  body: () => Promise<Result>,
): Promise<{ result: Result; spent: readonly Spent[]; file: string }> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.start')
  const result = await body()
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  await mkdir(folder, { recursive: true })
  const file = join(folder, 'legwork.cpuprofile')
  await writeFile(file, JSON.stringify(profile))
  return { result, spent: spentBy(profile), file }
}

/** Self time by function, most first. */
function spentBy({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Spent[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const times = new Map<string, { name: string; place: string; time: number }>()
  let busy = 0
  samples.forEach((id, index) => {
    const frame = frames.get(id)
    if (frame === undefined || frame.functionName === '(idle)') return
    const time = timeDeltas[index] ?? 0
    busy += time
    const name = frame.functionName || '(anonymous)'
    const place = frame.url === '' ? '' : `${shortened(frame.url)}:${frame.lineNumber + 1}`
    const entry = times.get(`${name} ${place}`) ?? { name, place, time: 0 }
    entry.time += time
    times.set(`${name} ${place}`, entry)
  })
  return [...times.values()]
    .map(({ name, place, time }) => ({ name, place, share: time / busy }))
    .sort((a, b) => b.share - a.share)
}

function shortened(url: string): string {
  return url.replace(/^.*\/node_modules\//, '').replace(/^.*\/dist\/(?=(src|machines)\/)/, '')
}
