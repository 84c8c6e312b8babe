/** How one client's pool behaves, and in which words it refuses. */
export interface Dialect {
  readonly client: string
  readonly known: string | null
  readonly nonceTooLow: string
  /** Null: it keeps transactions behind a gap. */
  readonly gap: string | null
  readonly underpriced: string
  /** Null: it keeps transactions below the base fee. */
  readonly belowBaseFee: string | null
  readonly cannotPay: string
  readonly never: string
  readonly full: string
  /** It does not have a block whose state is asked for. */
  readonly noState: string
  /** It has `eth_simulateV1`. */
  readonly simulates: boolean
  /** True where the newer fees are enough to replace the older ones. */
  readonly replaces: (older: Offer, newer: Offer) => boolean
  /** It takes a reorg's transactions back into its pool. */
  readonly repools: boolean
  /** It drops what falls below the base fee. */
  readonly dropsCheap: boolean
}

interface Offer {
  readonly maxFee: bigint
  readonly tip: bigint
}

const texts = {
  nonceTooLow: 'nonce too low',
  underpriced: 'replacement transaction underpriced',
  cannotPay: 'insufficient funds for gas * price + value',
  never: 'exceeds block gas limit',
  full: 'txpool is full',
  noState: 'header not found',
  simulates: true,
}

/** The clients of the table in section 6 of the design, as far as their rules differ. */
export const dialects: readonly Dialect[] = [
  {
    ...texts,
    client: 'geth',
    known: 'already known',
    gap: null,
    belowBaseFee: null,
    replaces: (older, newer) => isAbove(older, newer, 10n, false),
    repools: true,
    dropsCheap: false,
  },
  {
    ...texts,
    client: 'reth',
    noState: 'block not found',
    known: 'already known',
    gap: null,
    belowBaseFee: null,
    replaces: (older, newer) => isAbove(older, newer, 10n, true),
    repools: true,
    dropsCheap: false,
  },
  {
    ...texts,
    client: 'anvil',
    known: 'transaction already imported',
    gap: null,
    belowBaseFee: 'max fee per gas less than block base fee',
    cannotPay: 'Insufficient funds for gas * price + value',
    noState: 'BlockOutOfRangeError: block height is 3 but requested was 255',
    replaces: (older, newer) => newer.maxFee > older.maxFee,
    repools: false,
    dropsCheap: true,
  },
  {
    client: 'nethermind',
    known: 'AlreadyKnown',
    nonceTooLow: 'OldNonce, Current nonce: 7, nonce of rejected tx: 3',
    gap: 'NonceGap, Future nonce. Expected nonce: 3',
    underpriced: 'ReplacementNotAllowed: replacement transaction underpriced',
    belowBaseFee: null,
    cannotPay: 'InsufficientFunds, insufficient funds for transfer',
    never: 'GasLimitExceeded',
    full: 'FeeTooLow, txpool is full',
    noState: 'No state available for block 0xe7b1',
    simulates: true,
    replaces: (older, newer) => isAbove(older, newer, 10n, false),
    repools: false,
    dropsCheap: false,
  },
  {
    client: 'hardhat',
    known: null,
    nonceTooLow: 'Transaction nonce too low. Expected nonce to be at least 7 but got 3.',
    gap: null,
    underpriced: 'Replacement transaction underpriced. A gasPrice/maxFeePerGas of at least 9 is necessary',
    belowBaseFee: null,
    cannotPay: "Sender doesn't have enough funds to send tx.",
    never: 'intrinsic gas too low',
    full: 'txpool is full',
    noState: 'Received invalid block tag 44. Latest block number is 38',
    simulates: false,
    replaces: (older, newer) => isAbove(older, newer, 10n, false),
    repools: false,
    dropsCheap: true,
  },
]

function isAbove(older: Offer, newer: Offer, percent: bigint, isStrict: boolean): boolean {
  const isEnough = (before: bigint, after: bigint): boolean => {
    const [have, need] = [after * 100n, before * (100n + percent)]
    return isStrict ? have > need : have >= need
  }
  return isEnough(older.maxFee, newer.maxFee) && isEnough(older.tip, newer.tip)
}
