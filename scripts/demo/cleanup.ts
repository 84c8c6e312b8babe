/** What has to be undone at the end, whatever the end is. */
export interface Cleanup {
  /** The latest is undone first. */
  add(undo: () => unknown): void
  /** Undoes everything once; a second call waits for the same. */
  run(): Promise<void>
}

/**
 * Starts with nothing to undo.
 *
 * @example
 * const cleanup = startCleanup()
 * cleanup.add(() => world.stop())
 * await cleanup.run()
 */
export function startCleanup(): Cleanup {
  const undos: (() => unknown)[] = []
  let running: Promise<void> | undefined

  async function undoAll(): Promise<void> {
    // What is still being set up when it begins is added late, and undone too.
    for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
      // The rest is undone all the same: a leftover is found by whoever looks for processes afterwards.
      await Promise.resolve()
        .then(undo)
        .catch(() => {})
    }
  }

  return {
    add: (undo) => {
      undos.push(undo)
      if (running !== undefined) running = running.then(undoAll)
    },
    run() {
      running ??= undoAll()
      return running
    },
  }
}
