/** Told of what went wrong without ending anything, and with what. */
export type OnTrouble = (error: unknown, what: string) => void
