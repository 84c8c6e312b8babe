import { describe, expect, test } from 'vitest'
import type { BroadcastReply } from '../../src/chain/chain.ts'
import { bestReply, readBroadcastError } from '../../src/chain/replies.ts'

type Verdict = BroadcastReply['verdict']

/** What clients say, by what it means. The first of each row are those of the design's table. */
const said: readonly (readonly [Verdict, readonly string[]])[] = [
  [
    'accepted',
    [
      'already known',
      'known transaction',
      'transaction already imported',
      'AlreadyKnown',
      'OwnNonceAlreadyUsed',
      'Known transaction',
      'Transaction with the same hash was already imported.',
      'Known transaction: 0x7f657507aee0511e36d2d1972a6b22e917cc89f92b6c12c4dbd57eaabb236960',
      'this transaction is already in the TxPool',
      'tx already exists in cache',
      'INTERNAL_ERROR: existing tx with same hash: already known',
      "failed to forward tx to sequencer, please try again. Error message: 'already known'",
      'known transaction. transaction with hash 0x6013…3053 is already in the system',
      'transaction already in mempool',
      'already imported',
    ],
  ],
  [
    'nonceTooLow',
    [
      'nonce too low',
      'OldNonce',
      'invalid transaction nonce',
      'invalid nonce; got 5, expected 6: invalid sequence: invalid sequence',
      'Transaction nonce too low. Expected nonce to be at least 1 but got 0.',
      'the tx doesn’t have the correct nonce. account has nonce of: 1 tx has nonce of: 0 (tx nonce too low)',
      'submit transaction to pool failed: Pool(Stale)',
      'nonce too low: next nonce 5, tx nonce 4',
      'nonce too low: address 0x336394A3219e71D9d9bd18201d34E95C1Bb7122C, tx: 8089 state: 8090',
      'OldNonce, Current nonce: 22, nonce of rejected tx: 17',
      'Transaction nonce is too low. Try incrementing the nonce.',
      'nonce too low. allowed nonce range: 427 - 447, actual: 426',
      'transaction rejected: nonce too low',
      'transaction already finalized',
    ],
  ],
  [
    'nonceTooHigh',
    [
      'nonce too high',
      'NonceGap',
      'NonceGap, Future nonce. Expected nonce: 10',
      'transaction nonce 12 exceeds next nonce 10',
      'nonce too far in the future',
      'nonce out of range',
      'nonce too high: tx nonce 7, gapped nonce 5',
      'Nonce too high. Expected nonce to be 0 but got 5. Note that transactions can’t be queued when automining.',
      'NonceTooFarInFuture',
      'Transaction nonce is too distant from current sender nonce',
      'gapped-nonce tx from delegated accounts',
      'future transaction tries to replace pending',
    ],
  ],
  [
    'outbid',
    [
      'replacement transaction underpriced',
      'INTERNAL_ERROR: could not replace existing tx',
      'an existing transaction had higher priority',
      'Transaction gas price 100wei is too low. There is another transaction with same nonce in the queue with gas price 150wei. Try increasing the gas price or incrementing the nonce.',
      'Replacement transaction underpriced. A gasPrice/maxFeePerGas of at least 1100000000 is necessary to replace the existing transaction with nonce 3.',
      'replacement gas too low, got tip 1, min: 2, got fee 3, min: 4',
      'replacement transaction underpriced: new tx gas fee cap 1 <= 2 queued',
      'insufficient gas price to replace existing transaction',
      'replaced by transaction with higher tip',
      'there is another tx which has the same nonce in the tx pool',
      'Priority is too low: (40 vs 41)',
      'ReplacementNotAllowed',
    ],
  ],
  [
    'underpriced',
    [
      'transaction underpriced',
      'gas price below minimum',
      'FeeTooLow',
      'Gas price below configured minimum gas price',
      'FeeTooLow, EffectivePriorityFeePerGas too low 10 < 20, BaseFee: 30',
      'FeeTooLowToCompete',
      'transaction underpriced: gas tip cap 1, minimum needed 2',
      'transaction gas price below minimum: gas tip cap 1, minimum needed 25000000000',
      "Gas price '830000000000' is below configured minimum gas price '950000000000'",
      'Transaction gas price is too low. It does not satisfy your node’s minimal gas price (minimal: 100 got: 50).',
      'gas price too low',
      'transaction feeCap 1 below chain minimum',
    ],
  ],
  [
    'belowBaseFee',
    [
      'max fee per gas less than block base fee',
      'max fee per gas less than block base fee: address 0x0499, maxFeePerGas: 1, baseFee: 2',
      'Gas price below current base fee',
      'gas price less than block base fee',
      'FeeTooLow, MaxFeePerGas too low. MaxFeePerGas: 50, BaseFee: 100, MaxPriorityFeePerGas:200, Block number: 5',
      'Transaction maxFeePerGas (1) is too low for the next block, which has a baseFeePerGas of 2',
    ],
  ],
  [
    'poolFull',
    [
      'txpool is full',
      'queue full',
      'sequencer queue is full',
      'sequencer pending tx pool full, please try again',
      'pending sub-pool is full',
      'There are too many transactions in the queue. Your transaction was dropped due to limit. Try increasing the fee.',
      'transaction discarded outright due to pool size constraints',
      'account limit exceeded',
      'in-flight transaction limit reached for delegated accounts',
      'rejected due to 0x00 being identified as a spammer',
    ],
  ],
  [
    'cannotPay',
    [
      'insufficient funds for gas * price + value',
      'Insufficient funds for gas * price + value',
      'Upfront cost exceeds account balance',
      "Sender doesn't have enough funds to send tx. The max upfront cost is: 2 and the sender's balance is: 1.",
      'insufficient funds for gas * price + value: balance 1, tx cost 2, overshot 3',
      'insufficient funds for gas * price + value: balance 1, queued cost 2, tx cost 3, overshot 4',
      'insufficient funds for gas * price + value: address 0xb68D have 99 want 100',
      'insufficient funds for transfer',
      'Insufficient balance for transaction. Balance=100.25, Cost=200.50',
      'InsufficientFunds, Account balance: 4, cumulative cost: 22',
      'not enough funds for gas',
      'transaction would cause overdraft',
    ],
  ],
  [
    'feeCap',
    [
      'tx fee (1.10 ether) exceeds the configured cap (1.00 ether)',
      'tx fee (1.10 of currency celo) exceeds the configured cap (1.00 celo)',
      'Transaction fee cap exceeded',
    ],
  ],
  [
    'never',
    [
      'intrinsic gas too low',
      'exceeds block gas limit',
      'intrinsic gas too high',
      'invalid sender',
      'oversized data',
      'invalid chain id for signer',
      'GasLimitExceeded',
      'intrinsic gas too low: gas 21000, minimum needed 24000',
      'Intrinsic gas exceeds gas limit',
      'Transaction gas limit is 31000000 and exceeds block gas limit of 30000000',
      'transaction gas limit too high (cap: 16777216, tx: 30000000)',
      'Transaction requires at least 21000 gas but got 20000',
      'invalid chain id for signer: have 1 want 2',
      'Wrong chainId',
      'Invalid signature',
      'transaction type not supported',
      'max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas: 2, maxFeePerGas: 1',
    ],
  ],
  [
    'unknown',
    [
      'unknown transaction',
      'internal error',
      'request timed out',
      'Internal JSON-RPC error.',
      'execution aborted (timeout = 5s)',
      'the method eth_sendRawTransaction does not exist',
      '',
    ],
  ],
]

