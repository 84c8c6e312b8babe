import { expect, test } from 'vitest'
import { faultKinds, faultPlan } from './gatePlan.ts'

const kinds = [...faultKinds, 'nullReceipts', 'staleHead', 'none'] as const
const weights = Object.fromEntries(kinds.map((kind) => [kind, 1]))

function fates(seed: number, requests = 2_000) {
  const plan = faultPlan({ seed, weights })
  return { fates: Array.from({ length: requests }, plan.next), counts: plan.counts }
}

test('the same seed decides the same, and another seed something else', () => {
  expect(fates(7)).toEqual(fates(7))
  expect(fates(8)).not.toEqual(fates(7))
})

test('every kind comes up, and is counted', () => {
  const { fates: all, counts } = fates(7)

  const expected = kinds.filter((kind) => kind !== 'none')
  expect(Object.keys(counts).sort()).toEqual([...expected].sort())
  const busy = all.filter(({ kind }) => kind === 'busy')
  expect(busy).toHaveLength(counts.busy ?? 0)
})

test('a view lasts for some requests, and ends', () => {
  const plan = faultPlan({ seed: 7, weights: { staleHead: 1, none: 99 }, viewRequestsMax: 5, lagMax: 3 })
  const views = Array.from({ length: 2_000 }, () => plan.next().view)

  const distinct = new Set(views.filter((view) => view !== null))
  expect(distinct.size).toBe(plan.counts.staleHead)
  for (const view of distinct) expect(views.filter((one) => one === view).length).toBeLessThanOrEqual(5)
  expect(new Set([...distinct].map((view) => (view?.kind === 'staleHead' ? view.lag : 0)))).toEqual(new Set([1, 2, 3]))
})

test('a plan that was stopped does nothing', () => {
  const plan = faultPlan({ seed: 7, weights: { busy: 1 } })
  plan.stop()

  expect(plan.next()).toEqual({ kind: 'none', share: 0, view: null })
  expect(plan.counts).toEqual({})
})
