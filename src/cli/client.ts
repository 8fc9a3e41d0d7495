import { createPublicKey } from 'node:crypto'
import { Command } from 'commander'
import type { ClientRecord } from '../core/client.ts'
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
import { recordChange } from './record-change.ts'
import { registrationOf } from './registration.ts'

type CommonOptions = ConfigOptions & { readonly json?: true }
type AddOptions = CommonOptions & {
  readonly from?: string
  readonly name?: string
  readonly redirectUri?: readonly string[]
  readonly grant?: readonly string[]
  readonly scope?: string
  readonly detailType?: readonly string[]
  readonly applicationType?: string
  readonly jwks?: string
  readonly signingAlg?: string
  readonly generateKey?: string
  readonly resourceServer?: string
  readonly signInApp?: true
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
    .option(
      '--grant <type>',
      'one of grant_types: authorization_code, refresh_token, client_credentials; may repeat',
      collect,
    )
    .option('--scope <scopes>', 'what it may ask for, separated by spaces')
    .option('--detail-type <type>', 'one of authorization_details_types; may repeat', collect)
    .option('--application-type <type>', 'web or native')
    .option('--jwks <file>', 'its public keys as a JWK set')
    .option('--signing-alg <alg>', 'token_endpoint_auth_signing_alg: ES256, PS256 or EdDSA')
    .option('--resource-server <resource>', 'credentials for this API, which asks about tokens and obtains none')
    .option('--sign-in-app', 'credentials for your own sign-in application, which decides for people and obtains none')
    .option('--generate-key <file>', 'make an ES256 key; the private JWK goes to the file (mode 0600)')
    .addHelpText(
      'after',
      `
Examples:
  strongroom client add --name "Budget" --redirect-uri https://budget.example/callback \\
    --scope "openid accounts" --generate-key budget.key.json
  strongroom client add --from budget.json --jwks budget.jwks.json
  strongroom client add --name "The bank's API" --resource-server https://bank.example --generate-key bank.key.json
  strongroom client add --name "Our sign-in" --sign-in-app --generate-key sign-in.key.json
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
  common(command.command('suspend'), 'shut a client out; everything issued to it ends')
    .argument('<client_id>')
    .addHelpText('after', '\nExample:\n  strongroom client suspend c-4vNfh3…')
    .action((id: string, options: CommonOptions) => setStatus(id, 'suspended', options))
  common(command.command('activate'), 'let a suspended client in again; what ended stays ended')
    .argument('<client_id>')
    .addHelpText('after', '\nExample:\n  strongroom client activate c-4vNfh3…')
    .action((id: string, options: CommonOptions) => setStatus(id, 'active', options))
  common(command.command('remove'), 'forget a client for good; everything issued to it ends')
    .argument('<client_id>')
    .addHelpText('after', '\nExample:\n  strongroom client remove c-4vNfh3…')
    .action(remove)
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
  let outcome: 'added' | 'not added' = 'not added'
  try {
    await withManaged(config, async (store) => {
      await store.clients.add(client)
      outcome = 'added'
      await recordChange(
        { config, store },
        { type: 'admin.changed', reason: 'client_added', clientId: client.clientId },
      )
    })
  } catch (error) {
    if (outcome === 'not added') generated?.remove()
    throw error
  }
  if (options.json === true) return printJson(registrationOf(client))
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
    authorization_details_types: options.detailType,
    application_type: options.applicationType,
    token_endpoint_auth_signing_alg: options.signingAlg,
    resource_server: options.resourceServer,
    sign_in_app: options.signInApp,
    jwks: options.jwks === undefined ? generated : readJson(options.jwks),
  }
  return { ...file, ...Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)) }
}

function contextOf({ server, mode }: Config) {
  const scopes = [...openidScopes, ...server.apis.flatMap((api) => api.scopes.map(({ name }) => name))]
  const certificates = server.mutualTlsOrigin === undefined ? 'not asked for' : 'asked for'
  return {
    scopes,
    resources: server.apis.map(({ resource }) => resource),
    detailTypes: server.apis.flatMap(({ detailTypes = [] }) => detailTypes.map(({ type }) => type)),
    mode,
    certificates,
    hash: sha256,
    isUsable,
  } as const
}

function isUsable({ jwk }: PublicKey): boolean {
  try {
    createPublicKey({ key: { ...jwk }, format: 'jwk' })
    return true
  } catch {
    return false
  }
}

async function list(options: CommonOptions): Promise<void> {
  const clients = await withManaged(configured(options), (store) =>
    all<ClientRecord, ClientId>(store.clients.list, (client) => client.clientId),
  )
  if (options.json === true) return printJson(clients.map(registrationOf))
  printTable([
    ['CLIENT_ID', 'NAME', 'STATUS', 'SCOPE'],
    ...clients.map((client) => [client.clientId, client.name, client.status, client.scope.join(' ')]),
  ])
}

async function show(id: string, options: CommonOptions): Promise<void> {
  const wanted = clientId(id)
  const client = await withManaged(configured(options), (store) => store.clients.find(wanted))
  if (client === undefined) return misuse(`there is no client "${wanted}"`)
  if (options.json === true) return printJson(registrationOf(client))
  const rows = Object.entries(registrationOf(client)).filter(([, value]) => value !== undefined)
  printTable(rows.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]))
}

async function setStatus(id: string, status: 'active' | 'suspended', options: CommonOptions): Promise<void> {
  const client = clientId(id)
  const config = configured(options)
  await withManaged(config, async (store) => {
    const outcome = await store.clients.setStatus(client, status, systemClock())
    if (outcome === 'unknown') misuse(`there is no client "${client}"`)
    const reason = status === 'active' ? 'client_activated' : 'client_suspended'
    await recordChange({ config, store }, { type: 'admin.changed', reason, clientId: client })
  })
  if (options.json === true) return printJson({ client_id: client, status })
  print(status === 'active' ? `activated ${client}` : `suspended ${client}`)
}

async function remove(id: string, options: CommonOptions): Promise<void> {
  const client = clientId(id)
  const config = configured(options)
  await withManaged(config, async (store) => {
    if ((await store.clients.remove(client)) === 'unknown') misuse(`there is no client "${client}"`)
    await recordChange({ config, store }, { type: 'admin.changed', reason: 'client_removed', clientId: client })
  })
  if (options.json === true) return printJson({ client_id: client, status: 'removed' })
  print(`removed ${client}`)
}
