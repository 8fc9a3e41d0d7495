/** Our server behind a real proxy: one folder, certificates, clients, and what the audit saw. */

import { createPublicKey } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../src/cli/running.test-support.ts'
import { createPages } from '../../src/console/index.ts'
import { parseDistinguishedName } from '../../src/core/distinguished-name.ts'
import { clientId, numericDate } from '../../src/core/names.ts'
import type { AuditEvent } from '../../src/core/ports.ts'
import { checkClientMetadata, type Config, loadConfig } from '../../src/node/config/index.ts'
import { random, sha256, systemClock } from '../../src/node/runtime.ts'
import { startService } from '../../src/node/service.ts'
import { encode, tags } from '../../src/node/tls/der.ts'
import { alternativeNames, extension } from '../../src/node/tls/make-certificate.ts'
import { developmentFiles, makeDevelopmentCa } from '../../src/node/tls/development-ca.ts'
import { aCa, aClient, aRoot, type Party } from '../../src/node/tls/pki.test-support.ts'
import { openManagedStore } from '../../src/stores/managed.ts'
import type { Identity, Target } from './call.ts'
import type { ProxyName } from './installed.ts'
import { blockOf, mutualTlsOf } from './page.ts'
import { startProxy } from './running.ts'

/** Where the text of a configuration has to be fitted in. */
export type Place = {
  readonly directory: string
  /** The ports on which the proxy listens. */
  readonly main: number
  readonly mtls: number
  /** What stands behind the proxy, host and port. */
  readonly behindMain: string
  readonly behindMtls: string
}

/** What differs from proxy to proxy. */
export type Setup = {
  readonly program: ProxyName
  /** The part of the page that tells what to put under `mtls`. */
  readonly heading: string
  /** Whether the proxy tells both entrances apart by name, on one port. */
  readonly entrances: 'by name' | 'by port'
  readonly configuration: (place: Place) => string
}

/** The clients. */
export type Clients = {
  /** Has the certificate of `strongroom init --tls`. */
  readonly alice: Identity
  /** Under another root. */
  readonly bob: Identity
  /** Under an intermediate that nobody listed, with a large certificate. */
  readonly carol: Identity
  /** Has the name of alice from a root that nobody trusts. */
  readonly impostor: Identity
}

const aliceName = 'CN=development client,O=Strongroom development'
const times = { notBefore: 0, notAfter: 4_000_000_000 }

function makeClients(directory: string): Clients {
  const clientSubject = parseDistinguishedName(aliceName)
  makeDevelopmentCa({ directory, clientSubject, existing: 'replace', clock: systemClock, random })
  const read = (name: string) => readFileSync(join(directory, name), 'utf8')
  const root = aRoot(times)
  const intermediate = aCa(root, { ...times, name: 'CN=intermediate' })
  const bob = aClient(root, { ...times, name: 'CN=bob' })
  const bulk = extension('1.3.6.1.4.1.99999.1', 'informative', encode(tags.octetString, new Uint8Array(3_000)))
  const carol = aClient(intermediate, { ...times, name: 'CN=carol', extensions: [bulk] })
  writeFileSync(join(directory, 'clients-ca.pem'), read(developmentFiles.ca) + root.pem)
  const pem = read(developmentFiles.clientCertificate)
  return {
    alice: { der: derOf(pem), pem, keyPem: read(developmentFiles.clientKey) },
    bob,
    carol: { ...carol, pem: carol.pem + intermediate.pem },
    impostor: impostorOf(aRoot({ ...times, name: 'CN=elsewhere' })),
  }
}

/** The certificate of the proxy, in the files of the page; returns what signs it. */
function makeServerCertificate(directory: string): string {
  const root = aRoot({ ...times, name: 'CN=proxy' })
  const extensions = [alternativeNames('as.example', 'mtls.as.example')]
  const { pem, keyPem } = aClient(root, { ...times, name: 'CN=as.example', extensions })
  for (const [name, text] of [
    ['server.pem', pem],
    ['server.key', keyPem],
    ['server.combined.pem', pem + keyPem],
  ] as const) {
    rmSync(join(directory, name), { force: true })
    writeFileSync(join(directory, name), text, { mode: 0o600 })
  }
  return root.pem
}

function impostorOf(root: Party): Identity {
  return aClient(root, { ...times, name: aliceName })
}

function derOf(pem: string): Uint8Array {
  return Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\s/g, ''), 'base64')
}

const rest = (sealing: string) => `apis:
  - resource: https://api.example
    name: Accounts
    scopes: [{ name: accounts, description: See your accounts }]
store: { kind: sqlite, path: strongroom.db }
keys: { sealing: ${sealing}, algorithms: [ES256] }
`

