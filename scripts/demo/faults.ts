/** The demo saw something that must not be. Its message has a line for each. */
export class DemoFault extends Error {
  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.name = 'DemoFault'
  }
}

/**
 * Refuses to go on where a check failed.
 *
 * @param checks - What must hold, as a sentence that says the opposite.
 * @throws {@link DemoFault} with every sentence whose check failed.
 *
 * @example
 * demand({ 'The wallet paid too much.': paid === expected })
 */
export function demand(checks: Readonly<Record<string, boolean>>): void {
  const faults = Object.entries(checks).flatMap(([fault, holds]) => (holds ? [] : [fault]))
  if (faults.length > 0) throw new DemoFault(faults)
}
