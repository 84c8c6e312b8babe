/**
 * Runs what is the caller's: a listener, a logger. What it throws is the caller's fault and ends in the process's own handler for
 * uncaught exceptions, as with any event emitter; it must never stop a trade half-way through a step.
 */
export function detached(run: () => void): void {
  try {
    run()
  } catch (error) {
    process.nextTick(() => {
      throw error
    })
  }
}
