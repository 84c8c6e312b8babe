import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { startWorld, type World, type WorldOptions } from '../../scripts/world/world.ts'

/**
 * One world for a test file, the same at the start of each test. Call it before other hooks: what a test starts is then
 * closed before the chain goes back.
 *
 * @returns The world, once the tests run.
 *
 * @example
 * const world = useWorld({ mining: 'manual' })
 * test('the chain moves', async () => world().mine())
 */
export function useWorld(options: WorldOptions = {}): () => World {
  let world: World | undefined
  let snapshot = ''
  const started = () => {
    if (world === undefined) throw new Error('The world starts with the first test.')
    return world
  }
  beforeAll(async () => {
    world = await startWorld(options)
  })
  beforeEach(async () => {
    snapshot = await started().snapshot()
  })
  afterEach(async () => {
    await started().revert(snapshot)
  })
  afterAll(async () => {
    await world?.stop()
  })
  return started
}
