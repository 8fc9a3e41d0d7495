/** Our server as people run it: `strongroom serve`, built, on a configuration of its own, SQLite in a real file. */

import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parsePublicKey } from '../src/core/jose.ts'
import { clientId, numericDate } from '../src/core/names.ts'
import { sha256, systemClock } from '../src/node/runtime.ts'
import { openSqliteStore } from '../src/stores/sql/index.ts'
import { readActors, theClient, theKid, theRedirectUri, theResource, theScope } from './actors.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Builds the package below the directory, as it is published; returns its command line. */
export function buildProduct(directory: string): URL {
  const place = join(directory, 'product')
  mkdirSync(place)
  execFileSync(process.execPath, [join(root, 'scripts/build.ts'), join(place, 'dist')])
  for (const part of ['bin', 'package.json']) cpSync(join(root, part), join(place, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'), 'dir')
  return pathToFileURL(join(place, 'bin/strongroom.js'))
}

const database = 'strongroom.db'

/** Writes a configuration into the directory; returns the arguments of the command line. JSON is YAML, too. */
export function configure(directory: string, port: number): readonly string[] {
  const file = join(directory, 'strongroom.yaml')
  const config = {
    issuer: `http://127.0.0.1:${port}`,
    listen: { host: '127.0.0.1', port },
    apis: [
      { resource: theResource, name: 'Demo Bank', scopes: [{ name: theScope, description: 'See your accounts' }] },
    ],
    store: { kind: 'sqlite', path: database },
    keys: { sealing: randomBytes(32).toString('base64url') },
  }
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
  return ['serve', '--json', '--config', file]
}

/** Registers the client of the run, before the server takes the database. */
export async function registerClient(directory: string, actors: string): Promise<void> {
  const { client } = readActors(actors)
  const store = await openSqliteStore({ path: join(directory, database), clock: systemClock, hash: sha256 })
  await store.clients.add({
    clientId: clientId(theClient),
    name: 'Benchmark',
    applicationType: 'web',
    redirectUris: [theRedirectUri],
    grantTypes: ['authorization_code', 'client_credentials'],
    scope: ['openid', theScope],
    keys: [parsePublicKey({ ...client.publicJwk, kid: theKid }, sha256)],
    tokenEndpointAuthSigningAlg: undefined,
    idTokenSignedResponseAlg: undefined,
    status: 'active',
    notBefore: numericDate(0),
    createdAt: systemClock(),
  })
  await store.close()
}
