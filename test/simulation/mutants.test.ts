import { describe, expect, test } from 'vitest'
import { plant, playMutant } from './mutant.ts'
import { mutations } from './mutations.ts'
import { seedsOfRun } from './seeds.ts'

describe('the simulation finds that', () => {
  for (const mutation of mutations) {
    test(mutation.name, { timeout: 300_000 }, async () => {
      const { code, output } = await playMutant(plant(mutation), seedsOfRun)

      expect(output).toMatch(/replay: npm run simulate/)
      expect(code).toBe(1)
    })
  }
})
