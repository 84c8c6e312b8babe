import { parseArgs } from 'node:util'
import { runAnvilBench } from './anvilBench.ts'
import type { Effort } from './contest.ts'
import { loadLegwork } from './legworkTrader.ts'
import { anvilReport, profileReport, splitReport, stubReport, summaryOf } from './report.ts'
import { measureSplitting } from './splitBench.ts'
import { profileLegwork, runStubBench } from './stubBench.ts'

// The compiled package is measured unless `--source` asks for the sources: what runs TypeScript directly makes every
// function a little slower.

const { values: flags } = parseArgs({
  options: {
    /** Ends with one line of JSON. */
    json: { type: 'boolean', default: false },
    /** A few seconds, to see that it works. Its figures mean nothing. */
    quick: { type: 'boolean', default: false },
    /** Legwork alone, with the functions that take its time. */
    profile: { type: 'boolean', default: false },
    source: { type: 'boolean', default: false },
    'no-anvil': { type: 'boolean', default: false },
  },
})

const full: Effort = { inFlight: [1, 16, 256, 1024], seconds: 4, warmUpSeconds: 2, samples: 100, warmUpSamples: 10 }
const quick: Effort = { inFlight: [1, 4], seconds: 0.1, warmUpSeconds: 0.1, samples: 4, warmUpSamples: 1 }
const anvilEffort: Effort = { ...full, inFlight: [16, 256] }

const legwork = await loadLegwork(flags.source ? 'src' : 'dist')
const effort = flags.quick ? quick : full
const onProgress = (what: string): void => void process.stderr.write(`${what} …\n`)

if (flags.profile) {
  const { best, spent, file } = await profileLegwork(legwork, effort)
  process.stdout.write(profileReport(best, spent, file))
} else {
  const standing = flags.quick ? [100, 200] : [1_000, 10_000]
  onProgress('splitting an order')
  const splitting = await measureSplitting(
    legwork,
    flags.quick ? { samples: 5, warmUp: 5 } : { samples: 2_000, warmUp: 500 },
  )
  const results = await runStubBench(legwork, { effort, standing, onProgress })
  process.stdout.write(splitReport(splitting) + stubReport(results))
  if (!flags.quick && !flags['no-anvil']) {
    process.stdout.write(anvilReport(await runAnvilBench(legwork, { effort: anvilEffort, onProgress })))
  }
  if (flags.json) process.stdout.write(`${JSON.stringify(summaryOf(results, splitting))}\n`)
}