/** The configuration that the page shows for this proxy, with what it leaves open. */
export function configurationOf(heading: string, directory: string, change = (text: string) => text): Config {
  const file = join(directory, 'strongroom.yaml')
  writeFileSync(file, change(blockOf(undefined, 'yaml') + mutualTlsOf(heading)) + rest(random(32)))
  return loadConfig({ file, env: {}, flags: { 'listen.port': '0', 'mtls.port': '0' } })
}

/** What operators see of the store, also while the server runs. */
function storeOf({ store }: Config) {
  if (store.kind !== 'sqlite') throw new TypeError('the store is on disk')
  return openManagedStore({ path: store.path, clock: systemClock, hash: sha256 })
}

async function register(config: Config): Promise<Readonly<Record<'alice' | 'bob' | 'carol', string>>> {
  const { store } = await storeOf(config)
  const add = async (subject: string): Promise<string> => {
    const metadata = {
      client_name: subject,
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_subject_dn: subject,
      grant_types: ['client_credentials'],
      scope: 'accounts',
    }
    const context = {
      scopes: ['accounts'],
      resources: [],
      detailTypes: [],
      mode: config.mode,
      certificates: 'asked for',
    } as const
    const isUsable = ({ jwk }: { jwk: object }) => createPublicKey({ key: { ...jwk }, format: 'jwk' }) !== undefined
    const checked = checkClientMetadata(metadata, { ...context, hash: sha256, isUsable })
    if ('problems' in checked) throw new TypeError(checked.problems.join('; '))
    const id = clientId(`c-${random(16)}`)
    const standing = { clientId: id, status: 'active', notBefore: numericDate(0), createdAt: systemClock() } as const
    await store.clients.add({ ...checked.client, ...standing })
    return id
  }
  const ids = { alice: await add(aliceName), bob: await add('CN=bob'), carol: await add('CN=carol') }
  await store.close()
  return ids
}

/** The certificates that a proxy passed on over one connection. */
type Carried = ReadonlySet<string>

/** Passes connections on to a port, unchanged, and notes whose certificates each of them carried. */
async function relayTo(port: number) {
  const carried: Carried[] = []
  const server = createServer((socket) => {
    const seen = new Set<string>()
    carried.push(seen)
    let text = ''
    socket.on('data', (data) => {
      text += data.toString('latin1')
      for (const [, value = ''] of text.matchAll(
        /^(?:x-ssl-client-cert|x-ssl-client-der|client-cert): *(\S+)\r\n/gim,
      )) {
        seen.add(value)
      }
    })
    const onward = connect(port, '127.0.0.1')
    socket.pipe(onward).pipe(socket)
    socket.on('error', () => onward.destroy()).on('close', () => onward.destroy())
    onward.on('error', () => socket.destroy()).on('close', () => socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: own } = server.address() as AddressInfo
  return { port: own, carried, stop: () => server.close() }
}

const portOf = (url: string | undefined): number => Number(new URL(url ?? '').port)

/** Everything up. */
export async function aWorld(setup: Setup) {
  const directory = mkdtempSync(join(tmpdir(), 'strongroom-proxy-'))
  const stops: (() => unknown)[] = [() => rmSync(directory, { recursive: true, force: true })]
  const stop = async () => {
    for (let last = stops.pop(); last !== undefined; last = stops.pop()) await last()
  }
  try {
    const clients = makeClients(directory)
    const ca = makeServerCertificate(directory)
    const config = configurationOf(setup.heading, directory)
    const ids = await register(config)
    const audit: AuditEvent[] = []
    const service = await startService(config, { audit: (event) => audit.push(event), pages: createPages() })
    stops.push(service.close)
    const { store } = await storeOf(config)
    stops.push(store.close)
    const [behindMain, behindMtls] = [portOf(service.url), portOf(service.mutualTlsUrl)]
    const relay = await relayTo(behindMtls)
    stops.push(relay.stop)
    const main = await freePort()
    const mtls = setup.entrances === 'by name' ? main : await freePort()
    const place = {
      directory,
      main,
      mtls,
      behindMain: `127.0.0.1:${behindMain}`,
      behindMtls: `127.0.0.1:${relay.port}`,
    }
    const text = setup.configuration(place)
    const proxy = await startProxy(setup.program, { directory: join(directory, 'run'), text, ports: [main, mtls] })
    stops.push(proxy.stop)
    const targets: Readonly<Record<'main' | 'mtls' | 'direct', Target>> = {
      main: { port: main, servername: 'as.example', ca },
      mtls: { port: mtls, servername: 'mtls.as.example', ca },
      direct: { port: behindMtls },
    }
    return { clients, ids, audit, events: store.events, targets, carried: relay.carried, stop }
  } catch (cause) {
    await stop()
    throw cause
  }
}

export type World = Awaited<ReturnType<typeof aWorld>>
