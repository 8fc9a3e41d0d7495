import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Command } from 'commander'
import { keysOf } from '../core/names.ts'
import { lifetimeBounds } from '../core/profile.ts'
import { random } from '../node/runtime.ts'
import { CommandFailure, exitCodes, misuse } from './failures.ts'
import { writeNew } from './files.ts'
import { print, printJson } from './output.ts'

type InitOptions = { readonly force?: true; readonly json?: true }

/** `strongroom init`: a first configuration for development on this machine. */
export function initCommand(): Command {
  return new Command('init')
    .description('write a first configuration and a sealing key')
    .argument('[dir]', 'where to', '.')
    .option('--force', 'replace the configuration; a sealing key that is there stays')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Examples:
  strongroom init
  strongroom init ./issuer --force

Writes strongroom.yaml for development on this machine, and sealing.key (mode 0600), under which the signing keys
are encrypted. Keep the key apart from backups of the database.`,
    )
    .action(init)
}

function init(directory: string, options: InitOptions): void {
  const file = join(directory, 'strongroom.yaml')
  const keyFile = join(directory, 'sealing.key')
  makeDirectory(directory)
  if (existsSync(file)) {
    if (options.force !== true) misuse(`${file} exists already: --force replaces it`)
  }
  // Another key would make every signing key in the database unreadable.
  const keptKey = existsSync(keyFile)
  if (keptKey) chmodSync(keyFile, 0o600)
  else writeNew(keyFile, `${random(32)}\n`, 'private')
  rmSync(file, { force: true })
  writeNew(file, configuration(), 'public')
  say({ file, keyFile, keptKey }, options)
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true })
  } catch {
    throw new CommandFailure(exitCodes.unreachable, `${directory} cannot be made`)
  }
}

function say(made: { file: string; keyFile: string; keptKey: boolean }, { json }: InitOptions): void {
  const isHere = made.file === 'strongroom.yaml'
  const config = isHere ? '' : ` --config ${relative('.', made.file)}`
  const next = [
    `strongroom user add alice${config}`,
    `strongroom client add${config} --name "My app" --redirect-uri http://127.0.0.1:4600/callback --scope "openid accounts" --generate-key my-app.key.json`,
    `strongroom serve${config}`,
  ]
  if (json === true) return printJson({ ...made, next })
  print(`wrote  ${made.file}`)
  print(
    made.keptKey
      ? `kept   ${made.keyFile}`
      : `wrote  ${made.keyFile}  (secret, mode 0600; keep it out of version control)`,
  )
  print('next:')
  for (const command of next) print(`  ${command}`)
}

function configuration(): string {
  const lifetimes = keysOf(lifetimeBounds).map((name) => {
    const { standard, least, most, clause } = lifetimeBounds[name]
    return `#   ${`${name}: ${standard}`.padEnd(19)} # ${least} to ${most}; ${clause}`
  })
  return `# Strongroom. \`strongroom config validate\` checks this file, \`strongroom config schema\` prints its JSON Schema.
# Values may be \${env:NAME} and \${file:path}. STRONGROOM_LISTEN__PORT=4401 overrides listen.port.

# The URL under which clients and APIs know this server. https, except for development on this machine.
issuer: http://localhost:4400

# Where it listens: this machine only. In production a proxy in front ends TLS.
listen:
  host: 127.0.0.1
  port: 4400

# The APIs that tokens are issued for. Every scope belongs to one of them.
apis:
  - resource: http://127.0.0.1:4500
    name: Example bank
    scopes:
      - name: accounts
        description: See your accounts and their balances
      - name: payments
        description: Make payments from your accounts

# One file with everything the server remembers.
store:
  kind: sqlite
  path: strongroom.db

# What the private signing keys in the database are encrypted under: 32 bytes, base64url or hex.
keys:
  sealing: \${file:sealing.key}

# Seconds. What is not set here has these values.
# lifetimes:
${lifetimes.join('\n')}

# log:
#   level: info         # info, warn (refusals and failures), error
`
}
