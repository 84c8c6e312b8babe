import { type AnyMachineSnapshot, type AnyStateMachine, type AnyStateNode, initialTransition, transition } from 'xstate'

/** One step that the exploration took. */
export interface Explored {
  readonly before: AnyMachineSnapshot
  readonly event: { readonly type: string }
  readonly after: AnyMachineSnapshot
}

/** What can be reached in a machine by these events. */
export interface Exploration {
  readonly steps: readonly Explored[]
  readonly states: ReadonlySet<string>
  /** Transitions of the machine that no step took, as `state on event [index of the guard]`. */
  readonly untaken: readonly string[]
  readonly unreached: readonly string[]
}

/**
 * Walks a machine from its start by all the events in all the states it can reach. Two snapshots with the same key count
 * as one.
 */
export function explore(
  machine: AnyStateMachine,
  input: unknown,
  eventsIn: (snapshot: AnyMachineSnapshot) => readonly { readonly type: string }[],
  keyOf: (snapshot: AnyMachineSnapshot) => string,
): Exploration {
  const [first] = initialTransition(machine, input) as unknown as [AnyMachineSnapshot]
  const seen = new Set([keyOf(first)])
  const queue = [first]
  const steps: Explored[] = []
  const taken = new Set<unknown>()
  const states = new Set<string>()
  for (let snapshot = queue.shift(); snapshot !== undefined; snapshot = queue.shift()) {
    for (const node of snapshot._nodes as AnyStateNode[]) states.add(node.id)
    if (snapshot.status !== 'active') continue
    for (const event of eventsIn(snapshot)) {
      for (const definition of machine.getTransitionData(snapshot as never, event as never)) taken.add(definition)
      const [after] = transition(machine, snapshot as never, event as never) as unknown as [AnyMachineSnapshot]
      steps.push({ before: snapshot, event, after })
      if (seen.has(keyOf(after))) continue
      seen.add(keyOf(after))
      queue.push(after)
    }
  }
  const { transitions, nodes } = everything(machine)
  return {
    steps,
    states,
    untaken: [...transitions].flatMap(([definition, name]) => (taken.has(definition) ? [] : [name])),
    unreached: nodes.filter((id) => !states.has(id)),
  }
}

function everything(machine: AnyStateMachine): { transitions: Map<unknown, string>; nodes: string[] } {
  const transitions = new Map<unknown, string>()
  const nodes: string[] = []
  const visit = (node: AnyStateNode): void => {
    nodes.push(node.id)
    for (const [event, definitions] of node.transitions) {
      for (const [index, definition] of definitions.entries())
        transitions.set(definition, `${node.id} on ${event} [${index}]`)
    }
    for (const child of Object.values(node.states)) visit(child as AnyStateNode)
  }
  visit(machine.root)
  return { transitions, nodes }
}
