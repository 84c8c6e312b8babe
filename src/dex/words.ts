// The chain encodes calls by the same words, and neither folder imports the other.
export { addressWord, readAddress, readWord, uintWord } from '../domain/words.ts'
