/** Our server as people run it: `strongroom serve` on a configuration of its own, SQLite in a real file. */

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parsePublicKey } from '../src/core/jose.ts'
import { clientId, numericDate } from '../src/core/names.ts'
import { sha256, systemClock } from '../src/node/runtime.ts'
import { openSqliteStore } from '../src/stores/sql/index.ts'
import { readActors, theClient, theKid, theRedirectUri, theResource, theScope } from './actors.ts'

/** The command line. */
export const commandLine = new URL('../src/cli/main.ts', import.meta.url)

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
