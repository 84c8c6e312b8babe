import type { AnyActorRef } from 'xstate'
import type { Chain } from '../chain/chain.ts'
import { type HeadFollower, startHeadFollower } from '../chain/headFollower.ts'
import type { Settings, VenueSettings } from '../config.ts'
import type { Dex } from '../dex/dex.ts'
import { openDex } from '../dex/openDex.ts'
import { DistributionManager } from '../distribution/distributionManager.ts'
import type { Clock } from '../domain/clock.ts'
import { InvalidConfigError, toFailure } from '../domain/errors.ts'
import type { Hex } from '../domain/hex.ts'
import { together } from '../domain/together.ts'
import { createLogger, type Logger } from '../monitor/log.ts'
import { type AllowList, openPiscinaSigner } from '../signer/piscinaSigner.ts'
import type { Signer } from '../signer/signer.ts'
import { type HaltFile, haltFile } from '../store/haltFile.ts'
import { openLmdbStore } from '../store/lmdbStore.ts'
import { MemoryBank } from '../store/memoryBank.ts'
import type { Store } from '../store/store.ts'
import { allowanceTable } from './allowances.ts'
import { allowListOf } from './allowList.ts'
import { describeSettings } from './describeSettings.ts'
import { type Execution, startExecution } from './execution.ts'
import { feeBook } from './feeBook.ts'
import { fundsBook } from './funds.ts'
import { readGaps, startGapFillers } from './gapFillers.ts'
import { gasBook } from './gasBook.ts'
import { findHalt, type Halt, type Halting, startHalting } from './halting.ts'
import { startJournal } from './journal.ts'
import { laneMarks } from './laneMarks.ts'
import type { Lane } from './lanes.ts'
import { openLedger } from './ledger.ts'
import { limitsOf } from './limitRules.ts'
import type { TradeStep } from './liveTrade.ts'
import { type Metrics, metrics } from './metrics.ts'
import { type OpenChainOptions, openChain } from './openChain.ts'
import { openLanes } from './openLanes.ts'
import { findOutdated, outdated } from './outdated.ts'
import { readFunds } from './payers.ts'
import { policyOf } from './policy.ts'
import { poolBook } from './poolBook.ts'
import type { Ports } from './ports.ts'
import { realClock } from './realClock.ts'
import { readLive } from './records.ts'
import { adoptHashes, bindToChain, checkParts, openWork, sendOpenAttempts } from './resume.ts'
import type { TradeStatus } from './status.ts'
import { readTokens, type TokenTable } from './tokens.ts'

/** How the parts that reach outside are opened: the real ones, or a test's. */
export interface Openers {
  readonly clock: Clock
  readonly openStore: (dataDir: string) => Promise<Store>
  /** Absent: nobody can halt it from outside. */
  readonly haltFile?: (dataDir: string) => HaltFile
  readonly openChain: (chain: Settings['chain'], options: OpenChainOptions) => Promise<Chain>
  readonly openSigner: (settings: Pick<Settings, 'wallets' | 'chain'>, allow: AllowList) => Promise<Signer>
  readonly openVenue: (venue: VenueSettings, chain: Chain, field: string) => Promise<Dex>
}

export const realOpeners: Openers = {
  clock: realClock(),
  openStore: openLmdbStore,
  haltFile,
  openChain,
  openSigner: ({ wallets, chain }, allow) => openPiscinaSigner({ wallets, chainId: chain.chainId, allow }),
  openVenue: openDex,
}

/** What happens, for whoever listens. */
export interface Listeners {
  readonly onStep: (step: TradeStep, status: () => TradeStatus, actor: AnyActorRef) => void
  readonly onEnded: (status: TradeStatus) => void
  /** Trading was halted, or goes on again (null). */
  readonly onHalted: (halt: Halt | null) => void
  /** Something went wrong, or is well again (`failure: null`); nothing ended by it. */
  readonly onTrouble: (trouble: {
    readonly what: string
    readonly failure: ReturnType<typeof toFailure> | null
  }) => void
}

