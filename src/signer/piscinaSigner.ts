import { SigningError, WalletError } from '../domain/errors.ts'
import type { SignedTransaction, UnsignedTransaction } from '../domain/transaction.ts'
import type { SignReply, SignRequest, WalletConfig, WorkerReply } from './messages.ts'
import type { Signer } from './signer.ts'
import { openWorkerPool, type WorkerPool } from './workerPool.ts'

export type { WalletConfig } from './messages.ts'

/** Enough to make the trip between threads cheap, and few enough for the first of a flood to come back early. */
const batchMax = 64

/** Signatures asked for and not yet given. Lanes hold far fewer in flight: more means that a caller has lost count. */
const pendingMax = 50_000

interface Waiting {
  readonly request: SignRequest
  resolve(signed: SignedTransaction): void
  reject(error: unknown): void
}

/**
 * Opens a signer whose keys live in worker threads alone.
 *
 * @param threads - Signing threads, 1 by default.
 * @throws {@link WalletError} if a wallet cannot be loaded; it names the field, never the secret.
 * @throws {@link SigningError} if `LEGWORK_SIGNER` names a backend that cannot be used here.
 *
 * @example
 * const signer = await openPiscinaSigner({ wallets: [{ privateKeyEnv: 'LEGWORK_KEY' }], chainId: 1 })
 */
export async function openPiscinaSigner({
  wallets,
  chainId,
  threads = 1,
}: {
  wallets: readonly WalletConfig[]
  chainId: number
  threads?: number
}): Promise<Signer> {
  if (wallets.length === 0) throw new WalletError('At least one wallet is needed.', { field: 'wallets' })
  const wantedBackend = process.env.LEGWORK_SIGNER
  const pool = openWorkerPool(wantedBackend ? { wallets, wantedBackend } : { wallets }, threads)
  const described = await describe(pool).catch(async (error: unknown) => {
    await pool.close()
    throw error
  })
  return {
    ...described,
    sign: batched(pool, (request) => checked(request, described.wallets, chainId)),
    close: () => pool.close(),
  }
}

async function describe(pool: WorkerPool): Promise<Pick<Signer, 'wallets' | 'backend'>> {
  const reply = await pool.run({ kind: 'describe' })
  if (!reply.ok) throw fromFailure(reply.failure)
  if (reply.kind !== 'described') throw new SigningError('The signing worker gave the wrong kind of answer.')
  return { wallets: reply.wallets, backend: reply.backend }
}

function checked(request: SignRequest, wallets: readonly string[], chainId: number): SignRequest {
  const { wallet, transaction } = request
  if (!wallets.includes(wallet)) throw new SigningError('No such wallet is configured.', { wallet })
  if (transaction.chainId !== chainId) {
    throw new SigningError('The transaction is for another chain.', { chainId: transaction.chainId, expected: chainId })
  }
  return request
}

/** What one turn of the event loop asks for travels together: one trip between threads costs as much as two signatures. */
function batched(pool: WorkerPool, check: (request: SignRequest) => SignRequest): Signer['sign'] {
  let waiting: Waiting[] = []
  let pending = 0

  function send(): void {
    const all = waiting
    waiting = []
    for (let start = 0; start < all.length; start += batchMax) {
      const batch = all.slice(start, start + batchMax)
      void signBatch(pool, batch).then(() => {
        pending -= batch.length
      })
    }
  }

  return (wallet, transaction: UnsignedTransaction) =>
    new Promise((resolve, reject) => {
      const request = check({ wallet, transaction })
      if (pending >= pendingMax) throw new SigningError('Too many signatures are pending.', { pending })
      pending += 1
      if (waiting.push({ request, resolve, reject }) === 1) setImmediate(send)
    })
}

/** Settles every promise of the batch, whatever happens. */
async function signBatch(pool: WorkerPool, batch: readonly Waiting[]): Promise<void> {
  try {
    const replies = signatures(await pool.run({ kind: 'sign', batch: batch.map(({ request }) => request) }))
    batch.forEach(({ resolve, reject }, index) => {
      const reply = replies[index]
      if (reply?.ok) resolve(reply.signed)
      else reject(reply ? fromFailure(reply.failure) : new SigningError('The signing worker left out a signature.'))
    })
  } catch (error) {
    for (const { reject } of batch) reject(error)
  }
}

function signatures(reply: WorkerReply): readonly SignReply[] {
  if (!reply.ok) throw fromFailure(reply.failure)
  if (reply.kind !== 'signed') throw new SigningError('The signing worker gave the wrong kind of answer.')
  return reply.replies
}

function fromFailure({ code, message }: { code: string; message: string }): Error {
  return code === 'WALLET' ? new WalletError(message) : new SigningError(message)
}
