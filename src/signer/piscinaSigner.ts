import { NotAllowedError, SigningError, WalletError } from '../domain/errors.ts'
import type { SignedTransaction, UnsignedTransaction } from '../domain/transaction.ts'
import type { AllowList, SignReply, SignRequest, WalletConfig, WorkerReply } from './messages.ts'
import type { Signer } from './signer.ts'
import { openWorkerPool, type WorkerPool } from './workerPool.ts'

export type { AllowList, WalletConfig } from './messages.ts'

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
 * @param allow - All that can get a signature. It is copied: the workers keep to it however long they live or often they start.
 * @param threads - Signing threads, 1 by default.
 * @throws {@link WalletError} if a wallet cannot be loaded; it names the field, never the secret.
 * @throws {@link SigningError} if `LEGWORK_SIGNER` names a backend that cannot be used here.
 *
 * @example
 * const signer = await openPiscinaSigner({ wallets: [{ privateKeyEnv: 'LEGWORK_KEY' }], chainId: 1, allow })
 */
export async function openPiscinaSigner({
  wallets,
  chainId,
  allow,
  threads = 1,
}: {
  wallets: readonly WalletConfig[]
  chainId: number
  allow: AllowList
  threads?: number
}): Promise<Signer> {
  if (wallets.length === 0) throw new WalletError('At least one wallet is needed.', { field: 'wallets' })
  const wantedBackend = process.env.LEGWORK_SIGNER
  // A worker that starts later gets the list of now, whatever its owner does with it meanwhile.
  const settings = structuredClone({ wallets, chainId, allow })
  const pool = openWorkerPool(wantedBackend ? { ...settings, wantedBackend } : settings, threads)
  const described = await describe(pool).catch(async (error: unknown) => {
    await pool.close()
    throw error
  })
  return {
    ...described,
    sign: batched(pool),
    close: () => pool.close(),
  }
}

async function describe(pool: WorkerPool): Promise<Pick<Signer, 'wallets' | 'backend'>> {
  const reply = await pool.run({ kind: 'describe' })
  if (!reply.ok) throw fromFailure(reply.failure)
  if (reply.kind !== 'described') throw new SigningError('The signing worker gave the wrong kind of answer.')
  return { wallets: reply.wallets, backend: reply.backend }
}

/** What one turn of the event loop asks for travels together: one trip between threads costs as much as two signatures. */
function batched(pool: WorkerPool): Signer['sign'] {
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
      if (pending >= pendingMax) throw new SigningError('Too many signatures are pending.', { pending })
      pending += 1
      if (waiting.push({ request: { wallet, transaction }, resolve, reject }) === 1) setImmediate(send)
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
  if (code === 'WALLET') return new WalletError(message)
  return code === 'NOT_ALLOWED' ? new NotAllowedError(message) : new SigningError(message)
}
