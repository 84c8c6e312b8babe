import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { type Kind, kinds } from './kinds.ts'
import { playSeeds } from './pool.ts'
import { simulateSeed } from './simulate.ts'
import { toldTo } from './story.ts'
import { describeFailure, resultOf, startTotals } from './totals.ts'

// `npm run simulate -- --seeds 200 --from 900001` plays seeds, `-- --minutes 30` as many as fit, and `-- --seed 7` tells
// the whole story of one. `--without reorg,kill` leaves kinds of fault out.

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string' },
    minutes: { type: 'string' },
    workers: { type: 'string' },
    without: { type: 'string' },
    first: { type: 'boolean' },
  },
})
const totals = startTotals()
const without = kindsOf(values.without)
const write = (text: string): void => void process.stdout.write(text)

function number(text: string | undefined, usual: number): number {
  if (text === undefined) return usual
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new RangeError(`${text} is no number above zero.`)
}

function kindsOf(text: string | undefined): Kind[] {
  const names = text === undefined ? [] : text.split(',')
  for (const name of names) if (!(name in kinds)) throw new RangeError(`No kind of fault is called ${name}.`)
  return names as Kind[]
}

async function tell(seed: number): Promise<void> {
  const report = resultOf(await simulateSeed(seed, { without, story: toldTo((line) => write(`${line}\n`)) }))
  totals.add(report)
  if (report.violations.length > 0) write(`\n${describeFailure(report)}`)
}

async function playMany(): Promise<void> {
  const endMs =
    values.minutes === undefined ? Number.POSITIVE_INFINITY : Date.now() + number(values.minutes, 1) * 60_000
  // A long run is for seeds that nobody has tried.
  const from = number(values.from, values.minutes === undefined ? 1 : Math.floor(Date.now() / 1000))
  const count = values.minutes === undefined ? number(values.seeds, 200) : Number.POSITIVE_INFINITY
  let isInterrupted = false
  process.once('SIGINT', () => {
    isInterrupted = true
  })
  const startedAtMs = Date.now()
  await playSeeds({
    from,
    count,
    without,
    workers: number(values.workers, Math.min(availableParallelism(), 8)),
    isOver: () => isInterrupted || Date.now() >= endMs || (values.first === true && totals.failed.length > 0),
    onResult(result) {
      totals.add(result)
      if (result.violations.length > 0) write(`${describeFailure(result)}\n`)
    },
  })
  write(`${totals.table()}from seed ${from}, ${((Date.now() - startedAtMs) / 1000).toFixed(1)} s\n`)
}

const single = values.seed ?? (values.seeds === '1' ? (values.from ?? '1') : undefined)
await (single === undefined ? playMany() : tell(number(single, 1)))
write(`${totals.line()}\n`)
process.exitCode = totals.failed.length > 0 ? 1 : 0
