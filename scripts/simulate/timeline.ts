import type { Random } from './random.ts'

/** Virtual time: a heap of things to come. Nothing in a simulation happens outside of it. */
export interface Timeline {
  now(): number
  /** Events that have happened. */
  count(): number
  /** Something that happens to the runtime: afterwards all of its promises run until none is left. Returns how to call it off. */
  at(atMs: number, run: () => void): () => void
  /** Something that happens in the world alone: no promise of the runtime waits for it. */
  outside(atMs: number, run: () => void): void
  /** One event after the other until `isOver` says so, or until there is none: then false. */
  run(isOver: () => boolean): Promise<boolean>
}

interface Event {
  readonly atMs: number
  /** Decides between events of one instant. */
  readonly tie: number
  readonly isOutside: boolean
  run: (() => void) | null
}

/** Time begins at `startMs`. Which of two events of one instant comes first is left to chance. */
export function startTimeline(startMs: number, random: Random): Timeline {
  const heap: Event[] = []
  let nowMs = startMs
  let count = 0

  function push(event: Event): void {
    let index = heap.length
    heap.push(event)
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = heap[above] as Event
      if (!isBefore(event, parent)) break
      heap[index] = parent
      index = above
    }
    heap[index] = event
  }

  function pop(): Event | undefined {
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let index = 0
    for (;;) {
      let below = 2 * index + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Event, heap[below] as Event)) below += 1
      if (!isBefore(heap[below] as Event, last)) break
      heap[index] = heap[below] as Event
      index = below
    }
    heap[index] = last
    return first
  }

  function add(atMs: number, run: () => void, isOutside: boolean): Event {
    const event = { atMs: Math.max(atMs, nowMs), tie: random.next(), isOutside, run }
    push(event)
    return event
  }

  return {
    now: () => nowMs,
    count: () => count,
    at(atMs, run) {
      const event = add(atMs, run, false)
      return () => {
        event.run = null
      }
    },
    outside: (atMs, run) => void add(atMs, run, true),
    async run(isOver) {
      // What began before the first event, such as opening.
      await settled()
      while (!isOver()) {
        const event = pop()
        if (event === undefined) return false
        if (event.run === null) continue
        nowMs = event.atMs
        count += 1
        event.run()
        if (!event.isOutside) await settled()
      }
      return true
    },
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs === other.atMs ? one.tie < other.tie : one.atMs < other.atMs
}

/** The only real wait of a simulation: until no promise is ready any more. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