/** A running execution and what it runs on. */
export interface OpenExecution {
  readonly execution: Execution
  readonly halting: Halting
  readonly metrics: Metrics
  readonly signer: Signer
  readonly follower: HeadFollower
  readonly tokens: TokenTable
  readonly lanes: ReadonlyMap<Hex, Lane>
  readonly clock: Clock
  readonly logger: Logger
  close(): Promise<void>
}

/**
 * Opens everything, in the order that a restart needs: the store first, then the bytes of every open nonce go out again,
 * then the rest, then every unfinished trade goes on.
 *
 * @throws Whatever stands in the way, one clear error; what had been opened is closed again.
 */
export async function openExecution(
  settings: Settings,
  openers: Openers,
  listeners: Listeners,
): Promise<OpenExecution> {
  const closers: (() => Promise<void> | void)[] = []
  const closeAll = async (): Promise<void> => {
    const faults: unknown[] = []
    // Whatever one of them throws, the others are closed: the lock above all.
    for (const close of closers.splice(0).reverse()) {
      try {
        await close()
      } catch (error) {
        faults.push(error)
      }
    }
    if (faults.length > 0) throw faults[0]
  }
  try {
    return await openAll(settings, openers, listeners, closers, closeAll)
  } catch (error) {
    await closeAll().catch(() => {})
    throw error
  }
}

