/** The command line: composes the commands, and turns every failure into one line and an exit code. */

import { Command } from 'commander'
import { clientCommand } from './client.ts'
import { configCommand } from './config.ts'
import { demoCommand } from './demo.ts'
import { eventsCommand } from './events.ts'
import { doctorCommand } from './doctor.ts'
import { explainCommand } from './explain.ts'
import { exitCodes, report } from './failures.ts'
import { grantCommand } from './grant.ts'
import { initCommand } from './init.ts'
import { keyCommand } from './key.ts'
import { serveCommand } from './serve.ts'
import { userCommand } from './user.ts'
import { version } from './version.ts'

function program(): Command {
  const root = new Command('strongroom')
    .description('FAPI 2.0 in one package: an authorization server, a guard for any API, and a client')
    .version(version())
    .addHelpText(
      'after',
      `
Exit codes: 0 clean, 1 unexpected, 2 usage or configuration, 3 findings, 4 a dependency is unreachable.

Start here:
  strongroom demo            see it work
  strongroom init            write a configuration
  strongroom serve           run the server`,
    )
  for (const command of [
    serveCommand(),
    initCommand(),
    configCommand(),
    userCommand(),
    clientCommand(),
    grantCommand(),
    keyCommand(),
    eventsCommand(),
    doctorCommand(),
    explainCommand(),
    demoCommand(),
  ]) {
    root.addCommand(command)
  }
  configureAll(root)
  return root
}

/** Every command throws instead of exiting, and says what is wrong in one line. */
function configureAll(command: Command): void {
  command.option('--verbose', 'show where a failure came from')
  command.exitOverride().configureOutput({ outputError: (text, write) => write(oneLine(text)) })
  for (const sub of command.commands) configureAll(sub)
}

function oneLine(text: string): string {
  return `strongroom: ${text
    .trim()
    .replace(/^error: /, '')
    .replaceAll(/\s*\n\s*/g, ' ')}\n`
}

// Who reads standard output may go at any line, as `head` does: then nobody is left to tell anything.
process.stdout.on('error', () => process.exit(exitCodes.unreachable))

const root = program()
try {
  await root.parseAsync()
} catch (error) {
  process.exitCode = report(error, process.argv.includes('--verbose') ? 'verbose' : 'plain')
}
