import { scrub } from './scrub.ts'

/** An actor as the inspector knows it. */
export interface InspectedActor {
  readonly sessionId: string
  /** Left out for a root. */
  readonly parentSessionId?: string
  readonly rootSessionId: string
  readonly name: string
  /** The machine's config as JSON text: what the inspector draws. */
  readonly definition: string
  readonly snapshot: unknown
}

/** What an actor received, and the snapshot that this led to. */
export interface InspectedTransition {
  readonly sessionId: string
  readonly rootSessionId: string
  /** The actor that sent the event, where it was one. */
  readonly sourceSessionId?: string
  readonly event: { readonly type: string }
  readonly snapshot: unknown
}

/** The version of the Stately inspector's protocol that these frames follow: that of `@statelyai/inspect`. */
export const protocolVersion = '0.7.2'

/**
 * The frame that introduces an actor, as JSON text.
 *
 * @param atMs - When it started, in Unix milliseconds.
 */
export function actorFrame(actor: InspectedActor, atMs: number): string {
  return frame('@xstate.actor', actor, atMs, {
    name: actor.name,
    parentId: actor.parentSessionId,
    definition: actor.definition,
    snapshot: scrub(actor.snapshot),
  })
}

/** The two frames of a transition, as JSON text: the event that an actor received, then its new snapshot. */
export function transitionFrames(transition: InspectedTransition, atMs: number): string[] {
  const event = scrub(transition.event)
  return [
    frame('@xstate.event', transition, atMs, { event, sourceId: transition.sourceSessionId }),
    frame('@xstate.snapshot', transition, atMs, { event, snapshot: scrub(transition.snapshot) }),
  ]
}

function frame(
  type: string,
  { sessionId, rootSessionId }: { sessionId: string; rootSessionId: string },
  atMs: number,
  content: object,
): string {
  const head = { type, sessionId, rootId: rootSessionId, id: null, createdAt: `${atMs}`, _version: protocolVersion }
  return JSON.stringify({ ...head, ...content })
}
