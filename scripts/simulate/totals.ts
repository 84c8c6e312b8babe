import type { Kind } from './kinds.ts'
import type { Scenario } from './scenarios.ts'
import type { SeedReport } from './simulate.ts'
import type { Violation } from './witness.ts'

/** What one seed came to, as it travels between processes. */
export interface SeedResult {
  readonly seed: number
  readonly transactions: number
  readonly violations: readonly Violation[]
  readonly kinds: readonly Kind[]
  readonly faults: readonly (readonly [Kind, number])[]
  readonly scenarios: readonly (readonly [Scenario, number])[]
}

/** What many seeds came to. */
export interface Totals {
  add(result: SeedResult): void
  readonly failed: readonly SeedResult[]
  scenarioCount(scenario: Scenario): number
  /** `seeds 200, faults 5123, transactions 1789, lost 0, doubled 0, stuck 0, over 0`: seeds are counted, not violations. */
  line(): string
  /** How often each kind of fault and each scenario arose. */
  table(): string
}

export function resultOf(report: SeedReport): SeedResult {
  const { seed, transactions, violations, kinds, faults, scenarios } = report
  return { seed, transactions, violations, kinds, faults: [...faults], scenarios: [...scenarios] }
}

/** No seed yet. */
export function startTotals(): Totals {
  const failed: SeedResult[] = []
  const faults = new Map<string, number>()
  const scenarios = new Map<string, number>()
  let seeds = 0
  let transactions = 0

  const sum = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((all, one) => all + one, 0)
  const seedsWith = (kind: Violation['kind']): number =>
    failed.filter(({ violations }) => violations.some((violation) => violation.kind === kind)).length

  return {
    failed,
    add(result) {
      seeds += 1
      transactions += result.transactions
      if (result.violations.length > 0) failed.push(result)
      for (const [kind, count] of result.faults) faults.set(kind, (faults.get(kind) ?? 0) + count)
      for (const [scenario, count] of result.scenarios) scenarios.set(scenario, (scenarios.get(scenario) ?? 0) + count)
    },
    scenarioCount: (scenario) => scenarios.get(scenario) ?? 0,
    line() {
      const other = seedsWith('other')
      const ends = `lost ${seedsWith('lost')}, doubled ${seedsWith('doubled')}, stuck ${seedsWith('stuck')}, over ${seedsWith('over')}`
      const rest = other === 0 ? '' : `, otherwise wrong ${other}`
      return `seeds ${seeds}, faults ${sum(faults)}, transactions ${transactions}, ${ends}${rest}`
    },
    table() {
      const row = ([name, count]: [string, number]): string => `  ${String(count).padStart(8)}  ${name}\n`
      const sorted = (counts: ReadonlyMap<string, number>) => [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
      return `faults\n${sorted(faults).map(row).join('')}scenarios\n${sorted(scenarios).map(row).join('')}`
    },
  }
}

/**
 * What to read when a seed failed: what is wrong, which faults were possible, and how to see all of it.
 *
 * @example
 * process.stdout.write(describeFailure(result))
 */
export function describeFailure({ seed, violations, kinds }: SeedResult): string {
  const shown = violations.slice(0, 6).map(({ kind, text }) => `  ${kind}: ${text}\n`)
  const more = violations.length > 6 ? `  and ${violations.length - 6} more\n` : ''
  return `seed ${seed}\n${shown.join('')}${more}  faults on: ${kinds.join(', ')}\n  replay: npm run simulate -- --seed ${seed}\n`
}
