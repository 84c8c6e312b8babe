import { parseArgs } from 'node:util'
import { summary } from '../../test/chaos/report.ts'
import { soak } from '../../test/chaos/soak.ts'

// npm run soak -- --minutes 5 --seed 7 --trades 50
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: '7' },
    trades: { type: 'string', default: '50' },
  },
})
const say = (line: string): void => void process.stdout.write(`${line}\n`)

const result = await soak({
  seed: Number(values.seed),
  trades: Number(values.trades),
  faultsMs: Number(values.minutes) * 60_000,
  killMs: 3_000,
  settleMs: 120_000,
  onProgress: say,
})
say(`faults by kind: ${JSON.stringify(result.faults)}`)
say(`trouble told: ${JSON.stringify(result.troubles)}`)
say(`trades ${result.trades}, filled ${result.filled}, legs that failed: ${JSON.stringify(result.failures)}`)
if (result.violations.length > 0) for (const line of [...result.newestTroubles, ...result.violations]) say(line)
say(summary(result))
process.exitCode = result.violations.length > 0 ? 1 : 0
