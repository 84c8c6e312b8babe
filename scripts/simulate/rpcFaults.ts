// Where they are kept is the business of `src/chain`; the simulation asks for them here alone.
export { LimitedError, RpcError } from '../../src/chain/rpcFaults.ts'