async function openAll(
  settings: Settings,
  openers: Openers,
  { onStep, onEnded, onHalted, onTrouble }: Listeners,
  closers: (() => Promise<void> | void)[],
  closeAll: () => Promise<void>,
): Promise<OpenExecution> {
  const { clock } = openers
  const { execution: rules } = settings
  const logger = createLogger({ level: settings.logLevel, logger: settings.logger })
  const trouble = (error: unknown, what: string): void => {
    const failure = error === null ? null : toFailure(error)
    onTrouble({ what, failure })
    if (failure === null) logger.info({}, `Well again: ${what}.`)
    else logger.warn({ failure }, `Trouble with ${what}.`)
  }

  const store = await openers.openStore(settings.dataDir)
  closers.push(() => store.close())
  const live = readLive(store)
  const gaps = readGaps(store)
  const file = openers.haltFile?.(settings.dataDir)
  const found = await findHalt(store, file, clock)
  const work = openWork(live, gaps, clock.now(), found !== null)
  const chain = await openers.openChain(settings.chain, { clock, onTrouble: trouble })
  closers.push(() => chain.close())
  await bindToChain(store, chain, settings.dataDir)
  // Before anything else is asked of the node: else a loop of crashes never makes progress.
  await sendOpenAttempts(chain, work)

  const bank = bankOf(settings, store, clock)
  const fees = feeBook(bank)
  const venues = openVenues(settings.venues, chain, openers)
  const signing = venues.then(async (opened) => {
    // What may be signed depends on what the venues' contracts say about themselves.
    const signer = await openers.openSigner(settings, allowListOf(settings, opened.values(), { live, gaps }))
    closers.push(() => signer.close())
    return signer
  })
  const [signer, follower, tokens, dexes] = await together([
    signing,
    startHeadFollower({
      chain,
      clock,
      pollIntervalMs: settings.chain.pollIntervalMs,
      usualTip: fees.usualTip,
      onTrouble: (error) => trouble(error, 'following the chain'),
    }).then((started) => {
      closers.push(() => started.stop())
      return started
    }),
    readTokens(settings.tokens, chain, bank),
    venues,
  ])
  checkParts(live, work, signer.wallets, dexes)
  await adoptHashes(follower, work)

  const journal = startJournal({
    store,
    clock,
    onTrouble: (failure) => {
      if (failure === null) logger.info({}, 'The store takes writes again.')
      else logger.error({ failure }, 'The store refuses writes: trades stand still until it takes them again.')
      onTrouble({ what: 'the store', failure })
    },
  })
  const halting = startHalting({ found, journal, clock, file })
  const marks = laneMarks(store)
  const lanes = await openLanes(signer.wallets, {
    chain,
    clock,
    work,
    marks,
    inFlightMax: rules.inFlightPerWallet,
    onTrouble: trouble,
  })
  closers.push(() => {
    for (const lane of lanes.values()) lane.stop()
  })
  const begun = [...lanes.values()].flatMap(({ wallet, minedAtOpening }) => marks.begin(wallet, minedAtOpening) ?? [])
  if (begun.length > 0) await store.commit(begun)
  const limits = limitsOf(settings, tokens)
  const outside = {
    chain,
    follower,
    dexes,
    signer,
    lanes,
    clock,
    distribution: settings.distributionManager ?? new DistributionManager({}, bank),
    allowances: allowanceTable(),
    gasBook: gasBook(bank),
    funds: fundsBook(),
    pools: poolBook(bank),
    limits,
    ledger: openLedger(limits.rules, store),
    halting,
    onTrouble: trouble,
  }
  const outdatedTrades = await findOutdated(outside, live)
  await readFunds(outside, [...tokens.values()])
  const fillers = startGapFillers({
    ports: outside,
    journal,
    policy: policyOf(rules),
    raiseMark: marks.raise,
    resumed: gaps,
  })
  for (const { wallet, minedAtOpening } of lanes.values()) fillers.closeGaps(wallet, minedAtOpening)
  const ports: Ports = { ...outside, gaps: fillers }
  bank.onWrite(() => journal.touch(bank))
  follower.onHead(({ number }) => fees.note(number, follower.market()))
  bank.set('configuration', 'effective', describeSettings(settings, ports))
  const totals = metrics(bank)
  const execution = startExecution({
    ports,
    journal,
    store,
    metrics: totals,
    raiseMark: marks.raise,
    activeTradesMax: rules.activeTradesMax,
    resumed: live,
    onStep,
    onEnded,
    onBroken: (tradeId, error) => trouble(error, `trade ${tradeId}, which stands still, on disk as it was last`),
  })
  closers.push(async () => {
    halting.stop()
    execution.stop()
    fillers.stop()
    await journal.close()
  })
  halting.onChange((halt) => {
    if (halt === null) logger.info({}, 'Trading is released.')
    else logger.warn({ halt }, 'Trading is halted: what was under way is cancelled.')
    onHalted(halt)
  })
  follower.onHead(() => void halting.look().catch((error: unknown) => trouble(error, 'looking for a halt file')))
  for (const tradeId of outdatedTrades) execution.cancel(tradeId, outdated)
  // In the same commit as that: what was looked into now is no news at the next opening.
  const reconciled = [...lanes.values()].filter(({ strangers }) => strangers.length > 0)
  for (const { wallet, minedAtOpening } of reconciled) {
    journal.touch({
      takeWrites: () => [marks.raise(wallet, minedAtOpening - 1)].filter((write) => write !== undefined),
    })
  }
  logger.info(
    {
      wallets: signer.wallets,
      signing: signer.backend,
      resumed: live.length,
      head: follower.head().number,
      halt: found,
    },
    found === null ? 'Legwork is open.' : 'Legwork is open, and halted.',
  )
  return { execution, halting, metrics: totals, signer, follower, tokens, lanes, clock, logger, close: closeAll }
}

function bankOf({ memoryBank }: Settings, store: Store, clock: Clock): MemoryBank {
  if (memoryBank === undefined) return MemoryBank.over(store, clock.now)
  if (memoryBank instanceof MemoryBank) return memoryBank
  throw new InvalidConfigError('memoryBank must be a MemoryBank.', { field: 'memoryBank' })
}

async function openVenues(
  venues: readonly VenueSettings[],
  chain: Chain,
  { openVenue }: Openers,
): Promise<ReadonlyMap<string, Dex>> {
  const opened = await together(venues.map((venue, index) => openVenue(venue, chain, `venues[${index}]`)))
  return new Map(opened.map((dex) => [dex.venue, dex]))
}
