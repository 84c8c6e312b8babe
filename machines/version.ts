/**
 * Version of the statecharts as they are stored. It rises with every change after which an older snapshot would not
 * restore as it was; `src/runtime/records.ts` migrates or refuses what is older.
 */
export const machineVersion = 3
