/** Told of what went wrong without ending anything, and with what; with null in place of the error that it is well again. */
export type OnTrouble = (error: unknown, what: string) => void
