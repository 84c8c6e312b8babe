import { SigningError } from '../../src/domain/errors.ts'
import type { Signer } from '../../src/signer/signer.ts'
import { walletOf } from './contracts.ts'
import type { Incarnation } from './incarnation.ts'
import type { Witness } from './witness.ts'
import type { World } from './world.ts'

/** Signs in no time, mostly; now and then a worker dies with what it had, or takes seconds. */
export function simSigner(world: World, life: Incarnation, witness: Witness): Signer {
  const { plan, faults, scenarios, story, wire } = world
  const random = world.random(`signer ${life.number}`)
  const wallets = Array.from({ length: plan.wallets }, (_, index) => walletOf(index))
  return {
    wallets,
    backend: 'simulated',
    sign(wallet, transaction) {
      life.notice('signing')
      return new Promise((resolve, reject) => {
        const isOpen = !world.isHealed()
        const isSlow = isOpen && faults.isOn('signerSlow') && random.chance(0.2)
        if (isSlow) faults.note('signerSlow')
        witness.signing(1)
        const delayMs = isSlow ? random.int(500, 20_000) : random.int(1, 6)
        life.at(delayMs, () => {
          witness.signing(-1)
          if (isOpen && faults.isOn('signerDies') && random.chance(0.15)) {
            faults.note('signerDies')
            scenarios.note('11 signer dies')
            story.tell('signer', () => `dies over nonce ${transaction.nonce}`)
            return reject(new SigningError('The signing worker died.'))
          }
          const signed = wire.sign(wallet, transaction)
          witness.signed(signed.raw)
          resolve(signed)
          life.notice('signed')
        })
      })
    },
    close: () => Promise.resolve(),
  }
}
