export { endpointMachine } from './endpointMachine.ts'
export { laneMachine } from './laneMachine.ts'
export { legMachine } from './legMachine.ts'
export { tradeMachine } from './tradeMachine.ts'
