import { expect, test } from 'vitest'
import { floodWith } from '../../scripts/simulate/flood.ts'

const orders = 10_000
const activeTradesMax = 200

test('ten thousand orders at once: the caller is held back, few live at a time, and all of them end', {
  timeout: 120_000,
}, async () => {
  const report = await floodWith({ orders, activeTradesMax })

  expect(report.violations).toEqual([])
  expect(report.liveMax).toBe(activeTradesMax)
  expect(report.refusals).toBeGreaterThan(0)
  expect(report.done).toBeGreaterThan(orders * 0.9)
})