describe('a node’s words about a transaction', () => {
  test.each(said.flatMap(([verdict, messages]) => messages.map((message) => [verdict, message] as const)))(
    'mean %s: %s',
    (verdict, message) => {
      expect(readBroadcastError(message)).toEqual({ verdict, message })
    },
  )

  test.each([
    ['Internal error', 'nonce too low', 'nonceTooLow'],
    ['Invalid Transaction', { message: 'Transaction is outdated' }, 'nonceTooLow'],
    ['Internal error', { code: 7 }, 'unknown'],
    ['already known', null, 'accepted'],
  ])('count where they stand beside the message: %s, %j', (message, data, verdict) => {
    expect(readBroadcastError(message, data).verdict).toBe(verdict)
  })
})

describe('several endpoints’ words', () => {
  const bestOf = (...verdicts: Verdict[]) => bestReply(verdicts.map((verdict) => ({ verdict, message: '' }))).verdict
  const all = said.map(([verdict]) => verdict)

  test.each(all)('one that has it outweighs another’s %s', (verdict) => {
    expect(bestOf(verdict, 'accepted')).toBe('accepted')
    expect(bestOf('accepted', verdict)).toBe('accepted')
  })

  test.each(all.filter((verdict) => verdict !== 'cannotPay' && verdict !== 'never'))(
    'give up nothing while one says %s',
    (verdict) => {
      expect(bestOf('never', verdict, 'cannotPay')).toBe(verdict)
    },
  )

  test('give it up where all refuse it for good', () => {
    expect(bestOf('never', 'cannotPay')).toBe('cannotPay')
    expect(bestOf('never', 'never')).toBe('never')
  })

  test('that one did not understand do not hide what another asks for', () => {
    expect(bestOf('unknown', 'outbid')).toBe('outbid')
    expect(bestOf('unknown', 'underpriced')).toBe('underpriced')
    expect(bestOf('unknown', 'feeCap')).toBe('unknown')
  })

  test('are unknown where there are none', () => {
    expect(bestReply([]).verdict).toBe('unknown')
  })
})
