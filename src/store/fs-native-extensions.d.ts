// The package brings no types. These are the calls used here.
declare module 'fs-native-extensions' {
  /** False where another file descriptor, of this process or another, holds the lock. */
  export function tryLock(fd: number): boolean
}
