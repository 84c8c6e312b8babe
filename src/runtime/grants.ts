import { allowanceOf, allowanceRead, approveCall, type Grant } from '../dex/erc20.ts'
import type { Hex } from '../domain/hex.ts'
import { batchOf, type Request } from '../domain/read.ts'
import type { Token } from '../domain/token.ts'
import { known, type Ports } from './ports.ts'

type GrantPorts = Pick<Ports, 'dexes' | 'allowances' | 'clock'>

/** What a wallet must have allowed, in the order in which it must, so that a venue can take a token: nothing for the native coin. */
export function grantsOf({ dexes }: Pick<Ports, 'dexes'>, venue: string, wallet: Hex, { address }: Token): Grant[] {
  if (address === 'native') return []
  return known(dexes, venue, 'venue').spenders.map(({ address: spender, via }) => ({
    wallet,
    token: address,
    spender,
    ...(via !== undefined && { via }),
  }))
}

/** Reads what wallets allow venues to take of a token, and notes it. */
export function grantRequest(
  ports: GrantPorts,
  wallets: readonly Hex[],
  venues: readonly string[],
  token: Token,
): Request<void> {
  const grants = new Map<string, Grant>()
  for (const wallet of wallets) {
    for (const venue of venues) {
      for (const grant of grantsOf(ports, venue, wallet, token)) grants.set(JSON.stringify(grant), grant)
    }
  }
  const { reads, answer } = batchOf([...grants.values()].map((grant) => readGrant(ports, grant)))
  return { reads, answer: (replies) => void answer(replies) }
}

/**
 * Some tokens (USDT on Ethereum) refuse to change an allowance that is not zero but to zero. Whether this one does shows only where
 * there is an allowance, so that a trial approval is asked for along with it.
 */
function readGrant({ allowances, clock }: GrantPorts, grant: Grant): Request<void> {
  const { wallet, via } = grant
  const allowance = allowanceRead(grant)
  const { to, data } = approveCall(grant, trialAmount)
  return {
    reads: via === undefined ? [allowance, { kind: 'call', from: wallet, to, data }] : [allowance],
    answer: ([allowed, trial]) => {
      const amount = allowed?.ok ? allowanceOf(grant, allowed.value, Math.floor(clock.now() / 1000)) : undefined
      if (amount === undefined) return
      allowances.note(grant, amount)
      if (amount > 0n && trial !== undefined) allowances.noteChangeable(grant, trial.ok)
    },
  }
}

const trialAmount = '1'
