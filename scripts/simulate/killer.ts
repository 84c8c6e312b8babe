import type { Moment } from './incarnation.ts'
import type { World } from './world.ts'

const moments: readonly Moment[] = [
  'opening',
  'reserving',
  'signing',
  'signed',
  'committed',
  'sending',
  'arrived',
  'replied',
  'bumping',
  'cancelling',
  'confirming',
  'retrying',
]

/** When one life of the process ends. */
export interface Killer {
  /** Told of each moment of that life. */
  notice(moment: Moment): void
  /** True once its time has come. */
  isDue(): boolean
}

/** Nobody dies after the world has healed. */
export function killerOf(world: World, life: number): Killer {
  const { timeline, faults } = world
  const random = world.random(`killer ${life}`)
  const isArmed = faults.isOn('kill') && random.chance(0.85)
  // By the count of events, opening included; or at one of the moments that matter.
  const byCount = random.chance(0.35)
  const afterEvents =
    timeline.count() + (random.chance(0.3) ? random.int(1, 60) : random.int(30, world.plan.lifeEventsMax))
  const chosen = random.shuffled(moments).slice(0, 3)
  let left = random.chance(0.5) ? 1 : random.int(2, 8)
  // Few trades come to be split again: the first of a life is as good as any.
  const atSplit = random.chance(0.4)
  let hasCome = false
  return {
    notice(now) {
      if (now === 'splitting' && atSplit) hasCome = true
      if (byCount || !chosen.includes(now)) return
      left -= 1
      if (left <= 0) hasCome = true
    },
    isDue: () => isArmed && !world.isHealed() && (hasCome || (byCount && timeline.count() >= afterEvents)),
  }
}
