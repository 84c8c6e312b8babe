/** What survives `JSON.parse(JSON.stringify(value))` unchanged: all that a snapshot or record may hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined }
