import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Command } from 'commander'
import { keysOf } from '../core/names.ts'
import { lifetimeBounds } from '../core/profile.ts'
import { keyScheduleBounds } from '../node/keys/schedule.ts'
import { parseDistinguishedName } from '../core/distinguished-name.ts'
import { random, systemClock } from '../node/runtime.ts'
import { type DevelopmentCa, DevelopmentCaIncomplete, makeDevelopmentCa } from '../node/tls/development-ca.ts'
import { CommandFailure, exitCodes, misuse } from './failures.ts'
import { writeNew } from './files.ts'
import { print, printJson } from './output.ts'

/** The name in the client certificate for development. */
const clientName = 'CN=development client,O=Strongroom development'

type InitOptions = { readonly force?: true; readonly json?: true; readonly tls?: true }

/** `strongroom init`: a first configuration for development on this machine. */
export function initCommand(): Command {
  return new Command('init')
    .description('write a first configuration and a sealing key')
    .argument('[dir]', 'where to', '.')
    .option('--tls', 'end TLS here, with certificates for development on this machine')
    .option('--force', 'replace configuration and certificates; a sealing key that is there stays')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Examples:
  strongroom init
  strongroom init ./issuer --force
  strongroom init --tls

Writes strongroom.yaml for development on this machine, and sealing.key (mode 0600), under which the signing keys
are encrypted. Keep the key apart from backups of the database. With --tls also a CA (ca.pem), a certificate for
localhost (server.pem, server.key) and one for a client (client.pem, client.key); the key of the CA is not kept. The
client is registered with token_endpoint_auth_method tls_client_auth and, as its tls_client_auth_subject_dn,
"${clientName}".`,
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
  const tls = options.tls === true ? certificates(directory, options) : undefined
  // Another key would make every signing key in the database unreadable.
  const keptKey = existsSync(keyFile)
  if (keptKey) chmodSync(keyFile, 0o600)
  else writeNew(keyFile, `${random(32)}\n`, 'private')
  rmSync(file, { force: true })
  writeNew(file, configuration(tls === undefined ? 'http' : 'https'), 'public')
  say({ file, keyFile, keptKey, tls }, options)
}

function certificates(directory: string, { force }: InitOptions): DevelopmentCa {
  const clientSubject = parseDistinguishedName(clientName)
  const existing = force === true ? 'replace' : 'keep'
  try {
    return makeDevelopmentCa({ directory, clientSubject, existing, clock: systemClock, random })
  } catch (error) {
    if (error instanceof DevelopmentCaIncomplete) return misuse(`${error.message} (--force)`)
    throw new CommandFailure(exitCodes.unreachable, `the certificates cannot be written to ${directory}`)
  }
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true })
  } catch {
    throw new CommandFailure(exitCodes.unreachable, `${directory} cannot be made`)
  }
}

type Made = {
  readonly file: string
  readonly keyFile: string
  readonly keptKey: boolean
  readonly tls: DevelopmentCa | undefined
}

function say(made: Made, { json }: InitOptions): void {
  const { file, keyFile, keptKey, tls } = made
  const isHere = file === 'strongroom.yaml'
  const config = isHere ? '' : ` --config ${relative('.', file)}`
  const app = tls === undefined ? 'http://127.0.0.1:4600' : 'https://127.0.0.1:4600'
  const next = [
    `strongroom user add alice${config}`,
    `strongroom client add${config} --name "My app" --redirect-uri ${app}/callback --scope "openid accounts" --generate-key my-app.key.json`,
    `strongroom serve${config}`,
  ]
  if (json === true) return printJson({ ...made, next })
  print(`wrote  ${file}`)
  print(keptKey ? `kept   ${keyFile}` : `wrote  ${keyFile}  (secret, mode 0600; keep it out of version control)`)
  for (const name of tls?.files ?? []) {
    print(
      `${tls?.outcome === 'kept' ? 'kept ' : 'wrote'}  ${name}${name.endsWith('.key') ? '  (secret, mode 0600)' : ''}`,
    )
  }
  print('next:')
  if (tls !== undefined)
    print(`  export NODE_EXTRA_CA_CERTS=${tls.files[0]}  (clients on Node trust the certificates then)`)
  for (const command of next) print(`  ${command}`)
  if (tls !== undefined)
    print(`the name in the client certificate is "${clientName}"; docs/server.md tells how to register it`)
}

const tlsSection = `  # TLS ends here. Browsers come in here, and are not asked for certificates.
  tls:
    certificate: server.pem
    key: server.key`

const mutualTlsSection = `# The entrance for clients with certificates. Who is asked for one is served without it, too.
mtls:
  url: https://localhost:4443
  host: 127.0.0.1
  port: 4443
  tls:
    certificate: server.pem
    key: server.key`

const anchorsSection = `# The CAs that name clients in certificates.
clientCertificates:
  trustAnchors: [ca.pem]`

function configuration(scheme: 'http' | 'https'): string {
  const lifetimes = keysOf(lifetimeBounds).map((name) => {
    const { standard, least, most, clause } = lifetimeBounds[name]
    return `#   ${`${name}: ${standard}`.padEnd(26)} # ${least} to ${most}; ${clause}`
  })
  return `# Strongroom. \`strongroom config validate\` checks this file, \`strongroom config schema\` prints its JSON Schema.
# Values may be \${env:NAME} and \${file:path}. STRONGROOM_LISTEN__PORT=4401 overrides listen.port.

# The URL under which clients and APIs know this server. https, except for development on this machine.
issuer: ${scheme}://localhost:4400

# Where it listens: this machine only. In production a proxy in front ends TLS, or it ends here.
listen:
  host: 127.0.0.1
  port: 4400
${orAsComment(tlsSection, scheme)}

${orAsComment(mutualTlsSection, scheme)}

${orAsComment(anchorsSection, scheme)}

# The APIs that tokens are issued for. Every scope belongs to one of them.
apis:
  - resource: ${scheme}://127.0.0.1:4500
    name: Example bank
    scopes:
      - name: accounts
        description: See your accounts and their balances
      - name: payments
        description: Make payments from your accounts

# People sign in with user name, password or passkey. They may do so at another provider: docs/server.md.
# signIn:
#   passwords: none
#   upstream:
#     - { id: acme, name: Acme, issuer: https://id.acme.example, clientId: strongroom, clientSecret: "\${file:acme.secret}" }

# How the pages look and what they say: docs/pages.md.
# pages:
#   name: My bank
#   logo: logo.svg
#   languages: [en, de]

# One file with everything the server remembers.
store:
  kind: sqlite
  path: strongroom.db

# What the private signing keys in the database are encrypted under: 32 bytes, base64url or hex.
keys:
  sealing: \${file:sealing.key}
#   rotateEvery: ${`${keyScheduleBounds.rotateEvery.standard}`.padEnd(11)} # seconds a key signs before the next one does
#   publishAhead: ${`${keyScheduleBounds.publishAhead.standard}`.padEnd(10)} # seconds a key is published before it signs

# Seconds. What is not set here has these values.
# lifetimes:
${lifetimes.join('\n')}

# log:
#   level: info         # info, warn (refusals and failures), error
`
}

/** A section that means something with https only. */
function orAsComment(section: string, scheme: 'http' | 'https'): string {
  return scheme === 'https' ? section : section.replaceAll(/^(?:# )?/gm, '# ')
}
