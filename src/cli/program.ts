import { createRequire } from 'node:module'
import { Command, CommanderError, Option } from 'commander'
import { ClosedError } from '../index.ts'
import { halt, release } from './haltCommands.ts'
import { exitCodes, type Io } from './io.ts'
import { resume } from './resumeCommand.ts'
import { clear, history, metrics, status } from './storeCommands.ts'
import { trade } from './tradeCommand.ts'

const require = createRequire(import.meta.url)

/**
 * Runs one command line and says how it ended. Prints to `io` alone.
 *
 * @param args - What stands behind the program's name.
 * @returns The exit code: 0 all well, 1 failed, 2 filled in part, 130 stopped by the user.
 *
 * @example
 * process.exitCode = await runCli(['status', '--data-dir', './legwork-data'], io)
 */
export async function runCli(args: readonly string[], io: Io): Promise<number> {
  let code: number = exitCodes.ok
  const program = commands(io, (ended) => {
    code = ended
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    // The parser has said it already; its own code is 0 after --help and --version.
    if (error instanceof CommanderError) return error.exitCode
    if (io.signal.aborted && error instanceof ClosedError) {
      io.err.write('Stopped. What has not ended goes on with: legwork resume\n')
      return exitCodes.stopped
    }
    io.err.write(`${described(error, program.opts().verbose === true)}\n`)
    return exitCodes.failed
  }
}

function commands(io: Io, ended: (code: number) => void): Command {
  const { version } = require('legwork/package.json') as { version: string }
  const program = new Command('legwork')
    .description('Executes trades on decentralised exchanges and sees each of them through.')
    .version(version)
    .option('--verbose', 'show where an error comes from')
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out.write(text), writeErr: (text) => io.err.write(text) })
  const config = ['--config <file>', 'JSON file with the options of ExecutionManager.open', 'legwork.json'] as const
  const dataDir = ['--data-dir <folder>', 'folder of the store', './legwork-data'] as const
  const paper = ['--paper', 'nothing is signed or sent; the store is one beside the real one'] as const
  const json = ['--json', 'print JSON instead'] as const

  program
    .command('trade')
    .description('execute one order and wait for its end')
    .option(...config)
    .requiredOption('--pair <pair>', 'BASE/QUOTE, by the symbols of the configuration')
    .requiredOption('--amount <amount>', 'of the base token, as a decimal')
    .addOption(new Option('--side <side>', 'sell or buy the amount').choices(['sell', 'buy']).default('sell'))
    .option('--id <id>', 'the id of the trade: the same order under the same id is the same trade')
    .option('--max-slippage <fraction>', 'of the first quote, instead of the configured one, such as 0.005')
    .addOption(
      new Option('--fill-policy <policy>', 'what it means that a leg fails').choices([
        'bestEffort',
        'reallocate',
        'unwind',
      ]),
    )
    .addOption(
      new Option('--minimum-fill <fraction>', 'of the amount: less is a failure, such as 0.9').conflicts('fillPolicy'),
    )
    .option(...paper)
    .option(...json)
    .action(async (options) => ended(await trade(options, io)))
  program
    .command('resume')
    .description('go on with every unfinished trade and wait for their ends')
    .option(...config)
    .option(...paper)
    .option(...json)
    .action(async (options) => ended(await resume(options, io)))
  program
    .command('status')
    .description('show a stored trade, or all of them')
    .argument('[trade-id]')
    .option(...dataDir)
    .option(...json)
    .action(async (tradeId, options) => ended(await status(tradeId, options, io)))
  program
    .command('history')
    .description('show every transition of a stored trade')
    .argument('<trade-id>')
    .option(...dataDir)
    .option(...json)
    .action(async (tradeId, options) => ended(await history(tradeId, options, io)))
  program
    .command('metrics')
    .description('show success rate, gas and time by venue and pair')
    .option(...dataDir)
    .option(...json)
    .action(async (options) => ended(await metrics(options, io)))
  program
    .command('clear')
    .description('forget the trades that have ended, and keep the totals')
    .option(...dataDir)
    .action(async (options) => ended(await clear(options, io)))
  program
    .command('halt')
    .description('stop trading at once, in a running process too, until it is released')
    .option(...dataDir)
    .option('--reason <text>', 'for people: whoever is refused reads it')
    .action(async (options) => ended(await halt(options, io)))
  program
    .command('release')
    .description('let a halted store trade again, once no process has it open')
    .option(...dataDir)
    .action(async (options) => ended(await release(options, io)))
  return program
}

function described(error: unknown, isVerbose: boolean): string {
  if (!(error instanceof Error)) return String(error)
  if (!isVerbose) return error.message
  const cause = error.cause === undefined ? '' : `\nCaused by: ${described(error.cause, true)}`
  return (error.stack ?? error.message) + cause
}
