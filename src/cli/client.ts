import { createPublicKey } from 'node:crypto'
import { Command } from 'commander'
import type { ClientRecord } from '../core/flow.ts'
import type { PublicKey } from '../core/jose.ts'
import { openidScopes } from '../core/metadata.ts'
import { type ClientId, clientId, isJsonObject, type JsonObject, numericDate } from '../core/names.ts'
import { checkClientMetadata, type Config } from '../node/config/index.ts'
import { generateSigningKey, random, sha256, systemClock } from '../node/runtime.ts'
import { all, type ConfigOptions, configured, withManaged } from './configured.ts'
import { misuse } from './failures.ts'
import { readJson, removeAgain, writeNew } from './files.ts'
import { print, printJson, printTable } from './output.ts'
import { collect, common } from './options.ts'

type CommonOptions = ConfigOptions & { readonly json?: true }
type AddOptions = CommonOptions & {
  readonly from?: string
  readonly name?: string
  readonly redirectUri?: readonly string[]
  readonly grant?: readonly string[]
  readonly scope?: string
  readonly applicationType?: string
  readonly jwks?: string
  readonly signingAlg?: string
  readonly generateKey?: string
}

/** `strongroom client`: the applications that may ask for access. Works while the server runs. */
export function clientCommand(): Command {
  const command = new Command('client')
    .description('manage the applications that may ask for access')
    .addHelpText(
      'after',
      '\nExamples:\n  strongroom client add --from app.json\n  strongroom client list\n  strongroom client show c-4vNfh3…',
    )
  common(command.command('add'), 'register a client')
    .option('--from <file>', 'client metadata as JSON, member names of RFC 7591; flags override it')
    .option('--name <text>', 'client_name, shown to people at consent')
    .option('--redirect-uri <uri>', 'one of redirect_uris; may repeat', collect)
    .option('--grant <type>', 'one of grant_types: authorization_code, client_credentials; may repeat', collect)
    .option('--scope <scopes>', 'what it may ask for, separated by spaces')
    .option('--application-type <type>', 'web or native')
    .option('--jwks <file>', 'its public keys as a JWK set')
    .option('--signing-alg <alg>', 'token_endpoint_auth_signing_alg: ES256, PS256 or EdDSA')
    .option('--generate-key <file>', 'make an ES256 key; the private JWK goes to the file (mode 0600)')
    .addHelpText(
      'after',
      `
Examples:
  strongroom client add --name "Budget" --redirect-uri https://budget.example/callback \\
    --scope "openid accounts" --generate-key budget.key.json
  strongroom client add --from budget.json --jwks budget.jwks.json
  strongroom client add --name "Nightly job" --grant client_credentials --scope accounts --jwks job.jwks.json`,
    )
    .action(add)
  common(command.command('list'), 'list the clients')
    .addHelpText('after', '\nExample:\n  strongroom client list --json')
    .action(list)
  common(command.command('show'), 'show one client')
    .argument('<client_id>')
    .addHelpText('after', '\nExample:\n  strongroom client show c-4vNfh3… --json')
    .action(show)
  return command
}

async function add(options: AddOptions): Promise<void> {
  const config = configured(options)
  const generated = options.generateKey === undefined ? undefined : await generateKey(options)
  const checked = checkClientMetadata(metadataOf(options, generated?.jwks), contextOf(config))
  if ('problems' in checked) return misuse(...checked.problems)
  const client: ClientRecord = {
    ...checked.client,
    // Chosen here, and never like the sub of a person. FAPI 2.0 SP §6.7.
    clientId: clientId(`c-${random(16)}`),
    status: 'active',
    notBefore: numericDate(0),
    createdAt: systemClock(),
  }
  generated?.write()
  try {
    await withManaged(config, (store) => store.clients.add(client))
  } catch (error) {
    generated?.remove()
    throw error
  }
  if (options.json === true) return printJson(shown(client))
  print(`client_id  ${client.clientId}`)
  if (options.generateKey !== undefined) print(`key        ${options.generateKey}  (secret, mode 0600)`)
}

/** A fresh key pair: the public half for the registration, the private half for a file. */
async function generateKey({ generateKey: file = '', jwks }: AddOptions) {
  if (jwks !== undefined) misuse('--jwks and --generate-key exclude each other')
  const privateKey = await generateSigningKey('ES256')
  const publicJwk = createPublicKey(privateKey).export({ format: 'jwk' })
  const named = { kid: `k-${random(8)}`, alg: 'ES256', use: 'sig' }
  const privateJwk = JSON.stringify({ ...privateKey.export({ format: 'jwk' }), ...named }, undefined, 2)
  return {
    jwks: { keys: [{ ...publicJwk, ...named }] },
    write: () => writeNew(file, `${privateJwk}\n`, 'private'),
    remove: () => removeAgain(file),
  }
}

function metadataOf(options: AddOptions, generated: JsonObject | undefined): JsonObject {
  const file = options.from === undefined ? {} : readJson(options.from)
  if (!isJsonObject(file)) return misuse(`${options.from ?? ''} does not hold a JSON object`)
  const flags = {
    client_name: options.name,
    redirect_uris: options.redirectUri,
    grant_types: options.grant,
    scope: options.scope,
    application_type: options.applicationType,
    token_endpoint_auth_signing_alg: options.signingAlg,
    jwks: options.jwks === undefined ? generated : readJson(options.jwks),
  }
  return { ...file, ...Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)) }
}

function contextOf({ server, mode }: Config) {
  const scopes = [...openidScopes, ...server.apis.flatMap((api) => api.scopes.map(({ name }) => name))]
  return { scopes, mode, hash: sha256, isUsable }
}

function isUsable({ jwk }: PublicKey): boolean {
  try {
    createPublicKey({ key: { ...jwk }, format: 'jwk' })
    return true
  } catch {
    return false
  }
}

/** A client as RFC 7591 writes one. */
function shown(client: ClientRecord): object {
  return {
    client_id: client.clientId,
    client_id_issued_at: client.createdAt,
    client_name: client.name,
    application_type: client.applicationType,
    redirect_uris: client.redirectUris,
    grant_types: client.grantTypes,
    scope: client.scope.join(' '),
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: client.tokenEndpointAuthSigningAlg,
    id_token_signed_response_alg: client.idTokenSignedResponseAlg,
    jwks: { keys: client.keys.map(({ jwk, alg, kid }) => ({ ...jwk, alg, kid })) },
    status: client.status,
  }
}

async function list(options: CommonOptions): Promise<void> {
  const clients = await withManaged(configured(options), (store) =>
    all<ClientRecord, ClientId>(store.clients.list, (client) => client.clientId),
  )
  if (options.json === true) return printJson(clients.map(shown))
  printTable([
    ['CLIENT_ID', 'NAME', 'STATUS', 'SCOPE'],
    ...clients.map((client) => [client.clientId, client.name, client.status, client.scope.join(' ')]),
  ])
}

async function show(id: string, options: CommonOptions): Promise<void> {
  const wanted = clientId(id)
  const client = await withManaged(configured(options), (store) => store.clients.find(wanted))
  if (client === undefined) return misuse(`there is no client "${wanted}"`)
  if (options.json === true) return printJson(shown(client))
  const rows = Object.entries(shown(client)).filter(([, value]) => value !== undefined)
  printTable(rows.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]))
}
