import type { Settings } from '../config.ts'
import type { LegPolicy } from '../domain/leg.ts'

/** The limits that every leg of an order gets from the configuration. */
export function policyOf(execution: Settings['execution']): LegPolicy {
  return {
    gasLimitMax: execution.gasLimit,
    maxFeePerGas: execution.maxFeePerGasWei,
    maxCancelFeePerGas: execution.maxCancelFeePerGasWei,
    retriesMax: execution.retryAttempts,
    retryDelayMs: execution.retryDelayMs,
    confirmations: execution.confirmationBlocks,
    timeoutMs: execution.timeoutMs,
    bumpIntervalMs: execution.bumpIntervalMs,
    quoteAgeMaxMs: execution.quoteAgeMaxMs,
    approvals: execution.approvals,
  }
}
