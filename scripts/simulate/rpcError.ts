// Where it is kept is the business of `src/chain`; the simulation asks for it here alone.
export { RpcError } from '../../src/chain/rpcFaults.ts'
