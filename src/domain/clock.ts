/** Time, so that a test or a simulation can have its own. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Calls back once, at `atMs` or as soon after as it can; never before it returns. Returns how to call it off. */
  at(atMs: number, callback: () => void): () => void
  /** Calls back once, after all that is ready now: what one turn asks for can be gathered until then. */
  soon(callback: () => void): void
}
